package cli

import (
	"context"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/tokens"
)

// desk is a desktop whose user answers questions.
type desk struct {
	questions chan notify.Question
	answers   chan string
}

func newDesk() *desk { return &desk{make(chan notify.Question, 10), make(chan string)} }

func (d *desk) use(o *agent.Options) { o.Notify = d }

func (d *desk) Ask(ctx context.Context, q notify.Question) (string, error) {
	d.questions <- q
	select {
	case key := <-d.answers:
		return key, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *desk) ReconnectRequired(tokens.Status, func()) {}
func (d *desk) OnShown(func(tokens.Status))             {}
func (d *desk) Withdraw(string)                         {}
func (d *desk) Info(string, string, string)             {}
func (d *desk) Warn(string, string, string)             {}
func (d *desk) Settle(string)                           {}
func (d *desk) Questions() []notify.Question            { return nil }
func (d *desk) Answer(string, string)                   {}
func (d *desk) OnAsked(func(string))                    {}
func (d *desk) Configure(bool, bool)                    {}
func (d *desk) Health() (api.NotificationState, string) { return api.NotificationActions, "" }

// elsewhere makes the commands from now on those of another machine, which has
// nothing but the forwarded socket.
func (w *world) elsewhere() {
	w.t.Setenv("AUTHTRAY_SOCKET", api.RemoteAddress(w.paths.Socket))
	w.t.Setenv("AUTHTRAY_CONFIG", w.t.TempDir())
	w.t.Setenv("AUTHTRAY_STATE", w.t.TempDir())
}

func TestMCPOverTheForwardedSocketHasTheSignInAtTheDesk(t *testing.T) {
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			d := newDesk()
			w := newWorld(t, nil, d.use)
			w.put("notes", map[string]any{"mcp": w.mcpServer(), "remote": true})
			w.elsewhere()
			s := w.mcpClient("mcp", "notes")
			answered := make(chan string, 1)
			go func() { answered <- mcptest.Who(t, s) }()
			q := <-d.questions
			if said := q.Title + " " + q.Body; !strings.Contains(said, api.Elsewhere) || strings.Contains(said, "client") {
				t.Errorf("the user is asked: %q", said)
			}
			if c := w.seen("notes"); c.State != tokens.Disconnected || len(answered) > 0 {
				t.Errorf("before the click it is %s", c.State)
			}
			d.answers <- "allow"
			if got := <-answered; got != "Ada Lovelace" {
				t.Errorf("the server knows the caller as %q", got)
			}
			eventually(t, "the client is shown at the desk", func() bool {
				is := w.seen("notes").MCP
				return is != nil && len(is.Clients) == 1 && is.Clients[0] == api.Elsewhere
			})
			if w.provider.Revoke("ada") == 0 {
				t.Fatal("there was nothing to revoke")
			}
			if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: mcptest.Tool}); err == nil || !strings.Contains(err.Error(), "authtray connect notes") {
				t.Errorf("a token that was taken away: %v", err)
			}
		})
	}
}

func TestMCPOverTheForwardedSocketIsForConnectionsWithRemoteAlone(t *testing.T) {
	w := newWorld(t, nil)
	w.put("closed", map[string]any{"mcp": w.mcpServer()})
	w.put("plain", map[string]any{"provider": "github", "client_id": "x", "remote": true})
	w.elsewhere()
	for _, name := range []string{"closed", "none"} {
		if exit, out, errs := w.command("mcp", name); exit == 0 || out != "" || !strings.Contains(errs, "remote = true") {
			t.Errorf("%s: exit %d, %q, %q", name, exit, out, errs)
		}
	}
}
