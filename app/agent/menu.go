package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/clipboard"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// clicks carries out what the user clicked in a notification or the tray's menu.
// A click has nobody else to answer to, so a notification tells where it fails.
type clicks struct {
	signIns  *signIns
	notify   Notifier
	status   func(name string) (tokens.Status, error)
	named    func(name string) string // what a notification calls a connection
	language *lang.Language
	ended    context.Context // the agent's
	log      *slog.Logger
}

// reconnect signs in with the browser, and returns when that is over.
func (c *clicks) reconnect(name string) {
	ctx, cancel := context.WithTimeout(c.ended, providers.FlowTimeout+time.Minute)
	defer cancel()
	p, err := c.signIns.connect(ctx, name, api.ConnectRequest{Mode: providers.Browser})
	if err == nil && p.Attempt().BrowserError != "" {
		c.log.Info("the browser could not be opened", "connection", name, "why", p.Attempt().BrowserError)
		c.notify.Warn(name, c.language.Tr("{{.Name}} waits for its sign-in", "Name", c.named(name)), c.language.Tr("The browser could not be opened. To see the link, run: {{.Command}}", "Command", "authtray connect "+name))
	}
	if err == nil {
		_, err = p.Wait(ctx)
	}
	if err != nil && !canceled(err) && c.ended.Err() == nil { // who canceled it knows
		way := ""
		if other := (*api.OtherHost)(nil); errors.As(err, &other) { // which a notification cannot ask
			way = c.language.Tr("To answer, run: {{.Command}}", "Command", "authtray connect "+name)
		}
		c.complain(name, c.language.Tr("{{.Name}} was not connected", "Name", c.named(name)), detail(err), way)
	}
}

// complain tells what went wrong, why, and the way on where the text does not say it.
func (c *clicks) complain(name, title, text, way string) {
	c.log.Info("what the user asked for did not work", "connection", name, "why", text)
	told := c.inLanguage(name, text)
	if way != "" {
		told += " " + way
	}
	c.notify.Warn(name, title, told)
}

// inLanguage is a sentence of an error's about a connection: often its detail.
func (c *clicks) inLanguage(name, text string) string {
	if c.language == nil {
		return text
	}
	st, err := c.status(name)
	if err == nil && st.Detail == text {
		return c.language.Status(st)
	}
	return c.language.Sentence(providerName(st), text)
}

// menu is what the tray's menu does with an agent. Each returns when it is done;
// what comes of it is seen in the tray.
type menu struct {
	*clicks
	agent  api.Agent
	unlock func()                                             // the keychain
	open   func(ctx context.Context, connection string) error // the window
}

var _ tray.Actions = menu{}

func (m menu) Connect(name string)   { m.reconnect(name) }
func (m menu) Reconnect(name string) { m.reconnect(name) }
func (m menu) UnlockKeychain()       { m.unlock() }
func (m menu) Answer(id, key string) { m.notify.Answer(id, key) }
func (m menu) Quit()                 { m.agent.Quit() }

// questionsOf are those that notifications ask of connections, for the menu.
func questionsOf(n Notifier) (list []tray.Question) {
	for _, q := range n.Questions() {
		asked := tray.Question{ID: q.ID, Title: q.Title, Body: q.Body}
		for _, a := range q.Answers {
			asked.Answers = append(asked.Answers, tray.Choice(a))
		}
		list = append(list, asked)
	}
	return list
}

func (m menu) Refresh(name string) {
	ctx, cancel := context.WithTimeout(m.ended, userTime)
	defer cancel()
	if _, err := m.agent.Refresh(ctx, name); err != nil {
		m.complain(name, m.language.Tr("The token of {{.Name}} was not renewed", "Name", m.named(name)), detail(err), "")
	}
}

func (m menu) CopyToken(name string) {
	ctx, cancel := context.WithTimeout(m.ended, tokens.DefaultTimeout)
	defer cancel()
	t, err := m.agent.Token(ctx, name, tokens.Want{})
	if err == nil {
		err = clipboard.CopySecret(ctx, m.log, t.AccessToken)
	}
	if err != nil {
		m.complain(name, m.language.Tr("The token of {{.Name}} was not copied", "Name", m.named(name)), detail(err), "")
	}
}

func (m menu) Open(connection string) {
	ctx, cancel := context.WithTimeout(m.ended, userTime)
	defer cancel()
	if err := m.open(ctx, connection); err != nil {
		m.complain("window", m.language.Tr("The window could not be opened"), detail(err), "")
	}
}

func (m menu) SetAutostart(on bool) {
	if _, err := m.agent.PatchSettings(api.SettingsPatch{Autostart: &on}); err != nil {
		m.complain("settings", m.language.Tr("The setting was not changed"), detail(err), "")
	}
}
