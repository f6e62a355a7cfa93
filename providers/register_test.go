package providers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func TestAClientIsRegistered(t *testing.T) {
	p := newRecord(t, answers(201, `{"client_id":"new","client_secret":"s","client_secret_expires_at":1795431600}`))
	e := testEntry(p.URL)
	e.Registration, e.AuthorizeOpts.Scopes = p.URL+"/register", []string{"a", "b"}
	r, err := testClient(t, e).Register(t.Context(), []string{"http://127.0.0.1/callback"})
	if err != nil || r.ClientID != "new" || r.ClientSecret != "s" || r.SecretUntil.Unix() != 1795431600 {
		t.Fatalf("%v %+v", err, r)
	}
	var sent map[string]any
	got := p.requests()[0]
	if err := json.Unmarshal([]byte(got.body), &sent); err != nil {
		t.Fatal(err)
	}
	if sent["application_type"] != "native" || sent["token_endpoint_auth_method"] != "none" || sent["scope"] != "a b" || got.auth != "" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", sent)
	}
}

// registering is a provider that announces scopes and takes registrations; refuse
// says which it refuses.
func registering(t *testing.T, refuse func(scope string) bool) (c *Client, sent func() []string) {
	var mu sync.Mutex
	var scopes []string
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"%s/a","token_endpoint":"%s/t","registration_endpoint":"%s/register","client_id_metadata_document_supported":true,"token_endpoint_auth_methods_supported":["none"],"scopes_supported":["a","admin","offline_access","two words"]}`, s.URL, s.URL, s.URL, s.URL)
	})
	mux.HandleFunc("/register", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Scope string }
		json.NewDecoder(r.Body).Decode(&in)
		mu.Lock()
		scopes = append(scopes, in.Scope)
		mu.Unlock()
		if refuse(in.Scope) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":"invalid_client_metadata"}`)
			return
		}
		w.WriteHeader(201)
		fmt.Fprint(w, `{"client_id":"new"}`)
	})
	e := testEntry(s.URL)
	e.Issuer, e.Authorize, e.Token, e.AuthorizeOpts.Scopes = s.URL, "", "", []string{"a"}
	unnamed := func(conn *catalog.Connection, _ *ClientOptions) { conn.ClientID = "" }
	return testClient(t, e, unnamed), func() []string { mu.Lock(); defer mu.Unlock(); return scopes }
}

func TestClientRegistersWithAllScopesThatAreAnnounced(t *testing.T) {
	c, sent := registering(t, func(string) bool { return false })
	if _, err := c.Register(t.Context(), nil, "step", "a"); err != nil {
		t.Fatal(err)
	}
	if got := sent(); !slices.Equal(got, []string{"a step admin offline_access"}) {
		t.Errorf("%q", got)
	}
}

func TestClientRegistersWithItsOwnScopesWhereAllAreRefused(t *testing.T) {
	c, sent := registering(t, func(scope string) bool { return strings.Contains(scope, "admin") })
	if _, err := c.Register(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := sent(); !slices.Equal(got, []string{"a admin offline_access", "a"}) {
		t.Errorf("%q", got)
	}
}

// node's oidc-provider announces openid and offline_access, and refuses every other.
func TestClientRegistersWithAnnouncedScopesWhereItsOwnAreRefused(t *testing.T) {
	for own, want := range map[string][]string{
		"a profile": {"a profile admin offline_access", "a profile", "a"},
		"profile":   {"profile a admin offline_access", "profile", ""},
	} {
		t.Run(own, func(t *testing.T) {
			c, sent := registering(t, func(scope string) bool { return strings.Contains(scope, "profile") })
			c.entry.AuthorizeOpts.Scopes = strings.Fields(own)
			if _, err := c.Register(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if got := sent(); !slices.Equal(got, want) {
				t.Errorf("%q; want %q", got, want)
			}
		})
	}
}

func TestClientRegistersWithoutRefreshTokensWhereTheyAreRefused(t *testing.T) {
	for _, status := range []int{400, 422} {
		var sent []string
		var p *record
		p = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
			all := p.requests()
			var in struct {
				Grants []string `json:"grant_types"`
			}
			json.Unmarshal([]byte(all[len(all)-1].body), &in)
			if sent = append(sent, strings.Join(in.Grants, " ")); len(in.Grants) > 1 {
				answers(status, `{"error":"invalid_client_metadata","error_description":"unsupported grant_type refresh_token"}`)(w, req)
				return
			}
			answers(201, `{"client_id":"new","grant_types":["authorization_code"]}`)(w, req)
		})
		e := testEntry(p.URL)
		e.Registration = p.URL + "/register"
		r, err := testClient(t, e).Register(t.Context(), nil)
		if want := []string{"authorization_code refresh_token", "authorization_code"}; err != nil || r.ClientID != "new" || !slices.Equal(sent, want) {
			t.Errorf("%d: %q: %+v, %v", status, sent, r, err)
		}
	}
}

func TestClientRegistersForSigningInByACodeWhereThereIsOne(t *testing.T) {
	const usual, all = "authorization_code refresh_token", "authorization_code refresh_token " + deviceGrantType
	for name, tt := range map[string]struct {
		device  string
		refuses []string
		want    []string
	}{
		"the issuer has none":         {"", nil, []string{usual}},
		"it has":                      {"/device", nil, []string{all}},
		"and registers nobody for it": {"/device", []string{all}, []string{all, usual}},
		"nor for refresh tokens":      {"/device", []string{all, usual}, []string{all, usual, "authorization_code"}},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []string
			var p *record
			p = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
				asked := p.requests()
				var in struct {
					Grants []string `json:"grant_types"`
				}
				json.Unmarshal([]byte(asked[len(asked)-1].body), &in)
				grants := strings.Join(in.Grants, " ")
				if sent = append(sent, grants); slices.Contains(tt.refuses, grants) {
					answers(400, `{"error":"invalid_client_metadata"}`)(w, req)
					return
				}
				answers(201, `{"client_id":"new"}`)(w, req)
			})
			e := testEntry(p.URL)
			if e.Registration = p.URL + "/register"; tt.device != "" {
				e.Device = p.URL + tt.device
			}
			r, err := testClient(t, e).Register(t.Context(), nil)
			if err != nil || r.ClientID != "new" || !slices.Equal(sent, tt.want) {
				t.Errorf("%q: %+v, %v", sent, r, err)
			}
		})
	}
}

func TestClientDocumentOfTheBuildIsTheClientWhereTheIssuerTakesThem(t *testing.T) {
	c, sent := registering(t, func(string) bool { return false })
	const at = "https://authtray.example/client.json"
	ClientDocument = at
	defer func() { ClientDocument = "" }()
	if _, need, err := c.NeedsRegistration(t.Context()); !need || err != nil {
		t.Fatal(need, err)
	}
	r, err := c.Register(t.Context(), nil)
	if err != nil || r.ClientID != at || r.Auth != "none" || len(sent()) != 0 {
		t.Errorf("%+v, %v, %q", r, err, sent())
	}
	c.useRegistration(r) // and was refused
	if r, err := c.Register(t.Context(), nil); err != nil || r.ClientID != "new" {
		t.Errorf("refused, it becomes %+v, %v", r, err)
	}
}

func TestBuildWithoutAClientDocumentRegistersAClient(t *testing.T) {
	c, sent := registering(t, func(string) bool { return false }) // an issuer that takes documents
	r, err := c.Register(t.Context(), nil)
	if err != nil || r.ClientID != "new" || len(sent()) != 1 {
		t.Errorf("%+v, %v, %q", r, err, sent())
	}
	for _, none := range []string{"", "http://authtray.example/client.json", "https://authtray.example", "https://authtray.example/"} {
		ClientDocument = none
		if takesDocument(true, nil) {
			t.Errorf("%q is sent as a client id", none)
		}
	}
	ClientDocument = ""
}

func TestClientDocumentIsWhatSignInsUse(t *testing.T) {
	text, err := os.ReadFile("../assets/client.json.in")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ClientID  string   `json:"client_id"`
		Redirects []string `json:"redirect_uris"`
		Auth      string   `json:"token_endpoint_auth_method"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || doc.ClientID != "@URL@" || doc.Auth != "none" {
		t.Fatalf("%+v, %v", doc, err)
	}
	catalogue, _ := catalog.LoadCatalogue("")
	e, err := catalogue.Resolve(catalog.Connection{Name: "x", MCP: "https://mcp.example.com/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	if rule := e.RedirectRule(); !slices.Contains(doc.Redirects, "http://"+rule.Host+rule.Path) {
		t.Errorf("a sign-in comes back to %s%s, and the document names %q", rule.Host, rule.Path, doc.Redirects)
	}
}

func TestARegistrationThatFails(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		class  refusal.Class
	}{
		{400, `{"error":"invalid_redirect_uri"}`, refusal.Misconfigured}, {401, `{"error":"invalid_token"}`, refusal.Misconfigured}, {201, `{}`, refusal.Transient},
		{503, "", refusal.Transient}, {403, "<html>", refusal.Transient}, {302, "", refusal.Transient}, {404, "", refusal.Misconfigured},
	} {
		p := newRecord(t, answers(tt.status, tt.body))
		e := testEntry(p.URL)
		e.Registration = p.URL + "/register"
		_, err := testClient(t, e).Register(t.Context(), nil)
		if f := failureOf(t, err); f.Class != tt.class {
			t.Errorf("%d %s: %+v", tt.status, tt.body, f)
		}
	}
	_, err := testClient(t, testEntry("https://acme.example")).Register(t.Context(), nil)
	if f := failureOf(t, err); f.Code != "no_registration" || !strings.Contains(f.Detail, "with the redirect URI http://127.0.0.1") {
		t.Errorf("%+v", f)
	}
}

// mcpServer is a resource and its authorization server in one.
func mcpServer(t *testing.T, change func(map[string]any)) (*record, *Client) {
	t.Helper()
	var r *record
	r = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/mcp":
			w.Header().Set("WWW-Authenticate", `Bearer realm="x", resource_metadata="`+r.URL+`/meta", scope="files:read files:list"`)
			w.WriteHeader(401)
		case "/meta":
			m := map[string]any{"resource": r.URL + "/mcp", "authorization_servers": []string{r.URL + "/as"}, "scopes_supported": []string{"all"}}
			if change != nil {
				change(m)
			}
			_ = json.NewEncoder(w).Encode(m)
		case "/.well-known/oauth-authorization-server/as":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": r.URL + "/as", "authorization_endpoint": r.URL + "/a", "token_endpoint": r.URL + "/t"})
		case "/t":
			answers(200, goodAnswer)(w, req)
		default:
			http.NotFound(w, req)
		}
	})
	catalogue, _ := catalog.LoadCatalogue("")
	c, err := NewClient(catalogue, catalog.Connection{Name: "files", MCP: r.URL + "/mcp", ClientID: "c"}, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

func TestAnMCPServerSaysWhoIssuesItsTokens(t *testing.T) {
	r, c := mcpServer(t, nil)
	binding := bindingOf(t, c)
	if binding.Issuer != r.URL+"/as" || len(binding.Origins) != 1 {
		t.Errorf("%+v", binding)
	}
	if got := strings.Join(c.scopes(nil), " "); got != "files:read files:list" {
		t.Error(got)
	}
	if _, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: binding}); err != nil {
		t.Fatal(err)
	}
	all := r.requests()
	if last := all[len(all)-1]; last.form.Get("resource") != r.URL+"/mcp" {
		t.Errorf("%v", last.form)
	}
	if u, err := c.API(r.URL+"/mcp", nil); err != nil {
		t.Errorf("%v %v", u, err)
	}
	host := strings.TrimPrefix(r.URL, "http://")
	if account, err := c.Whoami(t.Context(), Answer{AccessToken: "a"}); err != nil || account != (Account{Label: host}) {
		t.Errorf("%v %+v", err, account)
	}
	if account, _ := c.Whoami(t.Context(), Answer{AccessToken: "a", IDToken: idToken(`{"sub":"s","email":"ada@example.org"}`)}); account != (Account{"s", "ada@example.org"}) {
		t.Errorf("%+v", account)
	}
	binding.Issuer = "https://another.example"
	if _, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: binding}); err == nil {
		t.Error("a grant of another issuer was sent")
	}
}

func TestMetadataOfAnotherResourceAreRefused(t *testing.T) {
	for _, resource := range []any{"https://evil.example/mcp", "", nil, 7} {
		_, c := mcpServer(t, func(m map[string]any) { m["resource"] = resource })
		_, err := c.Binding(t.Context())
		if f := failureOf(t, err); f.Code != "resource_mismatch" {
			t.Errorf("%v: %+v", resource, f)
		}
	}
	_, c := mcpServer(t, func(m map[string]any) { m["authorization_servers"] = []string{"http://evil.example"} })
	_, err := c.Binding(t.Context())
	if f := failureOf(t, err); f.Code != "bad_metadata" {
		t.Errorf("%+v", f)
	}
	for resource, want := range map[string]bool{"https://a.example": true, "https://a.example/": true, "https://a.example/x": true, "https://a.example/x/": true,
		"https://a.example/x/y": false, "https://a.example/xy": false, "https://b.example/x": false, "http://a.example/x": false, "https://a.example/x?y": false} {
		if isResourceOf(resource, "https://a.example/x") != want {
			t.Errorf("%s: %v", resource, !want)
		}
	}
}

// Keycloak refuses a scope that its policy "Allowed Client Scopes" does not have by 403
// insufficient_scope (keycloak/keycloak#7339, #43654). It announces all scopes.
func TestClientRegistersWithFewerScopesAfterA403(t *testing.T) {
	var p *record
	tries := 0
	p = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		all := p.requests()
		var in struct {
			Scope string `json:"scope"`
		}
		json.Unmarshal([]byte(all[len(all)-1].body), &in)
		tries++
		if strings.Contains(in.Scope, "admin") {
			answers(403, `{"error":"insufficient_scope","error_description":"Policy 'Allowed Client Scopes' rejected request to client-registration service. Details: Not permitted to use specified clientScope"}`)(w, req)
			return
		}
		answers(201, `{"client_id":"new"}`)(w, req)
	})
	e := testEntry(p.URL)
	e.Registration = p.URL + "/register"
	r, err := testClient(t, e).Register(t.Context(), nil, "admin")
	if err != nil || r.ClientID != "new" {
		t.Errorf("after %d tries: %+v, %v", tries, r, err)
	}
}
