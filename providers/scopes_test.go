package providers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

// The user's list is what is asked for; what is added to a default is offered.
func TestWhichScopesAreAskedFor(t *testing.T) {
	ofAnyServer := catalog.Entry{Vars: map[string]catalog.Var{"issuer": {Pattern: "url"}}}
	for _, tt := range []struct {
		name           string
		anyServer      bool
		user, defaults []string
		supported      any // of the issuer; nil: not announced
		want           string
	}{
		{"the user's, of any server", true, []string{"openid"}, []string{"email"}, []string{"openid", "offline_access"}, "openid"},
		{"the user's, of one provider", false, []string{"openid"}, []string{"email"}, nil, "openid"},
		{"the default, of one provider", false, nil, []string{"email"}, nil, "email offline_access"},
		{"the default, and the issuer has it", true, nil, []string{"email"}, []string{"email", "offline_access"}, "email offline_access"},
		{"the default, and the issuer has it not", true, nil, []string{"email"}, []string{"email"}, "email"},
		{"the default, and one provider's issuer has it not", false, nil, []string{"email"}, []string{"email"}, "email"},
		{"the default, and the issuer says nothing", true, nil, []string{"email"}, nil, "email"},
		{"the default has it", true, nil, []string{"email", "offline_access"}, nil, "email offline_access"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, e := issuerAt(t, configuration, "", func(m map[string]any) {
				delete(m, "scopes_supported")
				if tt.supported != nil {
					m["scopes_supported"] = tt.supported
				}
			})
			if e.AuthorizeOpts = (catalog.AuthorizeRules{Scopes: tt.defaults, ScopesForRefresh: []string{"offline_access"}}); tt.anyServer {
				e.Vars = ofAnyServer.Vars
			}
			c := testClient(t, e, func(conn *catalog.Connection, _ *ClientOptions) { conn.Scopes = tt.user })
			if _, err := c.endpoints(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.AskedScopes(), " "); got != tt.want {
				t.Errorf("asks for %q, want %q", got, tt.want)
			}
		})
	}
}

// What a resource announces is no offer of its issuer.
func TestRefreshScopeThatOnlyAnMCPServerAnnouncesIsNotAskedFor(t *testing.T) {
	for supported, want := range map[string]string{"": "mcp:read", `,"scopes_supported":["mcp:read"]`: "mcp:read", `,"scopes_supported":["mcp:read","offline_access"]`: "mcp:read offline_access"} {
		t.Run(want+supported, func(t *testing.T) {
			_, c := mcpSite(t, map[string]http.HandlerFunc{
				wellKnownMCP: answers(200, `{"resource":"BASE/mcp","authorization_servers":["BASE/as"],"scopes_supported":["mcp:read","offline_access"]}`),
				issuerAtAS:   answers(200, `{"issuer":"BASE/as","authorization_endpoint":"BASE/a","token_endpoint":"BASE/t"`+supported+`}`),
			})
			if _, err := c.endpoints(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.AskedScopes(), " "); got != want {
				t.Errorf("asks for %q", got)
			}
		})
	}
}

func scopeWorld(t *testing.T) *flowWorld {
	w := newFlowWorld(t)
	w.entry.AuthorizeOpts = catalog.AuthorizeRules{Scopes: []string{"openid", "email"}, ScopesForRefresh: []string{"offline_access"}}
	return w
}

func TestScopesThatWeAddedAreLeftOutOnceTheyAreRefused(t *testing.T) {
	const refused = `{"error":"invalid_scope","error_description":"offline_access is not allowed"}`
	t.Run("in the browser", func(t *testing.T) {
		w := scopeWorld(t)
		f := w.begin(AuthorizeOptions{})
		first := redirect(t, f, "error", "invalid_scope")
		resp, _ := visit(t, "GET", first)
		to, err := url.Parse(resp.Header.Get("Location"))
		if err != nil || resp.StatusCode != http.StatusSeeOther || to.Path != "/authorize" {
			t.Fatalf("%s: the browser is sent to %v, %v", resp.Status, to, err)
		}
		stillPending(t, f)
		before, again := asked(t, f), to.Query()
		if before.Get("scope") != "openid email offline_access" || again.Get("scope") != "openid email" || again.Get("redirect_uri") != before.Get("redirect_uri") {
			t.Errorf("asked for %q, then for %q", before.Get("scope"), again.Get("scope"))
		}
		if again.Get("state") == before.Get("state") {
			t.Error("a state was used twice")
		}
		if resp, _ := visit(t, "GET", first); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("the first refusal, loaded again: %s", resp.Status)
		}
		stillPending(t, f)
		browse(t, redirect(t, f, "code", "c-1", "state", again.Get("state")))
		if r, err := w.wait(f); err != nil || strings.Join(r.Answer.Scopes, " ") != "openid email" {
			t.Errorf("%v, %q", err, r.Answer.Scopes)
		}
	})
	t.Run("pushed", func(t *testing.T) {
		w := scopeWorld(t)
		w.entry.PAR, w.entry.PARRequired = w.server.URL+"/par", true
		w.on("/par", inTurn(says(400, refused), says(201, `{"request_uri":"urn:x","expires_in":60}`)))
		w.begin(AuthorizeOptions{Mode: Browser})
		if sent := w.sent("/par"); len(sent) != 2 || sent[1].Get("scope") != "openid email" {
			t.Errorf("pushed %v", sent)
		}
	})
	t.Run("on another device", func(t *testing.T) {
		w := scopeWorld(t)
		w.on("/device", inTurn(says(400, refused), says(200, `{"device_code":"d","user_code":"U","verification_uri":"`+w.server.URL+`/v"}`)))
		w.begin(AuthorizeOptions{Mode: Device})
		if sent := w.sent("/device"); len(sent) != 2 || sent[1].Get("scope") != "openid email" {
			t.Errorf("asked with %v", sent)
		}
	})
}

func TestRefusedScopesOfTheUsersAreNotAskedForAgain(t *testing.T) {
	for name, own := range map[string][]string{"the user's": {"openid", "offline_access"}, "ours, again": nil} {
		t.Run(name, func(t *testing.T) {
			w := scopeWorld(t)
			w.conn.Scopes = own
			f := w.begin(AuthorizeOptions{})
			at := redirect(t, f, "error", "invalid_scope")
			if own == nil {
				resp, _ := visit(t, "GET", at)
				to, _ := url.Parse(resp.Header.Get("Location"))
				at = redirect(t, f, "error", "invalid_scope", "state", to.Query().Get("state"))
			}
			browse(t, at)
			_, err := w.wait(f)
			if f := failureOf(t, err); f.Code != "invalid_scope" || !strings.Contains(f.Detail, "openid") || f.Hint != "authtray add work --scope SCOPE" {
				t.Errorf("%q, hint %q", f.Detail, f.Hint)
			}
		})
	}
}

func TestRefusedScopesHintAtThoseThatAreOffered(t *testing.T) {
	_, e := issuerAt(t, configuration, "", func(m map[string]any) { m["scopes_supported"] = []string{"openid", "email", "a b;c"} })
	c := testClient(t, e)
	if _, err := c.endpoints(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := c.scopeFailure([]string{"openid", "admin", "email"}); f.Hint != "authtray add work --scope openid --scope email" {
		t.Errorf("%q", f.Hint)
	}
}
