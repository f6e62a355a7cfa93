package window

import (
	"cmp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// form asks exactly what one provider needs, or changes a connection that is.
type form struct {
	u       *ui
	box     *fyne.Container
	editing string             // the connection that is changed; "" for a new one
	before  catalog.Connection // how it was
	entry   api.Provider       // the provider
	fields  map[string]*field  // those on screen
	order   []string           // from top to bottom
	scopes  *scopes
	general *field // errors that belong to no field
	submits []*button
	busy    bool
}

func (u *ui) newForm() *form { return &form{u: u, box: container.NewStack()} }

func (f *form) object() fyne.CanvasObject { return f.box }

// begin opens the form for a new connection.
func (f *form) begin(e api.Provider) {
	f.editing, f.before = "", catalog.Connection{Provider: e.ID}
	e.Vars = e.VarsFor(nil)
	f.open(e)
	f.fields[fieldName].SetText(freeName(e.ID, f.taken))
	f.u.show(viewForm)
	f.focusFirst()
}

// editConnection opens the form for a connection that is there.
func (u *ui) editConnection(name string) {
	ask(u, bound(name, u.agent.Connection), func(d api.Connection, err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.entry1(d.Provider, func(e api.Provider) { u.form.change(e, d) })
	})
}

func (f *form) change(e api.Provider, d api.Connection) {
	f.editing, f.before = d.Name, *d.Config
	e.Vars = e.VarsFor(d.Config.Override) // the others would be asked for in vain
	f.open(e)
	f.fields[fieldName].SetText(d.Name)
	f.fields[fieldName].Disable()
	f.fill(*d.Config)
	f.u.show(viewForm)
	if d.State == "misconfigured" {
		f.blame(&client.Problem{Detail: d.Detail, Reason: string(d.Reason)})
		return
	}
	f.focusFirst()
}

func (f *form) fill(c catalog.Connection) {
	if id, ok := f.fields[fieldID]; ok {
		id.SetText(c.ClientID)
	}
	if mcp, ok := f.fields[fieldMCP]; ok {
		mcp.SetText(c.MCP)
	}
	for name, value := range c.Vars {
		if v, ok := f.fields[fieldVar+name]; ok {
			v.SetText(value)
		}
	}
	if len(c.Scopes) > 0 {
		f.scopes.set(c.Scopes)
	}
}

func (f *form) taken(name string) bool {
	_, taken := f.u.model.all[name]
	return taken && f.editing == ""
}

// focusFirst goes to the first field that must be filled and is not; where all
// is there already, Enter connects.
func (f *form) focusFirst() {
	n := needsOf(f.entry)
	optional := map[string]bool{fieldID: n.clientID == maybe, fieldSecret: n.secret == maybe || f.editing != ""}
	for _, name := range f.order {
		if at := f.fields[name]; at.Text == "" && !at.Disabled() && !optional[name] && f.fallback(name) == "" {
			f.u.focus(at.entry)
			return
		}
	}
	f.u.focus(f.submits[0])
}

// fallback is what a field that stays empty means.
func (f *form) fallback(name string) string {
	return f.entry.Vars[strings.TrimPrefix(name, fieldVar)].Default
}

// open lays the form out for a provider.
func (f *form) open(e api.Provider) {
	f.entry, f.fields, f.order, f.busy = e, map[string]*field{}, nil, false
	n := needsOf(e)
	f.scopes = f.u.scopes(e.DefaultScopes())
	f.general = f.u.newField("", "", "", f.u.entry(""))
	objects := []fyne.CanvasObject{f.head(), f.basics(n)}
	if n.register {
		objects = append(objects, f.registration(n))
	}
	objects = append(objects, f.credentials(n), f.scopeCard())
	if e.Notes != "" {
		objects = append(objects, card(tr("Good to know"), inLine(small(plain(e.Notes)))))
	}
	objects = append(objects, f.general.error, f.foot(n))
	scroll := page(640, compact(objects)...)
	f.u.scrolls[viewForm] = scroll
	f.box.Objects = []fyne.CanvasObject{scroll}
	f.box.Refresh()
}

func compact(objects []fyne.CanvasObject) []fyne.CanvasObject {
	return slices.DeleteFunc(objects, func(o fyne.CanvasObject) bool { return o == nil })
}

func (f *form) head() fyne.CanvasObject {
	m := newMark(36)
	m.of(f.entry.ID, f.entry.Name)
	title := plain(f.entry.Name)
	if f.editing != "" {
		title = tr("Settings of {{.Name}}", "Name", plain(f.editing))
	}
	back := f.u.button("", theme.NavigateBackIcon(), f.u.back).low()
	return container.NewBorder(nil, nil, container.NewHBox(container.NewCenter(back), container.NewCenter(m)), nil,
		container.New(inset{8, 0}, middled(newLine(title).bold().sized(theme.SizeNameHeadingText))))
}

func (f *form) foot(n needs) fyne.CanvasObject {
	verb := tr("Connect")
	if f.editing != "" {
		verb = tr("Save")
	}
	f.submits = []*button{f.u.button(verb, nil, func() { f.submit(providers.Browser) }).primary()}
	if n.device && f.editing == "" {
		code := f.u.button(tr("Connect with a code"), nil, func() { f.submit(providers.Device) })
		if f.submits = append(f.submits, code); !n.browser {
			f.submits = []*button{code.primary()}
			code.OnTapped = func() { f.submit(providers.Device) }
		}
	}
	row := container.NewHBox(layout.NewSpacer(), f.u.button(tr("Cancel"), nil, f.u.back))
	for _, b := range slices.Backward(f.submits) {
		row.Add(b)
	}
	return row
}

// put adds a field to the form.
func (f *form) put(name, label, hint string, e *entry) fyne.CanvasObject {
	at := f.u.newField(label, hint, "", e)
	e.OnSubmitted = func(string) { f.submits[0].OnTapped() }
	f.fields[name], f.order = at, append(f.order, name)
	return at.object
}

// basics are the connection's name, and where a self-hosted provider is.
func (f *form) basics(n needs) fyne.CanvasObject {
	box := spaced(14, f.put(fieldName, tr("Name"), tr("What your tools ask for: authtray token NAME"), f.u.entry("")))
	if n.mcp {
		box.Add(f.put(fieldMCP, tr("Address of the MCP server"), "", f.u.entry("https://")))
		f.fields[fieldMCP].SetText(f.entry.MCP)
	}
	for _, name := range n.vars {
		v := f.entry.Vars[name]
		label := text.Capitalize(plain(cmp.Or(v.Label, name)))
		box.Add(f.put(fieldVar+name, label, "", f.u.entry(plain(v.Default))))
	}
	return card("", box)
}

// registration says what to register where.
func (f *form) registration(n needs) fyne.CanvasObject {
	box := spaced(10)
	name := plain(f.entry.Name)
	if page := f.entry.Links.Register; page != "" {
		open := f.u.button(tr("Open the page"), theme.NavigateNextIcon(), func() { f.u.open(page) })
		open.IconPlacement = widget.ButtonIconTrailingText
		box.Add(container.NewBorder(nil, nil, nil, container.NewCenter(open), middled(inLine(paragraph(tr("Register an app of your own at {{.Provider}}. This is done once.", "Provider", name))))))
	} else {
		box.Add(inLine(paragraph(tr("Register an app of your own at {{.Provider}}, or ask whoever runs it. This is done once.", "Provider", name))))
	}
	if n.redirect {
		box.Add(f.redirect())
	}
	return card(tr("1. Register an app"), box)
}

// redirect is the URI to enter there, to read and to copy.
func (f *form) redirect() fyne.CanvasObject {
	uri := f.u.entry("")
	uri.SetText(plain(f.entry.RedirectURI))
	uri.OnChanged = func(string) { uri.SetText(plain(f.entry.RedirectURI)) } // to be copied, not to be changed
	copied := f.u.button(tr("Copy"), theme.ContentCopyIcon(), func() {
		f.u.clipboard.SetContent(f.entry.RedirectURI)
		f.u.say(tr("Redirect URI copied."))
	})
	return spaced(4, newLine(tr("Redirect URI to enter there")), container.NewBorder(nil, nil, nil, copied, uri))
}

func (f *form) credentials(n needs) fyne.CanvasObject {
	box := spaced(14)
	if n.clientID == maybe {
		hint := tr("Leave it empty: Authtray registers itself.")
		if f.entry.Client.ID != "" {
			hint = tr("Leave it empty to use the one that comes with Authtray.")
		}
		box.Add(f.put(fieldID, tr("Client ID (optional)"), hint, f.u.entry("")))
	} else {
		box.Add(f.put(fieldID, tr("Client ID"), "", f.u.entry("")))
	}
	if n.secret != never {
		box.Add(f.secret(n.secret))
	}
	title := ""
	if n.register {
		title = tr("2. Enter what you were given")
	}
	return card(title, box)
}

func (f *form) secret(need asked) fyne.CanvasObject {
	label, hint := tr("Client secret"), tr("Goes straight to the keychain, never to a file.")
	if need == maybe {
		label = tr("Client secret (optional)")
	}
	if f.entry.Client.Secret == "web_only" {
		label = tr("Client secret (needed in the browser)")
		hint = tr("To sign in without one, use a code on this or another device. Goes straight to the keychain.")
	}
	placeholder := ""
	if f.editing != "" {
		placeholder = tr("unchanged")
	}
	return f.put(fieldSecret, label, hint, f.u.secret(placeholder))
}

func (f *form) scopeCard() fyne.CanvasObject {
	at := f.u.newField("", tr("What your tools may do. Fewer is safer."), "", f.scopes.entry)
	f.fields[fieldScopes] = at
	return card(tr("Scopes"), f.scopes.box, at.object)
}
