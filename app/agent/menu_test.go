package agent

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// failingAgent answers what the menu asks with an error.
type failingAgent struct {
	api.Agent
	quit bool
}

func (*failingAgent) Refresh(context.Context, string) (api.Connection, error) {
	return api.Connection{}, &tokens.Error{Code: tokens.CodeReconnectRequired, Detail: "Sign in again."}
}

func (*failingAgent) Disconnect(context.Context, string) (api.Removed, error) {
	return api.Removed{Detail: "It was not told."}, nil
}

func (*failingAgent) Token(context.Context, string, tokens.Want) (tokens.Token, error) {
	return tokens.Token{}, errors.New("no token")
}

func (*failingAgent) PatchSettings(api.SettingsPatch) (api.Settings, error) {
	return api.Settings{}, errors.New("not writable")
}

func (*failingAgent) OpenWindow(context.Context) error { return errors.New("no display") }

func (a *failingAgent) Quit() { a.quit = true }

func TestMenuTellsWhereAClickFails(t *testing.T) {
	o := folders(t)
	n, a := newNotes(), &failingAgent{}
	s := &signIns{configuration: newConfiguration(o.Paths, o.Log)}
	named := func(name string) string { return name + " (ada)" }
	m := menu{clicks: &clicks{signIns: s, notify: n, named: named, ended: t.Context(), log: slog.New(slog.DiscardHandler)}, agent: a, open: func(ctx context.Context, _ string) error { return a.OpenWindow(ctx) }}
	for _, tt := range []struct {
		name  string
		click func()
		want  string
	}{
		{"refresh", func() { m.Refresh("work") }, "The token of work (ada) was not renewed: Sign in again."},
		{"copy token", func() { m.CopyToken("work") }, "The token of work (ada) was not copied: No token."},
		{"open", func() { m.Open("") }, "The window could not be opened: No display."},
		{"autostart", func() { m.SetAutostart(true) }, "The setting was not changed: Not writable."},
		{"connect", func() { m.Connect("work") }, `work (ada) was not connected: There is no connection named "work".`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.click()
			if said := n.text(); !strings.HasSuffix(said, tt.want) {
				t.Errorf("told %q", said)
			}
		})
	}
	if m.Quit(); !a.quit {
		t.Error("the agent does not end")
	}
}

// A notification shows no link: it names the command that does.
func TestClickWithoutABrowserNamesTheCommandThatShowsTheLink(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	n, over := newNotes(), make(chan struct{})
	c := &clicks{signIns: w.agent.signIns, notify: n, named: w.agent.accounts.named, ended: t.Context(), log: slog.New(slog.DiscardHandler)}
	go func() { defer close(over); c.reconnect("work") }()
	eventually(t, "it is told", func() bool { return n.text() != "" })
	const want = "work waits for its sign-in: The browser could not be opened. To see the link, run: authtray connect work"
	if said := n.text(); said != want {
		t.Errorf("told %q", said)
	}
	w.call("DELETE", "/connections/work/connect", nil).ok()
	<-over
}
