package providers

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

// documents serves what an issuer publishes, and writes down what was asked.
type documents struct {
	at    map[string]string // path → body
	asked []string
}

func (d *documents) RoundTrip(r *http.Request) (*http.Response, error) {
	line := r.Method + " " + r.URL.Path
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		line += string(body)
	}
	d.asked = append(d.asked, line+r.Header.Get("Authorization")+r.URL.RawQuery)
	if body, ok := d.at[r.URL.Path]; ok {
		return respond(r, 200, body), nil
	}
	return respond(r, 404, ""), nil
}

func TestCompareNamesWhatTheIssuersDocumentContradicts(t *testing.T) {
	const doc = `{"issuer":"https://id.acme.example","authorization_endpoint":"https://id.acme.example/authorize","token_endpoint":"https://id.acme.example/new-token",
"code_challenge_methods_supported":["S256"],"scopes_supported":["openid"],"jwks_uri":"https://id.acme.example/keys","userinfo_endpoint":"https://id.acme.example/userinfo"}`
	d := &documents{at: map[string]string{"/.well-known/openid-configuration": doc, "/keys": `{"keys":[{"kty":"RSA"},{"kty":"EC"}]}`}}
	e := catalog.Entry{
		ID: "acme", Name: "Acme", Issuer: "https://id.acme.example", Authorize: "https://id.acme.example/authorize", Token: "https://id.acme.example/token",
		Device: "https://id.acme.example/device", Whoami: catalog.WhoamiRules{URL: "https://api.acme.example/me"},
		AuthorizeOpts: catalog.AuthorizeRules{Scopes: []string{"openid", "read"}},
	}
	c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = d })
	list, err := c.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Comparison{}
	for _, one := range list {
		got[one.Field] = one
	}
	for field, want := range map[string]struct {
		differs bool
		note    string
	}{
		"issuer": {}, "authorize": {}, "token": {differs: true}, "device": {note: "the document does not say"}, "whoami.url": {note: "on purpose"},
		"authorize_opts.pkce": {}, "authorize_opts.scopes": {note: "may be all right: read"}, "jwks_uri": {note: "keys: 2"},
	} {
		t.Run(field, func(t *testing.T) {
			if one := got[field]; one.Field == "" || one.Differs != want.differs || !strings.Contains(one.Note, want.note) {
				t.Errorf("%+v, want %+v", one, want)
			}
		})
	}
	for _, line := range d.asked {
		if !strings.HasPrefix(line, "GET /") || strings.Contains(line, "Bearer") || strings.Contains(line, c.clientID()) {
			t.Errorf("it sent %q", line)
		}
	}
}

func TestCompareSaysWhyItCannot(t *testing.T) {
	for name, tt := range map[string]struct {
		entry catalog.Entry
		at    map[string]string
		want  string
	}{
		"no issuer":         {catalog.Entry{ID: "a", Name: "Acme", Token: "https://acme.example/t"}, nil, "has no issuer"},
		"no document":       {catalog.Entry{ID: "a", Name: "Acme", Issuer: "https://acme.example"}, nil, "has no discovery document"},
		"another's":         {catalog.Entry{ID: "a", Name: "Acme", Issuer: "https://acme.example"}, map[string]string{"/.well-known/openid-configuration": `{"issuer":"https://evil.example"}`}, "is of another issuer"},
		"keys on this host": {catalog.Entry{ID: "a", Name: "Acme", Issuer: "https://acme.example"}, map[string]string{"/.well-known/openid-configuration": `{"issuer":"https://acme.example","token_endpoint":"https://acme.example/t","jwks_uri":"http://127.0.0.1/keys"}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := testClient(t, tt.entry, func(_ *catalog.Connection, o *ClientOptions) { o.Transport = &documents{at: tt.at} })
			list, err := c.Compare(t.Context())
			switch {
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			case tt.want == "" && (err != nil || !list[len(list)-1].Differs):
				t.Errorf("%v %+v", err, list)
			}
		})
	}
}
