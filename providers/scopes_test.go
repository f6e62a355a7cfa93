package providers

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

func TestScopesThatAnAccessTokenShowsItself(t *testing.T) {
	for _, tt := range []struct {
		name, token string
		want        []string
	}{
		{"scope", idToken(`{"scope":"read write"}`), []string{"read", "write"}},
		{"scp as text", idToken(`{"scp":"Mail.Read"}`), []string{"Mail.Read"}},
		{"scp as a list", idToken(`{"scp":["read","write"]}`), []string{"read", "write"}},
		{"scope as a list", idToken(`{"scope":["read"]}`), []string{"read"}},
		{"both: scope counts", idToken(`{"scope":"read","scp":"write"}`), []string{"read"}},
		{"an empty one", idToken(`{"scope":""}`), nil},
		{"no such claim", idToken(`{"sub":"s"}`), nil},
		{"a number", idToken(`{"scp":7}`), nil},
		{"no object", idToken(`["read"]`), nil},
		{"no JWT", "opaque", nil},
		{"dots, and no JWT", "a.b.c", nil},
		{"not even a token", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := testClient(t, testEntry("https://acme.example"))
			if got := c.Scopes(t.Context(), tt.token, Binding{}); !slices.Equal(got, tt.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestScopesThatIntrospectionTells(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   []string
	}{
		{"active", 200, `{"active":true,"scope":"read write"}`, []string{"read", "write"}},
		{"over", 200, `{"active":false,"scope":"read"}`, nil},
		{"says nothing of it", 200, `{"scope":"read"}`, nil},
		{"no scopes", 200, `{"active":true}`, nil},
		{"refuses this client", 401, `{"error":"invalid_client","active":true,"scope":"read"}`, nil},
		{"trouble", 503, ``, nil},
		{"a login page", 200, `<html>`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, e := introspecting(t, answers(tt.status, tt.body))
			b := Binding{ClientID: "the client", Origins: []string{catalog.Origin(r.URL)}}
			if got := testClient(t, e).Scopes(t.Context(), "opaque", b); !slices.Equal(got, tt.want) {
				t.Errorf("got %q", got)
			}
			last := r.requests()[len(r.requests())-1]
			if last.method != "POST" || last.path != "/introspect" || last.form.Get("token") != "opaque" || last.form.Get("client_id") != "the client" {
				t.Errorf("%s %v", last.method, last.form)
			}
		})
	}
}

// introspecting is an issuer that offers introspection.
func introspecting(t *testing.T, answer http.HandlerFunc) (*record, catalog.Entry) {
	t.Helper()
	var r *record
	r, e := issuerAt(t, configuration, "", func(doc map[string]any) { doc["introspection_endpoint"] = r.URL + "/introspect" })
	documents := r.answer
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/introspect" {
			answer(w, req)
			return
		}
		documents(w, req)
	}
	return r, e
}

// A token goes to no other origin than those that the grant was made with, and a
// document that names a bad one is good for the rest.
func TestIntrospectionElsewhereIsNotAsked(t *testing.T) {
	elsewhere := newRecord(t, answers(200, `{"active":true,"scope":"read"}`))
	for name, where := range map[string]string{
		"another origin": elsewhere.URL + "/introspect", "no URL": "introspect", "plain http": "http://acme.example/introspect",
	} {
		t.Run(name, func(t *testing.T) {
			r, e := issuerAt(t, configuration, "", func(doc map[string]any) { doc["introspection_endpoint"] = where })
			c := testClient(t, e)
			if got := c.Scopes(t.Context(), "opaque", Binding{Origins: []string{catalog.Origin(r.URL)}}); got != nil {
				t.Errorf("got %q", got)
			}
			if ep, err := c.endpoints(t.Context()); err != nil || ep.Token == "" {
				t.Errorf("the document is good for nothing: %v", err)
			}
		})
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests arrived elsewhere", n)
	}
}

func TestIntrospectionIsGivenUpWithItsCaller(t *testing.T) {
	r, e := introspecting(t, answers(200, `{"active":true,"scope":"read"}`))
	c := testClient(t, e)
	if _, err := c.endpoints(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.Scopes(ctx, "opaque", Binding{Origins: []string{catalog.Origin(r.URL)}}); got != nil {
		t.Errorf("got %q", got)
	}
}

// RFC 6749 §5.1: scopes that the answer does not state are those asked for.
func TestScopesOfASignInThatStatesNoneAreThoseAskedFor(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		asked        []string
		want         []string
	}{
		{"none stated", `{"access_token":"at-1"}`, []string{"repo", "gist"}, []string{"repo", "gist"}},
		{"fewer stated", `{"access_token":"at-1","scope":"repo"}`, []string{"repo", "gist"}, []string{"repo"}},
		{"none asked for", `{"access_token":"at-1"}`, nil, nil},
	} {
		for _, mode := range []Mode{Browser, Device} {
			t.Run(tt.name+"/"+string(mode), func(t *testing.T) {
				w := deviceWorld(t, says(200, tt.answer))
				w.entry.AuthorizeOpts = catalog.AuthorizeRules{Scopes: tt.asked}
				f := w.begin(AuthorizeOptions{Mode: mode})
				if mode == Device {
					w.step(5 * time.Second)
				} else {
					visit(t, http.MethodGet, redirect(t, f, "code", "c"))
				}
				r, err := w.wait(f)
				if err != nil || !slices.Equal(r.Answer.Scopes, tt.want) {
					t.Errorf("%q, %v", r.Answer.Scopes, err)
				}
			})
		}
	}
}
