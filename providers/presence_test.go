package providers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func sends(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

func showsPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<html>welcome"))
}

func TestWhetherAnMCPServerIsAtItsURL(t *testing.T) {
	const no, page = "There is no MCP server at BASE/mcp; correct the URL.", "There is a web page at BASE/mcp, and no MCP server; correct the URL."
	const url = "authtray add files --mcp URL"
	needed := map[string]http.HandlerFunc{issuerAtAS: issuerDoc("BASE/as")}
	good, above := resourceDoc("BASE/mcp", "BASE/as"), resourceDoc("BASE", "BASE/as")
	notAllowed := answers(405, "")
	for _, tt := range []struct {
		name, says, hint string // "": it is there
		pages            map[string]http.HandlerFunc
	}{
		{"it wants a token", "", "", map[string]http.HandlerFunc{wellKnownMCP: good}},
		{"it takes POST alone", "", "", map[string]http.HandlerFunc{"POST /mcp": answers(200, "{}"), wellKnownMCP: good}},
		{"it takes GET alone", "", "", map[string]http.HandlerFunc{"POST /mcp": notAllowed, "GET /mcp": answers(401, ""), wellKnownMCP: good}},
		{"it shows people a page", "", "", map[string]http.HandlerFunc{"GET /mcp": showsPage, wellKnownMCP: good}},
		{"it is from before there were metadata", "", "", map[string]http.HandlerFunc{issuerAtTop: issuerDoc("BASE")}},
		{"it hides, and its metadata speak of it", "", "", map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound, wellKnownMCP: good}},
		{"nothing", no, url, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound}},
		{"nothing, at a host with an issuer", no, url, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound, issuerAtTop: issuerDoc("BASE")}},
		{"nothing, at a host with metadata", no, url, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound, wellKnownTop: above}},
		{"neither is allowed", no, url, map[string]http.HandlerFunc{"POST /mcp": notAllowed}},
		{"a page, and nothing to POST", page, url, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": showsPage}},
		{"a page, and a POST that is not implemented", page, url, map[string]http.HandlerFunc{"POST /mcp": answers(501, ""), "GET /mcp": showsPage}},
		{"a page, and no POST", page, url, map[string]http.HandlerFunc{"POST /mcp": notAllowed, "GET /mcp": showsPage, issuerAtTop: issuerDoc("BASE")}},
		{"a page to both", page, url, map[string]http.HandlerFunc{"POST /mcp": showsPage, "GET /mcp": showsPage}},
		{"metadata of another path", "are of BASE/v1/mcp, not of BASE/mcp; name that URL if it is the server you mean.", "authtray add files --mcp BASE/v1/mcp",
			map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound, wellKnownTop: resourceDoc("BASE/v1/mcp", "BASE/as")}},
		{"a redirect, as of frameworks that want a slash", "", "", // where everything is sent then
			map[string]http.HandlerFunc{"POST /mcp": sends(307, "/mcp/"), "GET /mcp": sends(307, "/mcp/"), wellKnownMCP: good}},
		{"a redirect to another path", "BASE/mcp leads on to BASE/v2/mcp, and no token is sent after it; name that URL if it is the server you mean.", "authtray add files --mcp BASE/v2/mcp",
			map[string]http.HandlerFunc{"POST /mcp": sends(307, "/v2/mcp"), "GET /mcp": sends(307, "/v2/mcp"), wellKnownMCP: good}},
		{"a redirect to a page for signing in", "BASE/mcp leads on to BASE/login, and no token", "authtray add files --mcp BASE/login",
			map[string]http.HandlerFunc{"POST /mcp": notAllowed, "GET /mcp": sends(302, "/login")}},
		{"a redirect to plain http", "BASE/mcp leads on elsewhere, and no token", url, map[string]http.HandlerFunc{"POST /mcp": sends(308, "http://mcp.example/mcp"), "GET /mcp": http.NotFound}},
		{"a redirect to a command", "BASE/mcp leads on elsewhere, and no token", url, map[string]http.HandlerFunc{"POST /mcp": sends(308, "/mcp;reboot"), "GET /mcp": http.NotFound}},
		{"a site that answers all with a page", page, url, map[string]http.HandlerFunc{"POST /mcp": showsPage, "GET /mcp": showsPage,
			wellKnownMCP: showsPage, wellKnownTop: showsPage, issuerAtTop: showsPage}},
		{"no issuer", "BASE/mcp does not say who issues its tokens", "authtray add files --issuer URL", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pages := map[string]http.HandlerFunc{}
			for _, some := range []map[string]http.HandlerFunc{needed, tt.pages} {
				for at, page := range some {
					pages[at] = page
				}
			}
			r, c := mcpSite(t, pages)
			err := c.FindServer(t.Context())
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f := failureOf(t, err)
			says, hint := strings.ReplaceAll(tt.says, "BASE", r.URL), strings.ReplaceAll(tt.hint, "BASE", r.URL)
			if f.Class != refusal.Misconfigured || !strings.Contains(f.Detail, says) || f.Hint != hint {
				t.Errorf("%s: %q, hint %q", f.Code, f.Detail, f.Hint)
			}
			for _, q := range r.requests() {
				if q.auth != "" || q.path == "/v2/mcp" || q.path == "/login" {
					t.Errorf("%s %s was sent, with %q", q.method, q.path, q.auth)
				}
			}
		})
	}
}

// TestAnMCPServerThatCannotBeAskedMayBeThere: nothing that passes says that it is not.
func TestAnMCPServerThatCannotBeAskedMayBeThere(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	defer selfSigned.Close()
	over := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer silent.Close()
	defer close(over)
	busy := httptest.NewServer(answers(503, ""))
	defer busy.Close()
	for name, at := range map[string]string{"network": gone.URL, "tls": selfSigned.URL, "timeout": silent.URL, "http_503": busy.URL} {
		t.Run(name, func(t *testing.T) {
			catalogue, _ := catalog.LoadCatalogue("")
			c, err := NewClient(catalogue, catalog.Connection{Name: "files", MCP: at + "/mcp"}, ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			f := failureOf(t, c.FindServer(ctx))
			if f.Class != refusal.Transient || name != "http_503" && f.Code != name {
				t.Errorf("%s: %+v", f.Code, f)
			}
			if name == "tls" && f.Hint != "authtray add files --ca-file FILE" {
				t.Errorf("hint %q", f.Hint)
			}
		})
	}
}

// The agent starts while a proxy answers 404 for the MCP server; a minute later it is back.
func TestMCPServerThatIsBackIsUsedAtOnce(t *testing.T) {
	away := false
	page := func(there http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if away {
				http.NotFound(w, r)
				return
			}
			there(w, r)
		}
	}
	_, c := mcpSite(t, map[string]http.HandlerFunc{
		"POST /mcp": page(answers(401, "")), "GET /mcp": http.NotFound, wellKnownMCP: page(resourceDoc("BASE/mcp", "BASE/as")),
		issuerAtAS: issuerDoc("BASE/as"), issuerAtTop: issuerDoc("BASE"), "POST /t": answers(200, goodAnswer),
	})
	now := testNow
	c.opts.Now = func() time.Time { return now }
	request := RefreshRequest{RefreshToken: "r", Binding: bindingOf(t, c)}
	c.discovery = &discoveryCache{} // the agent was started again
	away = true
	if _, err := c.Refresh(t.Context(), request); err == nil {
		t.Fatal("a refresh works without the server")
	}
	away = false
	for _, d := range []time.Duration{time.Minute, 30 * time.Minute, 28 * time.Minute} {
		now = now.Add(d)
		if _, err := c.Refresh(t.Context(), request); err != nil {
			t.Errorf("the server is back since %v, and a refresh says: %v", now.Sub(testNow), err)
		}
	}
}

// …at a host that is no issuer: that nothing is there is not taken for a configuration to be
// mended, which is looked at once an hour.
func TestMCPServerThatIsAwayAtAStartIsNothingThere(t *testing.T) {
	_, c := mcpSite(t, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound})
	_, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: Binding{Issuer: "https://as.example", ClientID: "c", Origins: []string{"https://as.example"}}})
	f := failureOf(t, err)
	if f.Class == refusal.Misconfigured && !f.NothingThere() {
		t.Errorf("%s %q: misconfigured for an hour (status %d)", f.Code, f.Detail, f.Status)
	}
}
