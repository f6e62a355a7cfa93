package app

import (
	"context"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/tokens"
)

// over asks the socket that may be forwarded.
func (w *world) over(method, path string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://agent/v1"+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	client := socket.Client(socket.RemoteAddress(w.paths.Socket))
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
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
	info, err := os.Stat(socket.RemoteAddress(w.paths.Socket))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	w.stop()
	if _, err := socket.Dial(context.Background(), socket.RemoteAddress(w.paths.Socket)); err == nil {
		t.Error("it outlives the agent")
	}
}
