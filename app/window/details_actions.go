package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// bound is a question about one connection, ready for ask.
func bound[T any](name string, f func(context.Context, string) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) { return f(ctx, name) }
}

// offer does the one thing that leads a connection on.
func (u *ui) offer(s tokens.Status) {
	switch s.State {
	case tokens.ReconnectRequired, tokens.Disconnected, tokens.Connecting:
		u.reconnect(s.Name)
	case tokens.Misconfigured:
		u.editConnection(s.Name)
	case tokens.KeychainLocked, tokens.Retrying:
		u.refreshToken(s.Name)
	}
}

func (u *ui) refreshToken(name string) {
	u.say(tr("Refreshing {{.Name}}…", "Name", plain(name)))
	tell(u, func(ctx context.Context) error { return u.agent.Refresh(ctx, name) }, func(err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.say(tr("{{.Name}} has a fresh token.", "Name", plain(name)))
	})
}

func (u *ui) copyToken(name string) {
	ask(u, bound(name, u.agent.Token), func(t tokens.Token, err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.clipboard.lend(t.AccessToken)
		u.say(tr("Token of {{.Name}} copied. It leaves the clipboard in 30 seconds.", "Name", plain(name)))
	})
}

// menu is everything that is done to a connection as a whole.
func (d *details) menu() *fyne.Menu {
	u, s := d.u, d.status()
	item := func(text string, do func()) *fyne.MenuItem { return fyne.NewMenuItem(text, do) }
	m := fyne.NewMenu("", item(tr("Edit settings"), func() { u.editConnection(s.Name) }))
	a := actionsOf(s)
	if a.connect {
		m.Items = append(m.Items, item(tr("Sign in again…"), func() { u.reconnect(s.Name) }))
	}
	if page := d.appsPage(); page != "" {
		m.Items = append(m.Items, item(tr("Apps at {{.Provider}}", "Provider", plain(u.entries[s.Provider].Name)), func() { u.openURL(page) }))
	}
	m.Items = append(m.Items, fyne.NewMenuItemSeparator())
	if a.end {
		m.Items = append(m.Items, item(tr("Disconnect…"), func() { u.disconnect(d.known) }))
	}
	m.Items = append(m.Items, item(tr("Remove…"), func() { u.removeConnection(d.known) }))
	return m
}

// openMenu shows the menu below its button.
func (d *details) openMenu() {
	at := d.u.app.Driver().AbsolutePositionForObject(d.manage)
	widget.ShowPopUpMenuAtPosition(d.menu(), d.u.win.Canvas(), at.AddXY(0, d.manage.Size().Height))
}

// disconnect says what it does at the provider before it does it.
func (u *ui) disconnect(d api.Connection) {
	u.withEntry(d.Provider, func(e api.Provider) {
		u.confirm(question{
			title: tr("Disconnect this connection?"),
			about: plain(d.Name),
			text:  farewell(e) + " " + tr("Its settings stay, so you can connect again."),
			verb:  tr("Disconnect"),
			do: func() {
				u.part(d.Name, func(left string) string {
					return tr("{{.Name}} will be disconnected in {{.Time}}.", "Name", plain(d.Name), "Time", left)
				}, tr("{{.Name}} is disconnected.", "Name", plain(d.Name)), u.agent.Disconnect)
			},
		})
	})
}

func (u *ui) removeConnection(d api.Connection) {
	u.withEntry(d.Provider, func(e api.Provider) {
		u.confirm(question{
			title: tr("Remove this connection?"),
			about: plain(d.Name),
			text:  farewell(e) + " " + tr("Its settings and its client secret are deleted too: you would have to enter them again."),
			verb:  tr("Remove"),
			do: func() {
				u.part(d.Name, func(left string) string {
					return tr("{{.Name}} will be removed in {{.Time}}.", "Name", plain(d.Name), "Time", left)
				}, tr("{{.Name}} is removed.", "Name", plain(d.Name)), u.agent.Remove)
			},
		})
	})
}

// farewell is what the provider gets to know of a disconnect.
func farewell(e api.Provider) string {
	if e.Revoke.Style == "none" || (e.Revoke.URL == "" && e.Issuer == "") {
		return tr("{{.Provider}} offers no way to revoke access from here: the token is only erased from this machine. To end it at {{.Provider}}, use its page for apps.", "Provider", plain(e.Name))
	}
	return tr("{{.Provider}} is told to end this access, and the token is erased from this machine. Tools that use it stop working.", "Provider", plain(e.Name))
}
