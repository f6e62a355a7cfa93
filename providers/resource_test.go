package providers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// mcpSite is an MCP server whose every page can be set; BASE in an answer is its
// own address. Metadata and an issuer's document are where they belong unless a test
// says otherwise.
func mcpSite(t *testing.T, pages map[string]http.HandlerFunc, change ...func(*catalog.Connection)) (*record, *Client) {
	t.Helper()
	var r *record
	all := map[string]http.HandlerFunc{
		"POST /mcp": func(w http.ResponseWriter, req *http.Request) { challengeWith(`Bearer realm="x"`)(w, req) },
		"GET /mcp":  answers(http.StatusMethodNotAllowed, ""),
	}
	for at, page := range pages {
		all[at] = page
	}
	r = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		page, ok := all[req.Method+" "+req.URL.Path]
		if !ok {
			http.NotFound(w, req)
			return
		}
		page(&basing{w, r.URL}, req)
	})
	conn := catalog.Connection{Name: "files", MCP: r.URL + "/mcp", ClientID: "c"}
	for _, c := range change {
		c(&conn)
	}
	catalogue, _ := catalog.LoadCatalogue("")
	c, err := NewClient(catalogue, conn, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

// basing writes a server's own address for BASE.
type basing struct {
	http.ResponseWriter
	base string
}

func (b *basing) Write(p []byte) (int, error) {
	_, err := b.ResponseWriter.Write([]byte(strings.ReplaceAll(string(p), "BASE", b.base)))
	return len(p), err
}

func (b *basing) WriteHeader(status int) {
	for _, values := range b.Header() {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], "BASE", b.base)
		}
	}
	b.ResponseWriter.WriteHeader(status)
}

func challengeWith(header string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", header)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func resourceDoc(resource, issuer string) http.HandlerFunc {
	return answers(200, `{"resource":"`+resource+`","authorization_servers":["`+issuer+`"]}`)
}

func issuerDoc(issuer string) http.HandlerFunc {
	return answers(200, `{"issuer":"`+issuer+`","authorization_endpoint":"BASE/a","token_endpoint":"BASE/t"}`)
}

const (
	wellKnownMCP = "GET /.well-known/oauth-protected-resource/mcp"
	wellKnownTop = "GET /.well-known/oauth-protected-resource"
	issuerAtAS   = "GET /.well-known/oauth-authorization-server/as"
	issuerAtTop  = "GET /.well-known/oauth-authorization-server"
)

func TestMCPServersAreDiscoveredAsTheyAre(t *testing.T) {
	good, as := resourceDoc("BASE/mcp", "BASE/as"), issuerDoc("BASE/as")
	elsewhere := challengeWith(`Bearer resource_metadata="BASE/meta"`)
	stream := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(200)
	}
	for name, pages := range map[string]map[string]http.HandlerFunc{
		"challenge to POST alone, GET is 405":  {"POST /mcp": elsewhere, "GET /meta": good},
		"challenge to POST alone, GET streams": {"POST /mcp": elsewhere, "GET /mcp": stream, "GET /meta": good},
		"challenge to POST alone, GET is 500":  {"POST /mcp": elsewhere, "GET /mcp": answers(500, ""), "GET /meta": good},
		"challenge to GET alone":               {"POST /mcp": http.NotFound, "GET /mcp": elsewhere, "GET /meta": good},
		"challenge with a 403": {"POST /mcp": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="BASE/meta"`)
			w.WriteHeader(403)
		}, "GET /meta": good},
		"metadata behind a slash": {"POST /mcp": elsewhere, "GET /meta": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/meta/", http.StatusMovedPermanently)
		},
			"GET /meta/": good},
		"challenge behind a slash": {"POST /mcp": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/mcp/", http.StatusTemporaryRedirect)
		},
			"POST /mcp/": elsewhere, "GET /meta": good},
		"relative challenge":                   {"POST /mcp": challengeWith(`Bearer resource_metadata="/meta"`), "GET /meta": good},
		"challenge to plain http behind TLS":   {"POST /mcp": challengeWith(`Bearer resource_metadata="http://mcp.example/meta"`), wellKnownMCP: good},
		"challenge to an internal name":        {"POST /mcp": challengeWith(`Bearer resource_metadata="ftp://internal/meta"`), wellKnownTop: good},
		"challenge that is no URL":             {"POST /mcp": challengeWith(`Bearer resource_metadata="::"`), wellKnownMCP: good},
		"challenge to nothing":                 {"POST /mcp": elsewhere, wellKnownMCP: good},
		"challenge to a page":                  {"POST /mcp": elsewhere, "GET /meta": answers(200, "<html>"), wellKnownMCP: good},
		"challenge to metadata of another":     {"POST /mcp": elsewhere, "GET /meta": resourceDoc("BASE/other", "BASE/no"), wellKnownMCP: good},
		"challenge to an unusable issuer":      {"POST /mcp": elsewhere, "GET /meta": resourceDoc("BASE/mcp", "http://as.example"), wellKnownMCP: good},
		"no challenge at all":                  {"POST /mcp": answers(200, "{}"), "GET /mcp": answers(200, "{}"), wellKnownMCP: good},
		"wrong at the path, right at the host": {wellKnownMCP: resourceDoc("BASE/other", "BASE/no"), wellKnownTop: resourceDoc("BASE", "BASE/as")},
	} {
		t.Run(name, func(t *testing.T) {
			pages[issuerAtAS] = as
			pages[issuerAtTop] = issuerDoc("BASE") // also an issuer, of something else
			r, c := mcpSite(t, pages)
			b, err := c.Binding(t.Context())
			if err != nil || b.Issuer != r.URL+"/as" {
				t.Errorf("issuer %q: %v", b.Issuer, err)
			}
		})
	}
}

func TestIssuerOfAnMCPServerWithSeveralIsTheOneThatKnowsOurClient(t *testing.T) {
	for name, tt := range map[string]struct{ list, registered, want string }{
		"no client yet":             {`"BASE/as","BASE"`, "", "/as"},
		"the first":                 {`"BASE/as","BASE"`, "/as", "/as"},
		"the order has changed":     {`"BASE","BASE/as"`, "/as", "/as"},
		"…and the slash at its end": {`"BASE","BASE/as/"`, "/as", "/as"},
		"it is there no more":       {`"BASE"`, "/as", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := mcpSite(t, map[string]http.HandlerFunc{wellKnownMCP: answers(200, `{"resource":"BASE/mcp","authorization_servers":[`+tt.list+`]}`),
				issuerAtAS: issuerDoc("BASE/as"), issuerAtTop: issuerDoc("BASE")})
			if tt.registered != "" {
				c.registered = Registration{Issuer: r.URL + tt.registered, ClientID: "ours"}
			}
			if b, err := c.Binding(t.Context()); err != nil || b.Issuer != r.URL+tt.want {
				t.Errorf("issuer %q: %v", b.Issuer, err)
			}
		})
	}
}

func TestMCPServerWithoutMetadataIsItsOwnIssuer(t *testing.T) {
	r, c := mcpSite(t, map[string]http.HandlerFunc{issuerAtTop: issuerDoc("BASE")})
	if b, err := c.Binding(t.Context()); err != nil || b.Issuer != r.URL {
		t.Errorf("issuer %q: %v", b.Issuer, err)
	}
}

// Its host's document would do for an old server that is there.
func TestNoSignInIsBegunForAnMCPServerThatIsNotThere(t *testing.T) {
	there := http.NotFound
	r, c := mcpSite(t, map[string]http.HandlerFunc{issuerAtTop: issuerDoc("BASE"), "GET /mcp": http.NotFound,
		"POST /mcp": func(w http.ResponseWriter, r *http.Request) { there(w, r) }})
	_, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Browser})
	if f := failureOf(t, err); f.Code != "no_server" || f.Detail != "There is no MCP server at "+r.URL+"/mcp; correct the URL." || f.Hint != "authtray add files --mcp URL" {
		t.Errorf("%s: %q, hint %q", f.Code, f.Detail, f.Hint)
	}
	there = answers(401, "") // the person has started it
	flow, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Browser})
	if err != nil {
		t.Fatal(err)
	}
	flow.Cancel()
}

func TestFailedDiscoveryOfAnMCPServerSaysAtWhichStep(t *testing.T) {
	elsewhere := challengeWith(`Bearer resource_metadata="BASE/meta"`)
	for _, tt := range []struct {
		name, says, hint string
		pages            map[string]http.HandlerFunc
	}{
		{"nothing anywhere", "There is no MCP server at BASE/mcp; correct the URL.", "authtray add files --mcp URL", map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound}},
		{"nothing but a challenge", "BASE/mcp does not say who issues its tokens", "authtray add files --issuer URL", nil},
		{"metadata where the challenge says are not there", "BASE/meta has no resource metadata (HTTP 404)", "", map[string]http.HandlerFunc{"POST /mcp": elsewhere, issuerAtTop: issuerDoc("BASE")}},
		{"the challenge names plain http", "BASE/mcp says of itself names a resource_metadata that cannot be used", "",
			map[string]http.HandlerFunc{"POST /mcp": challengeWith(`Bearer resource_metadata="http://mcp.example/meta"`)}},
		{"metadata of another server", "The resource metadata at BASE/.well-known/oauth-protected-resource/mcp are of http://localhost:1/mcp, not of BASE/mcp", "authtray add files --mcp http://localhost:1/mcp",
			map[string]http.HandlerFunc{wellKnownMCP: resourceDoc("http://localhost:1/mcp", "BASE/as")}},
		{"an issuer without a document", "BASE/mcp names BASE/as as the issuer of its tokens. BASE/as has no discovery document (HTTP 404)", "", map[string]http.HandlerFunc{wellKnownMCP: resourceDoc("BASE/mcp", "BASE/as")}},
		{"an issuer whose document is of another", "BASE/mcp names BASE/as as the issuer of its tokens. The discovery document at BASE/as is of another issuer, BASE/real", "authtray add files --issuer BASE/real",
			map[string]http.HandlerFunc{wellKnownMCP: resourceDoc("BASE/mcp", "BASE/as"), issuerAtAS: issuerDoc("BASE/real")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, c := mcpSite(t, tt.pages)
			_, err := c.Binding(t.Context())
			f := failureOf(t, err)
			says, hint := strings.ReplaceAll(tt.says, "BASE", r.URL), strings.ReplaceAll(tt.hint, "BASE", r.URL)
			if f.Class != refusal.Misconfigured || !strings.Contains(f.Detail, says) || f.Hint != hint {
				t.Errorf("%s: %q, hint %q", f.Code, f.Detail, f.Hint)
			}
		})
	}
}

// Who issues a server's tokens must not depend on what is out of reach.
func TestPassingTroubleOfAnMCPServerEndsItsDiscovery(t *testing.T) {
	for at, pages := range map[string]map[string]http.HandlerFunc{
		"the challenge's place": {"POST /mcp": challengeWith(`Bearer resource_metadata="BASE/meta"`), "GET /meta": answers(503, "")},
		"the path":              {wellKnownMCP: answers(429, ""), wellKnownTop: resourceDoc("BASE", "BASE/as"), issuerAtAS: issuerDoc("BASE/as")},
	} {
		t.Run(at, func(t *testing.T) {
			_, c := mcpSite(t, pages)
			_, err := c.Binding(t.Context())
			if f := failureOf(t, err); f.Class != refusal.Transient {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestIssuerNamedForAnMCPServerIsTakenFromTheDocumentOfTheOther(t *testing.T) {
	for name, pages := range map[string]map[string]http.HandlerFunc{
		"where the server's issuer belongs": {wellKnownMCP: resourceDoc("BASE/mcp", "BASE/as"), issuerAtAS: issuerDoc("BASE/real")},
		"where it belongs itself":           {wellKnownMCP: resourceDoc("BASE/mcp", "BASE/as"), "GET /.well-known/oauth-authorization-server/real": issuerDoc("BASE/real")},
		"of a server without metadata":      {"GET /.well-known/oauth-authorization-server/real": issuerDoc("BASE/real")},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := mcpSite(t, pages)
			c.entry.Issuer = r.URL + "/real"
			b, err := c.Binding(t.Context())
			if err != nil || b.Issuer != r.URL+"/real" {
				t.Errorf("issuer %q: %v", b.Issuer, err)
			}
			if got := c.resource(); got != r.URL+"/mcp" {
				t.Errorf("tokens are asked for %q", got)
			}
		})
	}
}

func TestNothingOfOursIsToldToAnMCPServerThatIsDiscovered(t *testing.T) {
	r, c := mcpSite(t, map[string]http.HandlerFunc{wellKnownMCP: resourceDoc("BASE/mcp", "BASE/as"), issuerAtAS: issuerDoc("BASE/as")})
	if _, err := c.Binding(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, q := range r.requests() {
		var message struct{ Method string }
		if q.auth != "" || q.method == "POST" && (json.Unmarshal([]byte(q.body), &message) != nil || message.Method != "initialize") {
			t.Errorf("%s %s: %q %q", q.method, q.path, q.auth, q.body)
		}
	}
}

func TestMicrosoftIsToldNoResourceThatItsScopesDoNotName(t *testing.T) {
	for token, want := range map[string]string{
		"https://login.microsoftonline.com/t/oauth2/v2.0/token":                   "",
		"https://LOGIN.microsoftonline.com/organizations/oauth2/v2.0/token":       "",
		"https://login.microsoftonline.us/t/oauth2/v2.0/token":                    "",
		"https://example.ciamlogin.com/example.onmicrosoft.com/oauth2/v2.0/token": "",
		"https://login.microsoftonline.com/t/oauth2/token":                        "https://mcp.example/mcp",
		"https://login.microsoftonline.com.evil.example/t/oauth2/v2.0/token":      "https://mcp.example/mcp",
		"https://id.example/oauth2/v2.0/token":                                    "https://mcp.example/mcp",
	} {
		e := testEntry("https://id.example")
		e.Token = token
		c := testClient(t, e, func(conn *catalog.Connection, _ *ClientOptions) { conn.MCP = "https://mcp.example/mcp" })
		for what, form := range map[string]url.Values{"sign-in": c.authorizeForm(authorizeParams{}), "exchange": c.exchangeForm("", "", "", ""), "refresh": c.refreshForm(RefreshRequest{})} {
			if got := form.Get("resource"); got != want {
				t.Errorf("%s, %s: resource %q, want %q", token, what, got, want)
			}
		}
		c.conn.Resource = "https://api.example"
		if got := c.resource(); got != c.conn.Resource {
			t.Errorf("%s: a configured resource became %q", token, got)
		}
	}
}
