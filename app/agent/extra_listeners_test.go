package agent

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
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
		{"GET", "/connections"}, {"GET", "/connections/closed"}, {"DELETE", "/connections/open"}, {"PUT", "/connections/open"},
		{"POST", "/connections/open/refresh"}, {"POST", "/connections/open/connect"}, {"DELETE", "/connections/open/grant"},
		{"PUT", "/connections/open/secret"}, {"DELETE", "/connections/open/token"},
		{"GET", "/connections/open/token?scope=admin"}, {"GET", "/connections/open/token?resource=https://other.example/"},
		{"GET", "/log"}, {"GET", "/doctor"}, {"GET", "/settings"}, {"GET", "/health"},
		{"POST", "/window"}, {"POST", "/quit"}, {"GET", "/providers"}, {"GET", "/hosts/github.com"},
	} {
		w.over(c[0], c[1]).problem(tokens.CodeNotAllowed, 403)
	}
	if told := string(w.over("GET", "/connections/open").ok().body); !strings.Contains(told, "connected") || strings.Contains(told, "ada") {
		t.Errorf("of the opened connection it says %s", told)
	}
	if s := w.call("GET", "/connections/open", nil).connection(); s.State != tokens.Connected {
		t.Errorf("the connection is %s", s.State)
	}
}

func TestTheForwardedSocketIsClosedToOtherUsers(t *testing.T) {
	w := newWorld(t)
	if runtime.GOOS != "windows" { // where a pipe has a descriptor instead
		info, err := os.Stat(api.RemoteAddress(w.paths.Socket))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info, err)
		}
	}
	w.stop()
	if _, err := client.Dial(context.Background(), api.RemoteAddress(w.paths.Socket)); err == nil {
		t.Error("it outlives the agent")
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

// TestSettingsWithAPIListenAreTakenAndToldToBeOld: what else the file says holds.
func TestSettingsWithAPIListenAreTakenAndToldToBeOld(t *testing.T) {
	for name, line := range map[string]string{"an address": `api_listen = "127.0.0.1:47812"`, "nothing": `api_listen = ""`, "no address": "api_listen = 1"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stop()
			if err := os.WriteFile(w.paths.Settings(), []byte("reminders = true\n"+line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			w.start()
			found := w.check("settings")
			if found.OK || !strings.Contains(found.Detail, "remove that line") || !strings.Contains(found.Hint, "settings.toml") {
				t.Errorf("the doctor says %+v", found)
			}
			if notes := string(w.call("GET", "/health", nil).ok().body); !strings.Contains(notes, "nothing over TCP any more") {
				t.Errorf("status does not say it: %s", notes)
			}
			if s := string(w.call("GET", "/settings", nil).ok().body); !strings.Contains(s, `"reminders":true`) {
				t.Errorf("the settings are %s", s)
			}
		})
	}
}

func TestExtraListenersGoOnWhereNothingCanBeServed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no folder can be in a pipe's place")
	}
	o := folders(t)
	l := &extraListeners{paths: o.Paths, log: slog.New(slog.DiscardHandler)}
	if err := os.MkdirAll(api.RemoteAddress(o.Paths.Socket), 0o700); err != nil { // a folder in the socket's place
		t.Fatal(err)
	}
	l.serveForwarded(nil, nil, nil).end()
	found := l.checks()
	if len(found) != 1 || found[0].ID != "remote" || found[0].OK || found[0].Hint == "" {
		t.Errorf("found %+v", found)
	}
}
