package window

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/providers"
)

// form asks exactly what one provider needs, or changes a connection that is.
type form struct {
	u       *ui
	box     *fyne.Container
	editing string               // the connection that is changed; "" for a new one
	before  providers.Connection // how it was
	entry   remote.Entry         // the provider
	fields  map[string]*field    // those on screen
	order   []string             // from top to bottom
	scopes  *scopes
	general *field // errors that belong to no field
	submits []*button
	busy    bool
}

func (u *ui) newForm() *form { return &form{u: u, box: container.NewStack()} }

func (f *form) object() fyne.CanvasObject { return f.box }

// begin opens the form for a new connection.
func (f *form) begin(e remote.Entry) {
	f.editing, f.before = "", providers.Connection{Provider: e.ID}
	e.Vars = e.VarsFor(nil)
	f.open(e)
	f.fields[fieldName].SetText(freeName(e.ID, f.taken))
	f.u.show(viewForm)
	f.focusFirst()
}

// editConnection opens the form for a connection that is there.
func (u *ui) editConnection(name string) {
	ask(u, bound(name, u.agent.Connection), func(d remote.Details, err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.entry1(d.Provider, func(e remote.Entry) { u.form.change(e, d) })
	})
}

func (f *form) change(e remote.Entry, d remote.Details) {
	f.editing, f.before = d.Name, d.Config
	e.Vars = e.VarsFor(d.Config.Override) // the others would be asked for in vain
	f.open(e)
	f.fields[fieldName].SetText(d.Name)
	f.fields[fieldName].Disable()
	f.fill(d.Config)
	f.u.show(viewForm)
	if d.State == "misconfigured" {
		f.blame(&remote.Problem{Detail: d.Detail, Reason: string(d.Reason)})
		return
	}
	f.focusFirst()
}

func (f *form) fill(c providers.Connection) {
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
func (f *form) open(e remote.Entry) {
	f.entry, f.fields, f.order, f.busy = e, map[string]*field{}, nil, false
	n := needsOf(e)
	f.scopes = f.u.scopes(e.AuthorizeOpts.Scopes)
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
