package agent

import (
	"context"
	"errors"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/clipboard"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/tokens"
)

// menu is what the tray's menu does. Each returns when it is done; what comes
// of it is seen in the tray.
type menu struct{ *Agent }

var _ tray.Actions = menu{}

func (m menu) Connect(name string) { m.Reconnect(name) }

func (m menu) Refresh(name string) {
	ctx, cancel := context.WithTimeout(m.ended, userTime)
	defer cancel()
	if _, err := m.Agent.Refresh(ctx, name); err != nil {
		m.complain(name, detail(err))
	}
}

func (m menu) Disconnect(name string) {
	ctx, cancel := context.WithTimeout(m.ended, userTime)
	defer cancel()
	removed, err := m.Agent.Disconnect(ctx, name)
	switch {
	case err != nil:
		m.complain(name, detail(err))
	case removed.Detail != "":
		m.complain(name, removed.Detail)
	}
}

func (m menu) CopyToken(name string) {
	ctx, cancel := context.WithTimeout(m.ended, tokens.DefaultTimeout)
	defer cancel()
	t, err := m.Agent.Token(ctx, name, tokens.Want{})
	if err == nil {
		err = clipboard.CopySecret(ctx, m.log, t.AccessToken)
	}
	if err != nil {
		m.complain(name, detail(err))
	}
}

func (m menu) UnlockKeychain() { m.unlock() }

func (m menu) Open(string) {
	ctx, cancel := context.WithTimeout(m.ended, userTime)
	defer cancel()
	if err := m.OpenWindow(ctx); err != nil {
		m.complain("window", detail(err))
	}
}

func (m menu) SetAutostart(on bool) {
	if _, err := m.PatchSettings(api.SettingsPatch{Autostart: &on}); err != nil {
		m.complain("settings", detail(err))
	}
}

// detail is an error's sentence for people.
func detail(err error) string {
	var e *tokens.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return sentence(err)
}
