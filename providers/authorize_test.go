package providers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestWhichRedirectURIToRegister(t *testing.T) {
	for want, rules := range map[string]catalog.RedirectRules{
		"http://127.0.0.1/callback":       {},
		"http://127.0.0.1:47811/callback": {Port: "fixed"},
		"http://localhost:47811/callback": {Host: "localhost", Port: "exact"},
		"http://localhost/cb":             {Host: "localhost", Port: "any", Path: "/cb"},
		"http://127.0.0.1:8080/callback":  {Host: "any", Port: "8080"},
		"https://acme.example/callback":   {Host: "https_only", URL: "https://acme.example/callback"},
	} {
		if got := (catalog.Entry{Redirect: rules}).RedirectURI(); got != want {
			t.Errorf("%+v: %s, want %s", rules, got, want)
		}
	}
	for id, want := range map[string]string{"slack": "http://localhost:47811/callback", "slack-web": "https://localhost/callback"} {
		if got := entryOf(t, id).RedirectURI(); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestTheAuthorizationURLKeepsTheEndpointsOwnQuery(t *testing.T) {
	e := testEntry("https://acme.example")
	e.AuthorizeOpts = catalog.AuthorizeRules{Scopes: []string{"a b", "c"}, Params: map[string]string{"state": "from the entry"}, LoginHint: "off"}
	raw := testClient(t, e).authorizeURL("https://acme.example/authorize?p=b2c_1&client_id=x", authorizeParams{State: "s", Challenge: "c", RedirectURI: "http://127.0.0.1:1/cb", LoginHint: "ada"})
	u, err := url.Parse(raw)
	if err != nil || u.Query().Get("p") != "b2c_1" || u.Query().Get("client_id") != "the client" || u.Query().Has("login_hint") {
		t.Errorf("%s %v", raw, err)
	}
	if strings.Contains(raw, "+") {
		t.Errorf("a blank as a plus sign: %s", raw)
	}
}

// A server that keeps to OpenID Connect Core §11 gives no refresh token otherwise.
func TestOfflineAccessIsAskedForWithConsent(t *testing.T) {
	offline, plain := []string{"openid", "offline_access"}, []string{"openid"}
	for _, tt := range []struct {
		name   string
		entry  string
		vars   map[string]string
		params any
		scopes []string
		want   string
	}{
		{"any server", "oidc", map[string]string{"issuer": "https://id.example.org"}, nil, offline, "consent"},
		{"without that scope", "oidc", map[string]string{"issuer": "https://id.example.org"}, nil, plain, ""},
		{"its own prompt", "oidc", map[string]string{"issuer": "https://id.example.org"}, map[string]any{"prompt": "login"}, offline, "login"},
		{"switched off", "oidc", map[string]string{"issuer": "https://id.example.org"}, map[string]any{"prompt": "false"}, offline, ""},
		{"a provider that is known", "microsoft", nil, nil, offline, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := catalog.Connection{Name: "work", Provider: tt.entry, ClientID: "cid", Vars: tt.vars, Scopes: tt.scopes}
			if tt.params != nil {
				conn.Override = map[string]any{"authorize_opts": map[string]any{"params": tt.params}}
			}
			catalogue, _ := catalog.LoadCatalogue("")
			c, err := NewClient(catalogue, conn, ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.authorizeForm(authorizeParams{}).Get("prompt"); got != tt.want {
				t.Errorf("prompt %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNoEntryCanTakeTheStateAway(t *testing.T) {
	e := testEntry("https://acme.example")
	e.AuthorizeOpts.Params = map[string]string{"state": "fixed", "redirect_uri": "https://evil.example", "code_challenge": "false", "client_id": "x"}
	q := testClient(t, e).authorizeForm(authorizeParams{State: "s", Challenge: "c", RedirectURI: "http://127.0.0.1:1/cb"})
	if q.Get("state") != "s" || q.Get("redirect_uri") != "http://127.0.0.1:1/cb" || q.Get("code_challenge") != "c" || q.Get("client_id") != "the client" {
		t.Errorf("%v", q)
	}
}
