package providers

import (
	"net/http"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
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
