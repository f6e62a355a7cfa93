package providers

import (
	"net/http"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// B: the agent starts while a proxy answers 404 for the MCP server; a minute later it is back.
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
		t.Fatal("?")
	}
	away = false
	for _, d := range []time.Duration{time.Minute, 30 * time.Minute, 28 * time.Minute} {
		now = now.Add(d)
		if _, err := c.Refresh(t.Context(), request); err != nil {
			t.Errorf("the server is back since %v, and a refresh says: %v", now.Sub(testNow), err)
		}
	}
}

// A: as before, at a host that is no issuer: nothing is there (404), so the pause must not be an hour.
func TestMCPServerThatIsAwayAtAStartIsNothingThere(t *testing.T) {
	_, c := mcpSite(t, map[string]http.HandlerFunc{"POST /mcp": http.NotFound, "GET /mcp": http.NotFound})
	_, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: Binding{Issuer: "https://as.example", ClientID: "c", Origins: []string{"https://as.example"}}})
	f := failureOf(t, err)
	if f.Class == refusal.Misconfigured && !f.NothingThere() {
		t.Errorf("%s %q: misconfigured for an hour (status %d)", f.Code, f.Detail, f.Status)
	}
}
