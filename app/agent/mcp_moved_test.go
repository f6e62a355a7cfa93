package agent

import (
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// TestAGrantIsTakenUpAgainWhenItsMCPServersURLIsBack: whatever was tried at another one,
// short of a sign-in that came to an end there.
func TestAGrantIsTakenUpAgainWhenItsMCPServersURLIsBack(t *testing.T) {
	for _, begun := range []bool{false, true} {
		for kind, other := range map[string]func(w *mcpWorld) string{
			"same issuer":     func(w *mcpWorld) string { return mcptest.Start(w.t, w.issuer.Issuer) },
			"other issuer":    func(w *mcpWorld) string { return mcptest.Start(w.t, practicetest.Start(w.t, server.Options{}).Issuer) },
			"nothing there":   func(*mcpWorld) string { return "http://127.0.0.1:1/mcp" },
			"a path too many": func(w *mcpWorld) string { return w.url + "/other" },
		} {
			name := kind
			if begun {
				name += ", where a sign-in was begun"
			}
			t.Run(name, func(t *testing.T) {
				w := newMCPWorld(t, nil)
				w.addFiles()
				w.connect("files", "ada")
				w.call("PUT", "/connections/files", map[string]any{"mcp": other(w)}).ok()
				if begun {
					w.call("POST", "/connections/files/connect", map[string]any{"mode": "url"})
					w.call("DELETE", "/connections/files/connect", nil)
				}
				w.stop() // what is known of clients is kept
				w.start()
				w.addFiles()
				eventually(t, "the grant is taken up", func() bool {
					return w.call("GET", "/connections/files", nil).connection().State == tokens.Connected
				})
				w.call("POST", "/connections/files/refresh", nil).ok()
				mcptest.Who(w.t, w.session("files"))
				if n := len(w.requests("/register")); n != 1 {
					t.Errorf("registered %d times at the first issuer", n)
				}
			})
		}
	}
}

// TestEachIssuersClientIsUsedAgainThere: going back and forth registers no third one.
func TestEachIssuersClientIsUsedAgainThere(t *testing.T) {
	w := newMCPWorld(t, nil)
	w.addFiles()
	w.connect("files", "ada")
	first := w.agent.clients.records.Load("files").ClientID
	other := mcptest.Start(t, practicetest.Start(t, server.Options{}).Issuer)
	var second string
	for range 2 {
		w.call("PUT", "/connections/files", map[string]any{"mcp": other}).ok()
		w.connect("files", "ada")
		r := w.agent.clients.records.Load("files")
		if second == "" {
			second = r.ClientID
		}
		if r.ClientID != second || second == first || len(r.Others) != 1 || r.Others[0].ClientID != first {
			t.Errorf("at the other issuer: %+v", r)
		}
		w.addFiles()
		w.connect("files", "ada")
		if r := w.agent.clients.records.Load("files"); r.ClientID != first || len(r.Others) != 1 || r.Others[0].ClientID != second {
			t.Errorf("back at the first: %+v", r)
		}
	}
	if n := len(w.requests("/register")); n != 1 {
		t.Errorf("registered %d times at the first issuer", n)
	}
}
