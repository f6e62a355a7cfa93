package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// over asks the socket that may be forwarded.
func (w *world) over(method, path string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://agent/v1"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	over := httpClient(api.RemoteAddress(w.paths.Socket))
	defer over.CloseIdleConnections()
	answer, err := over.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{w.t, answer.StatusCode, answer.Header, body}
}

func TestTheForwardedSocketGivesTokensOfOpenedConnectionsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	open := w.practice()
	open["remote"] = true
	w.call("PUT", "/connections/open", open).ok()
	w.add("closed")
	w.connect("open", "ada")
	w.connect("closed", "grace")
	if got := w.over("GET", "/connections/open/token").token(); got.AccessToken == "" || got.Account != "ada" {
		t.Errorf("no token of the opened connection: %+v", got.Account)
	}
	w.over("GET", "/connections/open/api/whoami").ok()
	for _, c := range [][2]string{
		{"GET", "/connections/closed/token"}, {"GET", "/connections/nobody/token"}, {"GET", "/connections/closed/api/whoami"},
		{"GET", "/connections"}, {"GET", "/connections/open"}, {"DELETE", "/connections/open"}, {"PUT", "/connections/open"},
		{"POST", "/connections/open/refresh"}, {"POST", "/connections/open/connect"}, {"DELETE", "/connections/open/grant"},
		{"PUT", "/connections/open/secret"}, {"DELETE", "/connections/open/token"},
		{"GET", "/events"}, {"GET", "/log"}, {"GET", "/doctor"}, {"GET", "/settings"}, {"GET", "/health"},
		{"POST", "/window"}, {"POST", "/quit"}, {"GET", "/providers"}, {"GET", "/hosts/github.com"},
	} {
		w.over(c[0], c[1]).problem(tokens.CodeNotAllowed, 403)
	}
	if s := w.call("GET", "/connections/open", nil).connection(); s.State != tokens.Connected {
		t.Errorf("the connection is %s", s.State)
	}
}

func TestTheForwardedSocketIsClosedToOtherUsers(t *testing.T) {
	w := newWorld(t)
	info, err := os.Stat(api.RemoteAddress(w.paths.Socket))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	w.stop()
	if _, err := client.Dial(context.Background(), api.RemoteAddress(w.paths.Socket)); err == nil {
		t.Error("it outlives the agent")
	}
}

func TestOverTCPThereIsTheAPIForThoseWhoKnowTheSecret(t *testing.T) {
	w := newWorld(t)
	w.add("me")
	w.connect("me", "ada")
	w.stop()
	port := strconv.Itoa(freePort(t))
	if err := os.WriteFile(w.paths.Settings(), []byte("api_listen = \"127.0.0.1:"+port+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	eventually(t, "the port is listened on", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	file := filepath.Join(w.paths.State, "api-secret")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	secret, _ := os.ReadFile(file)
	right := "Bearer " + strings.TrimSpace(string(secret))
	for _, c := range []struct {
		name, host, path string
		want             int
		headers          []string
	}{
		{"with the secret", "", "/connections/me/api/whoami", 200, []string{"Authorization", right}},
		{"without", "", "/connections/me/api/whoami", 403, nil},
		{"with another", "", "/connections/me/api/whoami", 403, []string{"Authorization", right + "x"}},
		{"with it as tools of forges do", "", "/connections/me/api/whoami", 200, []string{"Authorization", strings.Replace(right, "Bearer", "token", 1)}},
		{"the bare word", "", "/connections/me/api/whoami", 403, []string{"Authorization", "Bearer"}},
		{"a token", "", "/connections/me/token", 403, []string{"Authorization", right}},
		{"the connections", "", "/connections", 403, []string{"Authorization", right}},
		{"a page", "", "/connections/me/api/whoami", 403, []string{"Authorization", right, "Origin", "http://127.0.0.1"}},
		{"a page's picture", "", "/connections/me/api/whoami", 403, []string{"Authorization", right, "Sec-Fetch-Site", "cross-site"}},
		{"a name that means this machine", "evil.example:" + port, "/connections/me/api/whoami", 403, []string{"Authorization", right}},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:"+port+"/v1"+c.path, nil)
		if c.host != "" {
			r.Host = c.host
		}
		for i := 0; i+1 < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("%s: answered %d %s", c.name, answer.StatusCode, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if c := w.check("api"); !c.OK || !strings.Contains(c.Detail, "127.0.0.1:"+port) || !strings.Contains(c.Detail, file) {
		t.Errorf("the doctor says %+v", c)
	}
	if c := w.check("api"); strings.Contains(c.Detail, strings.TrimSpace(string(secret))) || strings.Contains(w.logText(), strings.TrimSpace(string(secret))) {
		t.Error("the secret is told")
	}
}

// check is a line of the doctor's report; the zero value where there is none.
func (w *world) check(id string) api.Check {
	w.t.Helper()
	var report struct{ Checks []api.Check }
	w.call("GET", "/doctor", nil).ok().into(&report)
	for _, c := range report.Checks {
		if c.ID == id {
			return c
		}
	}
	return api.Check{}
}

func TestWhereTCPCannotBeServedItIsSaidAndTheAgentGoesOn(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		listen, hint string
		before       func(*world)
	}{
		"not loopback": {"0.0.0.0:1", "settings.toml", func(*world) {}},
		"port taken":   {taken.Addr().String(), "settings.toml", func(*world) {}},
		"secret opened": {"127.0.0.1:0", "rm '", func(w *world) {
			os.WriteFile(w.paths.APISecret(), []byte(strings.Repeat("x", 26)), 0o600)
			os.Chmod(w.paths.APISecret(), 0o644)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stop()
			c.before(w)
			if err := os.WriteFile(w.paths.Settings(), []byte("api_listen = \""+c.listen+"\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			w.start()
			eventually(t, "it is said", func() bool { return w.check("api").Detail != "" })
			if found := w.check("api"); found.OK || !strings.Contains(found.Hint, c.hint) {
				t.Errorf("the doctor says %+v", found)
			}
			if notes := string(w.call("GET", "/health", nil).ok().body); !strings.Contains(notes, "not served over TCP") {
				t.Errorf("status does not say it: %s", notes)
			}
		})
	}
}

// TestOverTCPAConnectionThatAsksIsClosed: nobody can tell which program it is.
func TestOverTCPAConnectionThatAsksIsClosed(t *testing.T) {
	w := newWorld(t)
	conn := w.practice()
	conn["ask"] = true
	w.call("PUT", "/connections/me", conn).ok()
	w.connect("me", "ada")
	ctx := api.WithPeer(t.Context(), api.Peer{UID: -1})
	if _, err := (apiTokens{w.agent.access, "me"}).Token(ctx); err == nil || !strings.Contains(err.Error(), "use the socket") {
		t.Errorf("%v", err)
	}
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	for _, address := range []string{"0.0.0.0:1", ":1", "localhost:1", "192.168.1.1:1", "127.0.0.1", "nonsense"} {
		if l, err := api.ListenTCP(address); !errors.Is(err, api.ErrNotLoopback) {
			if l != nil {
				l.Close()
			}
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestExtraListenersGoOnWhereNothingCanBeServed(t *testing.T) {
	o := folders(t)
	l := &extraListeners{paths: o.Paths, log: slog.New(slog.DiscardHandler)}
	if err := os.MkdirAll(api.RemoteAddress(o.Paths.Socket), 0o700); err != nil { // a folder in the socket's place
		t.Fatal(err)
	}
	l.serveForwarded(nil, nil)()
	l.serveTCP(nil, "")()
	l.serveTCP(nil, "192.0.2.1:80")()
	found := l.checks()
	if len(found) != 2 || found[0].ID != "remote" || found[0].OK || found[1].ID != "api" || found[1].OK || found[1].Hint == "" {
		t.Errorf("found %+v", found)
	}
}
