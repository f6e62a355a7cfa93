package providers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestWhichClientAConnectionUses(t *testing.T) {
	const document = "https://app.example.org/client.json"
	for _, tt := range []struct {
		configured           string
		registers, documents bool
		need                 bool
	}{
		{"mine", true, true, false},
		{"mine", false, false, false},
		{document, true, true, false},
		{document, true, false, true},
		{document, false, false, false},
		{document, false, true, false},
		{"https://app.example.org", true, false, false}, // no document: it has no path
		{"http://app.example.org/c", true, false, false},
		{"", true, false, true},
		{"", true, true, true},
		{"", false, false, false},
	} {
		_, e := issuerAt(t, configuration, "", func(m map[string]any) {
			m["client_id_metadata_document_supported"] = tt.documents
			if !tt.registers {
				delete(m, "registration_endpoint")
			}
		})
		c := testClient(t, e, func(conn *catalog.Connection, _ *ClientOptions) { conn.ClientID = tt.configured })
		issuer, need, err := c.NeedsRegistration(t.Context())
		if err != nil || need != tt.need || need && issuer != e.Issuer {
			t.Errorf("%+v: %t at %q (%v)", tt, need, issuer, err)
		}
	}
}

func TestARegisteredClientIsUsedAsItWasRegistered(t *testing.T) {
	public := Registration{ClientID: "made", RedirectURI: "http://localhost:45678/cb"}
	secret := Registration{ClientID: "made", Auth: "basic", RedirectURI: "http://127.0.0.1:45678/callback"}
	for _, tt := range []struct {
		configured string
		r          Registration
		id, auth   string
		redirect   string
	}{
		{"", public, "made", "none", "http://localhost:45678/cb"},
		{"https://a.example/client", public, "made", "none", "http://localhost:45678/cb"},
		{"", secret, "made", "basic", "http://127.0.0.1:45678/callback"},
		{"mine", public, "mine", "none", "http://127.0.0.1/callback"},
		{"mine", Registration{}, "mine", "none", "http://127.0.0.1/callback"},
	} {
		e := testEntry("https://acme.example")
		e.Client.Auth, e.Client.Secret = "none", "none"
		c := testClient(t, e, func(conn *catalog.Connection, o *ClientOptions) { conn.ClientID, o.Registered = tt.configured, tt.r })
		if got := c.entry.RedirectURI(); c.clientID() != tt.id || c.entry.Client.Auth != tt.auth || got != tt.redirect {
			t.Errorf("%+v: %s %s %s", tt, c.clientID(), c.entry.Client.Auth, got)
		}
		if _, used := c.Registered(); used != (tt.id == "made") {
			t.Errorf("%+v: used is %t", tt, used)
		}
	}
}

func TestHowANewClientWillSayWhoItIs(t *testing.T) {
	for _, tt := range []struct {
		entry     string
		announced string
		answer    string // token_endpoint_auth_method in the answer
		secret    string
		asks, is  string
	}{
		{"none", "", "", "", "none", "none"},
		{"none", "none client_secret_basic", "", "", "none", "none"},
		{"none", "client_secret_post client_secret_basic", "", "s", "client_secret_basic", "basic"},
		{"none", "client_secret_post", "", "s", "client_secret_post", "post"},
		{"none", "private_key_jwt", "", "", "none", "none"},
		{"post", "", "", "s", "client_secret_post", "post"},
		{"basic", "none", "", "", "none", "none"},
		{"none", "none", "client_secret_post", "s", "none", "post"}, // the provider knows better
		{"none", "none", "client_secret_post", "", "none", "none"},  // but gave no secret
		{"none", "none", "none", "s", "none", "none"},               // and no use for this one
		{"none", "", "", "s", "none", "basic"},                      // which it does not say
		{"none", "none client_secret_post", "", "s", "none", "post"},
	} {
		var sent map[string]any
		r, e := issuerAt(t, configuration, "", func(m map[string]any) {
			m["token_endpoint_auth_methods_supported"] = strings.Fields(tt.announced)
		})
		plain := r.answer
		r.answer = func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path != "/g" {
				plain(w, req)
				return
			}
			w.WriteHeader(201)
			json.NewEncoder(w).Encode(map[string]any{"client_id": "made", "client_secret": tt.secret, "token_endpoint_auth_method": tt.answer})
		}
		e.Client.Auth = tt.entry
		got, err := testClient(t, e).Register(t.Context(), []string{"http://127.0.0.1:1/cb"})
		all := r.requests()
		json.Unmarshal([]byte(all[len(all)-1].body), &sent)
		if err != nil || sent["token_endpoint_auth_method"] != tt.asks || got.Auth != tt.is || got.Issuer != e.Issuer || got.RedirectURI != "http://127.0.0.1:1/cb" {
			t.Errorf("%+v: %v, asked %v, got %+v", tt, err, sent["token_endpoint_auth_method"], got)
		}
	}
}

func TestANewRedirectURINamesItsPort(t *testing.T) {
	c := testClient(t, testEntry("https://acme.example"))
	raw, err := c.NewRedirectURI(t.Context())
	u, err2 := url.Parse(raw)
	if err != nil || err2 != nil || u.Port() == "" || u.Port() == "0" || !RedirectUsable(raw) {
		t.Errorf("%s (%v)", raw, err)
	}
	taken := newRecord(t, nil)
	if RedirectUsable(taken.URL + "/callback") {
		t.Error("a port that another program has is usable")
	}
	if !RedirectUsable("http://127.0.0.1/callback") || !RedirectUsable("https://app.example.org/cb") {
		t.Error("an address without a port of ours is not usable")
	}
}

func TestANewRedirectURIHasAPathForItsIssuerAlone(t *testing.T) {
	path := func(issuer string, was Registration) string {
		t.Helper()
		e := testEntry("https://acme.example")
		e.Issuer = issuer
		raw, err := testClient(t, e, func(conn *catalog.Connection, o *ClientOptions) { conn.ClientID, o.Registered = "", was }).NewRedirectURI(t.Context())
		u, err2 := url.Parse(raw)
		if err != nil || err2 != nil || !plainPath(u.Path) {
			t.Fatalf("%q: %v %v", raw, err, err2)
		}
		return u.Path
	}
	one, other := path("http://127.0.0.1:1", Registration{}), path("http://127.0.0.1:2", Registration{})
	if one == other || one != path("http://127.0.0.1:1", Registration{}) || !strings.HasPrefix(one, "/callback/") {
		t.Errorf("the paths of two issuers are %s and %s", one, other)
	}
	for name, was := range map[string]string{"before there were such paths": "/callback", "at the other issuer": other} {
		if got := path("http://127.0.0.1:1", Registration{ClientID: "old", RedirectURI: "http://127.0.0.1:45678" + was}); got != one {
			t.Errorf("after a registration %s: %s, not %s", name, got, one)
		}
	}
}

func TestAnMCPServerFromBeforeThereWereResourceMetadataIsItsOwnIssuer(t *testing.T) {
	for _, spelled := range []string{"", "/"} {
		var r *record
		r = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
			switch req.URL.Path {
			case "/mcp":
				w.WriteHeader(401)
				return
			case "/.well-known/oauth-authorization-server":
			default:
				http.NotFound(w, req)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": r.URL + spelled, "authorization_endpoint": r.URL + "/a", "token_endpoint": r.URL + "/t"})
		})
		b, err := mcpClient(t, r.URL+"/mcp").Binding(t.Context())
		if err != nil || b.Issuer != r.URL+spelled {
			t.Errorf("%q: %v %+v", spelled, err, b)
		}
	}
	elsewhere := newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": "https://evil.example", "token_endpoint": "https://evil.example/t"})
	})
	_, err := mcpClient(t, elsewhere.URL+"/mcp").Binding(t.Context())
	if failureOf(t, err).Code == "" {
		t.Error("another issuer was taken")
	}
}

func mcpClient(t *testing.T, server string) *Client {
	t.Helper()
	catalogue, _ := catalog.LoadCatalogue("")
	c, err := NewClient(catalogue, catalog.Connection{Name: "files", MCP: server, ClientID: "c"}, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnMCPServerIsAskedItselfWhetherItTakesTheToken(t *testing.T) {
	for status, want := range map[int]Liveness{
		401: DeadToken, 200: Alive, 400: Alive, 405: Alive, 406: Alive, 403: Unclear, 302: Unclear, 500: Unclear, 429: Unclear,
	} {
		r := newRecord(t, answers(status, ""))
		c := mcpClient(t, r.URL+"/mcp")
		if got := c.Probe(t.Context(), "a-token", nil); got != want {
			t.Errorf("%d is %v, want %v", status, got, want)
		}
		if all := r.requests(); len(all) != 1 || all[0].auth != "Bearer a-token" {
			t.Errorf("%d: asked %+v", status, all)
		}
	}
}

func TestWhatAnAPISaysOfMissingScopes(t *testing.T) {
	for _, tt := range []struct {
		status    int
		challenge string
		scopes    string
		missing   bool
	}{
		{403, `Bearer realm="x", error="insufficient_scope", scope="files:read files:write"`, "files:read files:write", true},
		{403, `Bearer error="insufficient_scope"`, "", true},
		{403, `Bearer resource_metadata="https://a.example/m", scope="a"`, "a", true},
		{403, `Bearer error="insufficient_scope",scope=one`, "one", true},
		{403, `Basic realm="x", Bearer error="insufficient_scope", scope="a"`, "a", true},
		{403, `Bearer error="insufficient_scope", scope="a \"b\x1b[31m c"`, "a", true},
		{403, `Bearer error="invalid_token", scope="a"`, "", false},
		{403, `Bearer realm="x"`, "", false},
		{403, ``, "", false},
		{401, `Bearer error="insufficient_scope", scope="a"`, "", false},
		{200, `Bearer scope="a"`, "", false},
	} {
		resp := &http.Response{StatusCode: tt.status, Header: http.Header{"Www-Authenticate": {tt.challenge}}}
		scopes, missing := MissingScopes(resp)
		if strings.Join(scopes, " ") != tt.scopes || missing != tt.missing {
			t.Errorf("%d %s: %q %t", tt.status, tt.challenge, scopes, missing)
		}
	}
}

func TestADeviceCodeForAnMCPServerIsForThatServer(t *testing.T) {
	var r *record
	r = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/.well-known/oauth-authorization-server":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": r.URL, "token_endpoint": r.URL + "/t", "device_authorization_endpoint": r.URL + "/d"})
		case "/mcp":
			answers(401, "")(w, req)
		case "/d":
			answers(200, `{"device_code":"d","user_code":"AB-12","verification_uri":"`+r.URL+`/page","interval":1,"expires_in":60}`)(w, req)
		case "/t":
			answers(200, goodAnswer)(w, req)
		default:
			http.NotFound(w, req)
		}
	})
	c := mcpClient(t, r.URL+"/mcp")
	f, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Device})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, req := range r.requests() {
		if req.form.Has("client_id") && req.form.Get("resource") != r.URL+"/mcp" {
			t.Errorf("a request names the resource %q: %v", req.form.Get("resource"), req.form)
		}
	}
}

func TestARegisteredClientChangesNothingForConnectionsAlike(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	client := func(name string, r Registration) *Client {
		c, err := NewClient(catalogue, catalog.Connection{Name: name, MCP: "https://mcp.example.org/mcp"}, ClientOptions{Registered: r})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain := client("plain", Registration{})
	before := plain.Entry()
	registered := client("registered", Registration{ClientID: "made", Auth: "basic", RedirectURI: "http://127.0.0.1:45678/callback"})
	if e := registered.Entry(); e.Client.Auth != "basic" || e.Redirect.Port != "45678" {
		t.Errorf("the registered client is not used: %+v, %+v", e.Client, e.Redirect)
	}
	for name, c := range map[string]*Client{"made before": plain, "made after": client("later", Registration{})} {
		if !reflect.DeepEqual(c.Entry(), before) {
			t.Errorf("%s: %+v, %+v", name, c.Entry().Client, c.Entry().Redirect)
		}
	}
}
