package agent

import (
	"net/http"
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/tokens"
)

// TestAForgottenClientThatCouldNotBeReplacedIsReplacedByTheReconnect: the issuer, just
// started anew, knows neither the client nor how to register one yet.
func TestAForgottenClientThatCouldNotBeReplacedIsReplacedByTheReconnect(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.connect("files", "ada")
	first := w.agent.clients.records.Load("files").ClientID
	w.issuer.ForgetClient(first)
	w.mu.Lock()
	w.before = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/register" {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		return r.URL.Path == "/register"
	}
	w.mu.Unlock()
	if w.call("POST", "/connections/files/refresh", nil).status == 200 {
		t.Fatal("a forgotten client was not refused")
	}
	eventually(t, "registering was tried", func() bool { return len(w.requests("/register")) == 2 })
	c := w.call("GET", "/connections/files", nil).connection()
	if c.State != tokens.Misconfigured || c.Reason != tokens.ReasonClientRefused {
		t.Fatalf("it is %s, %s: %s", c.State, c.Reason, c.Detail)
	}
	w.mu.Lock()
	w.before = nil
	w.mu.Unlock()
	w.connect("files", "ada")
	if second := w.agent.clients.records.Load("files").ClientID; second == first {
		t.Error("the sign-in was begun with the client that the issuer does not know")
	}
	mcptest.Who(w.t, w.session("files"))
}
