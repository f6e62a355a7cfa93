package providers

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// localServer is a server of this machine that calls itself by a name and its
// port: an issuer with a document, an MCP server, and a Gitea. With v6 it listens on
// ::1 alone.
func localServer(t *testing.T, name string, v6 bool) (base string) {
	t.Helper()
	address := "127.0.0.1:0"
	if v6 {
		address = "[::1]:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("%s was seen to work with 127.0.0.1: %v", t.Name(), err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	base = "http://" + name + ":" + port
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/mcp":
			w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+base+`/meta"`)
			w.WriteHeader(http.StatusUnauthorized)
		case "/meta":
			json.NewEncoder(w).Encode(map[string]any{"resource": base + "/mcp", "authorization_servers": []string{base}})
		case "/.well-known/oauth-authorization-server":
			json.NewEncoder(w).Encode(map[string]any{"issuer": base, "authorization_endpoint": base + "/a", "token_endpoint": base + "/t"})
		case "/t", "/login/oauth/access_token":
			answers(200, goodAnswer)(w, r)
		default:
			http.NotFound(w, r)
		}
	})}}
	s.Start()
	t.Cleanup(s.Close)
	return base
}

// Names below localhost are in no resolver: an answer proves that none was asked.
func TestServersOfThisMachineAreSpokenToByTheNameTheyCallThemselves(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:9") // for which package net/http leaves out localhost alone
	catalogue, _ := catalog.LoadCatalogue("")
	for _, v6 := range []bool{false, true} {
		for _, name := range []string{"localhost", "LocalHost", "git.localhost", "nowhere.to.be.found.localhost"} {
			base := localServer(t, name, v6)
			for provider, conn := range map[string]catalog.Connection{
				"oidc":  {Provider: "oidc", Vars: map[string]string{"issuer": base}},
				"mcp":   {MCP: base + "/mcp"},
				"gitea": {Provider: "gitea", Vars: map[string]string{"host": strings.TrimPrefix(base, "http://")}},
			} {
				family := map[bool]string{false: " on 127.0.0.1", true: " on ::1"}[v6]
				t.Run(provider+" at "+name+family, func(t *testing.T) {
					conn.Name, conn.ClientID = "local", "c"
					c, err := NewClient(catalogue, conn, ClientOptions{})
					if err != nil {
						t.Fatal(err)
					}
					if _, err := refreshWith(t, c); err != nil {
						t.Errorf("no token: %v", err)
					}
				})
			}
		}
	}
}

// What a server in the Internet says must bring no request to this machine or to
// its network, whatever the place.
func TestOnlyAServerOfThisMachineMaySendUsToThisMachine(t *testing.T) {
	c := testClient(t, catalog.Entry{ID: "acme", Name: "Acme"})
	const public, private, local = "https://192.0.2.1", "https://10.0.0.1", "http://localhost:8080"
	for _, tt := range []struct {
		from, to string
		taken    bool
	}{
		{public, "https://192.0.2.7/t", true}, {public, private + "/t", false}, {public, "https://localhost/t", false}, {public, "http://localhost/t", false},
		{public, "https://127.0.0.1/t", false}, {public, "https://a.LOCALHOST./t", false}, {public, "http://192.0.2.1/t", false},
		{private, "https://192.0.2.7/t", true}, {private, "https://10.0.0.2/t", true}, {private, "https://localhost/t", false}, {private, "https://[::1]/t", false},
		{private, "http://127.0.0.1/t", false},
		{local, "https://192.0.2.7/t", true}, {local, "https://10.0.0.2/t", true}, {local, "http://127.0.0.1:9/t", true}, {local, "http://other.localhost/t", true},
		{local, "http://10.0.0.1/t", false}, {local, "http://192.0.2.1/t", false},
	} {
		t.Run(tt.from+" names "+tt.to, func(t *testing.T) {
			if f := c.learnable(t.Context(), tt.from, "token_endpoint", tt.to); (f == nil) != tt.taken {
				t.Errorf("%v", f)
			}
		})
	}
}

// The document's spelling counts from then on: iss is compared with it as written.
func TestIssuerIsTakenWithOrWithoutTheSlashAtItsEnd(t *testing.T) {
	for _, said := range []string{"", "/", "/realms/x", "/realms/x/"} {
		for _, typed := range []string{strings.TrimSuffix(said, "/"), strings.TrimSuffix(said, "/") + "/"} {
			t.Run("typed "+typed+" said "+said, func(t *testing.T) {
				r, e := issuerAt(t, "/.well-known/oauth-authorization-server"+strings.TrimSuffix(said, "/"), said, nil)
				e.Issuer = r.URL + typed
				c := testClient(t, e)
				ep, err := c.endpoints(t.Context())
				if err != nil || ep.Issuer != r.URL+said {
					t.Fatalf("%v, issuer %q", err, ep.Issuer)
				}
				b := bindingOf(t, c)
				if err := c.checkIdentity(b); err != nil {
					t.Errorf("a grant made there: %v", err)
				}
			})
		}
	}
}

func TestDocumentOfAnotherIssuerSaysWhichAndHowToTakeIt(t *testing.T) {
	for said, hint := range map[string]string{
		"http://localhost:8080":           "authtray add work --issuer http://localhost:8080",
		"https://evil.example/$(touch x)": "", "https://evil.example/\x1b[2J": "", "no url": "",
	} {
		t.Run(said, func(t *testing.T) {
			_, e := issuerAt(t, configuration, "", func(m map[string]any) { m["issuer"] = said })
			_, err := testClient(t, e).endpoints(t.Context())
			f := failureOf(t, err)
			if f.Class != refusal.Misconfigured || f.Code != "issuer_mismatch" || f.Hint != hint || strings.Contains(f.Detail, said) != (hint != "") {
				t.Errorf("%q, hint %q", f.Detail, f.Hint)
			}
		})
	}
}
