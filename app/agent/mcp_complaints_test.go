package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// refuseOffline has the issuer refuse offline_access.
func (w *mcpWorld) refuseOffline() {
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/par" && strings.Contains(r.FormValue("scope"), "offline_access") {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusBadRequest)
			io.WriteString(rw, `{"error":"invalid_scope"}`)
			return true
		}
		if r.URL.Path != "/authorize" || !strings.Contains(r.FormValue("scope"), "offline_access") {
			return false
		}
		back := url.Values{"error": {"invalid_scope"}, "state": {r.FormValue("state")}, "iss": {w.issuer.Issuer}}
		http.Redirect(rw, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
		return true
	}
}

// next is where a page sends the browser.
func (w *mcpWorld) next(at string) string {
	w.t.Helper()
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(at)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("Location")
}

func TestOfflineAccessIsNeverAskedForOrAlways(t *testing.T) {
	for _, c := range []struct {
		name      string
		announced []string
		refused   bool
		asked     []string // the scopes of each request for authorization
		renews    bool
	}{
		{"announced", []string{"openid", "offline_access"}, false, []string{"openid offline_access"}, true},
		{"not announced", []string{"openid"}, false, []string{"openid"}, false},
		{"announced and refused", []string{"openid", "offline_access"}, true, []string{"openid offline_access", "openid"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newMCPWorld(t, []string{"openid"})
			w.doc["scopes_supported"], w.doc["pushed_authorization_request_endpoint"] = c.announced, nil
			if c.refused {
				w.refuseOffline()
			}
			w.addFiles()
			at := w.begin("files", nil).URL
			if c.refused {
				at = w.next(w.next(at))
			}
			redirect, err := practicetest.Consent(t.Context(), at, "ada")
			if err != nil {
				t.Fatal(err)
			}
			w.next(redirect)
			var now api.Connection
			eventually(t, "it is connected", func() bool {
				now = w.call("GET", "/connections/files", nil).connection()
				return now.State == tokens.Connected
			})
			var asked []string
			for _, form := range w.requests("/authorize") {
				if form.Has("scope") {
					asked = append(asked, form.Get("scope"))
				}
			}
			if !slices.Equal(asked, c.asked) || now.Refreshable != c.renews {
				t.Errorf("asked for %q, renewable %v", asked, now.Refreshable)
			}
			if said := strings.Contains(now.Note, "no refresh token"); said == c.renews {
				t.Errorf("it says: %q", now.Note)
			}
		})
	}
}

func TestAnotherIssuerThatTheMCPServerNamesIsShownNoGrant(t *testing.T) {
	w := newMCPWorld(t, nil)
	var shown atomic.Int32
	other := practicetest.Start(t, server.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path != "/register" {
				shown.Add(1)
			}
			next.ServeHTTP(rw, r)
		})
	})
	var changed atomic.Bool
	mux := http.NewServeMux()
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if changed.Load() && strings.HasPrefix(r.URL.Path, "/.well-known/") {
			rw.Header().Set("Content-Type", "application/json")
			json.NewEncoder(rw).Encode(map[string]any{"resource": w.url, "authorization_servers": []string{other.Issuer}})
			return
		}
		mux.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	w.url = mcptest.Serve(mux, front.URL, w.issuer.Issuer)
	w.addFiles()
	w.connect("files", "ada")

	changed.Store(true)
	w.stop() // who is asked is found out anew
	w.start()
	refused := w.call("POST", "/connections/files/refresh", nil)
	if refused.status < 400 {
		t.Errorf("%d %s", refused.status, refused.body)
	}
	w.call("POST", "/connections/files/disconnect", nil)
	if n := shown.Load(); n != 0 {
		t.Errorf("the other issuer was sent %d requests that may hold a grant", n)
	}
}
