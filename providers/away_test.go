package providers

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// A proxy answers 404 for a server that is being started again.
func TestADocumentOnceReadIsKeptForRefreshesWhileItIsNotThere(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a proxy's 404": http.NotFound, "a 404 in JSON": answers(404, `{"error":"Not Found"}`), "410": answers(410, ""), "other JSON": answers(200, `{"status":"starting"}`),
	} {
		t.Run(name, func(t *testing.T) {
			now, away := testNow, false
			r, e := issuerAt(t, configuration, "", nil)
			there := r.answer
			r.answer = func(w http.ResponseWriter, req *http.Request) {
				switch {
				case req.URL.Path == "/t":
					answers(200, goodAnswer)(w, req)
				case away:
					answer(w, req)
				default:
					there(w, req)
				}
			}
			c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Now = func() time.Time { return now } })
			binding := bindingOf(t, c)
			away, now = true, now.Add(discoveryTTL+time.Second)
			if _, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: binding}); err != nil {
				t.Error(err)
			}
			if b, err := c.Binding(t.Context()); err != nil || !binding.LeadsTo(b) {
				t.Errorf("bound to %+v, %v", b, err)
			}
			_, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Browser})
			if f := failureOf(t, err); f.Code != "no_metadata" {
				t.Errorf("a sign-in is begun with what is not there: %+v", f)
			}
		})
	}
}

// Its host may be an issuer too, of something else: Home Assistant is.
func TestMCPServerThatIsAwayDoesNotChangeItsIssuer(t *testing.T) {
	away := false
	page := func(there http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if away {
				there = http.NotFound
			}
			there(w, r)
		}
	}
	r, c := mcpSite(t, map[string]http.HandlerFunc{
		"POST /mcp": page(answers(401, "")), "GET /mcp": http.NotFound, wellKnownMCP: page(resourceDoc("BASE/mcp", "BASE/as")),
		issuerAtAS: issuerDoc("BASE/as"), issuerAtTop: issuerDoc("BASE"), "POST /t": answers(200, goodAnswer),
	})
	now := testNow
	c.opts.Now = func() time.Time { return now }
	request := RefreshRequest{RefreshToken: "r", Binding: bindingOf(t, c)}
	away, now = true, now.Add(discoveryTTL+time.Second)
	if _, err := c.Refresh(t.Context(), request); err != nil {
		t.Errorf("refresh: %v", err)
	}
	if all := r.requests(); all[len(all)-1].form.Get("resource") != r.URL+"/mcp" {
		t.Errorf("the last request names the resource %q", all[len(all)-1].form.Get("resource"))
	}
	c.discovery = &discoveryCache{} // the agent was started again
	sent := len(r.requests())
	_, err := c.Refresh(t.Context(), request)
	if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "no_server" {
		t.Errorf("refresh after a restart: %+v", f)
	}
	if all := r.requests()[sent:]; slices.ContainsFunc(all, func(r seenRequest) bool { return r.path == "/t" }) {
		t.Error("the grant was sent to another issuer")
	}
	if b, err := c.Binding(t.Context()); err == nil {
		t.Errorf("it looks as if its issuer were %s now", b.Issuer)
	}
	request.Binding.Issuer = r.URL // a server from before there were metadata
	if _, err := c.Refresh(t.Context(), request); err != nil {
		t.Errorf("refresh of a grant of its host: %v", err)
	}
}
