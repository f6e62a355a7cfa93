package agent

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// elsewhereIssuer is an issuer whose sign-in page is at another host. It registers clients.
func elsewhereIssuer(t *testing.T) (issuer, page string) {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(r.URL.Path, "/.well-known/"):
			fmt.Fprintf(w, `{"issuer":%[1]q,"token_endpoint":"%[1]s/token","registration_endpoint":"%[1]s/register","authorization_endpoint":%[2]q}`, s.URL, page+"/authorize")
		case r.URL.Path == "/register":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"client_id":"made"}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	page = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	return s.URL, page
}

func TestASignInPageOnAnotherHostIsAskedAboutOnce(t *testing.T) {
	w := newWorld(t)
	issuer, page := elsewhereIssuer(t)
	host := strings.TrimPrefix(page, "http://")
	w.call("PUT", "/connections/work", map[string]any{"provider": "oidc", "vars": map[string]any{"issuer": issuer}}).connection()
	for _, mode := range []string{"browser", "url"} {
		p := w.call("POST", "/connections/work/connect", map[string]any{"mode": mode}).problem(api.CodeOtherHost, 409)
		if p.Host != host || !strings.Contains(p.Detail, host) || !strings.Contains(p.Detail, strings.TrimPrefix(issuer, "http://")) {
			t.Fatalf("%s: asked about %q: %s", mode, p.Host, p.Detail)
		}
	}
	w.call("POST", "/connections/work/connect", map[string]any{"mode": "url", "accept_host": "localhost:1"}).problem(api.CodeOtherHost, 409)
	n := newNotes()
	(&clicks{signIns: w.agent.signIns, notify: n, named: w.agent.accounts.named, ended: t.Context(), log: slog.New(slog.DiscardHandler)}).reconnect("work")
	if said := n.text(); !strings.Contains(said, host) || !strings.HasSuffix(said, "To answer, run: authtray connect work") {
		t.Errorf("a click is told %q", said)
	}
	for _, accept := range []string{host, ""} { // once, and not again
		at := w.begin("work", map[string]any{"accept_host": accept})
		if !strings.HasPrefix(at.URL, page+"/authorize?") {
			t.Fatalf("the page is %s", at.URL)
		}
		w.call("DELETE", "/connections/work/connect", nil)
	}
	w.call("DELETE", "/connections/work", nil)
	w.call("PUT", "/connections/work", map[string]any{"provider": "oidc", "vars": map[string]any{"issuer": issuer}}).connection()
	w.call("POST", "/connections/work/connect", map[string]any{"mode": "url"}).problem(api.CodeOtherHost, 409)
}

func TestWhereATokenMayBeSentIsTheUsersToSay(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	before := w.read("work")
	hosts := func(list ...string) map[string]any {
		conn := w.practice()
		conn["override"] = map[string]any{"api": map[string]any{"hosts": list}}
		return conn
	}
	t.Run("configured with a command", func(t *testing.T) {
		if c := w.call("PUT", "/connections/work", hosts("api.example.org")).connection(); c.State != tokens.Connected {
			t.Errorf("it is %s/%s", c.State, c.Reason)
		}
		eventually(t, "it is logged", func() bool { return strings.Contains(w.logText(), "may be sent to more hosts") })
	})
	typed := w.read("work")
	t.Run("a file that was edited", func(t *testing.T) {
		w.edit("work", strings.Replace(typed, "api.example.org", "evil.example", 1))
		eventually(t, "it has to be reconnected", func() bool {
			c := w.seen("work")
			return c.State == tokens.ReconnectRequired && c.Reason == tokens.ReasonEndpointsChanged
		})
		w.call("GET", "/connections/work/token", nil).problem(tokens.CodeReconnectRequired, 409)
		w.call("GET", "/connections/work/api/https://evil.example/x", nil).problem(tokens.CodeReconnectRequired, 409)
	})
	t.Run("an edited file, and something else written with a command", func(t *testing.T) {
		conn := hosts("evil.example")
		conn["scopes"] = []string{"openid", "profile", "email", "offline_access", "notes.read"}
		w.call("PUT", "/connections/work", conn).ok()
		w.stop()
		w.start()
		w.call("GET", "/connections/work/token", nil).problem(tokens.CodeReconnectRequired, 409)
	})
	t.Run("the file as it was", func(t *testing.T) {
		w.edit("work", before)
		eventually(t, "it is connected", func() bool { return w.seen("work").State == tokens.Connected })
	})
	t.Run("what was edited, with a command", func(t *testing.T) {
		if c := w.call("PUT", "/connections/work", hosts("evil.example")).connection(); c.State != tokens.Connected {
			t.Errorf("it is %s/%s", c.State, c.Reason)
		}
	})
}

// Nobody may be able to say yet that the grant is another server's: here that server
// cannot be reached.
func TestTheHostsOfAnotherServerAreNotAgreedToForTheGrantThatThereIs(t *testing.T) {
	w, u := withAPI(t)
	other := newUpstream(t)
	token := w.call("GET", "/connections/me/token", nil).token().AccessToken
	conn := w.practice()
	conn["vars"] = map[string]string{"port": "1"}
	conn["override"] = map[string]any{"api": map[string]any{"base": other.URL + "/v4"}}
	for _, how := range []string{"a change", "a connection added again under the name of one whose file was lost"} {
		t.Run(how, func(t *testing.T) {
			if how != "a change" {
				w.stop()
				if err := os.Remove(filepath.Join(w.paths.Connections(), "me.toml")); err != nil {
					t.Fatal(err)
				}
				w.start()
			}
			w.call("PUT", "/connections/me", conn).ok()
			w.call("GET", "/connections/me/token", nil).problem(tokens.CodeReconnectRequired, 409)
			w.do("GET", "x", nil)
			if n, r, _ := other.seen(); n > 0 {
				t.Errorf("the API of the other server was sent a token (the grant's own: %t)", r.Header.Get("Authorization") == "Bearer "+token)
			}
		})
	}
	if n, _, _ := u.seen(); n > 0 {
		t.Errorf("%d requests to the API of before", n)
	}
}
