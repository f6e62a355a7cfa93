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
	guide   *guide
	general *field // errors that belong to no field
	submits []*button
	more    *fyne.Container  // what few people need to see
	unfold  *button          // shows more
	drafts  map[string]draft // of connections that are not saved yet, by provider
	busy    bool
}

// draft is what was typed for a new connection when its form was left.
type draft struct {
	values map[string]string
	scopes []string
}

func (u *ui) newForm() *form {
	return &form{u: u, box: container.NewStack(), drafts: map[string]draft{}}
}

func (f *form) object() fyne.CanvasObject { return f.box }

// begin opens the form for a new connection, with what was typed there before.
func (f *form) begin(e api.Provider) {
	f.keep()
	f.editing, f.before = "", catalog.Connection{Provider: e.ID}
	e.Vars = e.VarsFor(nil)
	f.showProvider(e)
	f.fields[fieldName].SetText(freeName(e.ID, f.taken))
	if d, ok := f.drafts[e.ID]; ok {
		for name, text := range d.values {
			if at := f.fields[name]; at != nil {
				at.SetText(text)
			}
		}
		f.scopes.set(d.scopes)
	}
	f.u.show(viewForm)
	f.focusFirst()
	f.u.scrolls[viewForm].ScrollToTop() // it is read from there; what is typed is brought into sight
}

// keep remembers what was typed for a connection that is not saved yet, until the
// window closes: all but the secret, which the window does not hold for longer than
// its field is on screen.
func (f *form) keep() {
	if f.editing != "" || f.entry.ID == "" {
		return
	}
	d := draft{values: map[string]string{}, scopes: f.scopes.list}
	for name, at := range f.fields {
		if name != fieldSecret {
			d.values[name] = at.Text
		}
	}
	f.drafts[f.entry.ID] = d
}

// dropSecret empties the secret's field, once the form is left.
func (f *form) dropSecret() {
	if at := f.fields[fieldSecret]; at != nil {
		f.keep()
		at.SetText("")
	}
}

// discard forgets what was typed, and leaves.
func (f *form) discard() {
	f.forget()
	f.u.back()
}

func (f *form) forget() {
	delete(f.drafts, f.entry.ID)
	f.entry = api.Provider{}
}

// removed closes the form of a connection that is gone: saving would bring it back.
func (f *form) removed(name string) {
	if f.editing != name {
		return
	}
	f.editing, f.before = "", catalog.Connection{}
	f.forget()
	f.box.Objects = nil
	f.box.Refresh()
	if f.u.view == viewForm {
		f.u.show(viewConnections)
		f.u.say(tr("{{.Name}} is removed.", "Name", plain(name)))
	}
}

// editConnection opens the form for a connection that is there.
func (u *ui) editConnection(name string) {
	ask(u, bound(name, u.agent.Connection), func(d api.Connection, err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.withEntry(d.Provider, func(e api.Provider) { u.form.change(e, d) })
	})
}

func (f *form) change(e api.Provider, d api.Connection) {
	f.keep()
	f.editing, f.before = d.Name, *d.Config
	e.Vars = e.VarsFor(d.Config.Override) // the others would be asked for in vain
	f.showProvider(e)
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

// suppose fills in what a connection says of its server.
func (f *form) suppose(c catalog.Connection) {
	if mcp, ok := f.fields[fieldMCP]; ok && c.MCP != "" {
		mcp.SetText(c.MCP)
	}
	for name, value := range c.Vars {
		if v, ok := f.fields[fieldVar+name]; ok {
			v.SetText(value)
		}
	}
}

func (f *form) fill(c catalog.Connection) {
	if id, ok := f.fields[fieldID]; ok {
		id.SetText(c.ClientID)
	}
	f.suppose(c)
	if len(c.Scopes) > 0 {
		f.scopes.set(c.Scopes)
	}
	f.fields[fieldAPI].SetText(apiBase(c))
	f.fields[fieldHosts].SetText(strings.Join(c.Hosts, ", "))
}

func (f *form) taken(name string) bool { return f.editing == "" && f.u.model.has(name) }

// focusFirst goes to the first field that must be filled and is not; where all
// is there already, Enter connects.
func (f *form) focusFirst() {
	n := needsOf(f.entry)
	optional := map[string]bool{fieldID: n.clientID == maybe, fieldSecret: n.secret == maybe || f.editing != "", fieldAPI: true, fieldHosts: true}
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

// showProvider lays the form out for a provider. Its buttons stay in sight.
func (f *form) showProvider(e api.Provider) {
	e, stepsEnglish, notesEnglish := guided(e)
	f.entry, f.fields, f.order, f.busy = e, map[string]*field{}, nil, false
	n := needsOf(e)
	f.scopes = f.u.scopes(e.DefaultScopes())
	f.general = f.u.newField("", "", "", f.u.entry(""))
	f.guide = f.newGuide(n, stepsEnglish)
	foot := f.foot(n)
	f.scopes.changed = f.guide.fill
	address, name := f.address(n), f.name()
	objects := []fyne.CanvasObject{f.head(), address, name, f.guide.object, f.credentials(n)} // some may be nil
	rest := []fyne.CanvasObject{f.scopeCard(), f.reach()}
	switch {
	case !n.alone && n.scopesFirst:
		objects, rest = slices.Insert(objects, 3, rest[0]), rest[1:]
	case !n.alone:
		objects, rest = append(objects, rest[0]), rest[1:]
	case address == nil:
		objects, rest = objects[:3], append(objects[3:], rest...)
	default:
		objects, rest = objects[:2], append(slices.Clone(objects[2:]), rest...)
	}
	if notes := readable(e.Notes); notes != "" {
		title := tr("Good to know")
		if notesEnglish {
			title = tr("Good to know (in English)")
		}
		objects = append(objects, card(title, inLine(small(notes))))
	}
	f.more = spaced(14, compact(rest)...)
	f.more.Hide()
	f.unfold = f.u.button(tr("More settings"), theme.MenuDropDownIcon(), f.showMore).low()
	objects = append(objects, container.NewHBox(f.unfold), f.more)
	scroll := page(640, compact(objects)...)
	f.u.scrolls[viewForm] = scroll
	pinned := container.New(column{640}, container.New(inset{20, 10}, spaced(6, f.general.error, foot)))
	f.box.Objects = []fyne.CanvasObject{container.NewBorder(nil, container.NewVBox(widget.NewSeparator(), pinned), nil, nil, scroll)}
	f.box.Refresh()
	f.guide.fill()
	if n.alone && f.editing != "" {
		f.showMore()
	}
}

func (f *form) showMore() {
	f.more.Show()
	f.unfold.Hide()
	f.u.scrolls[viewForm].Content.Refresh()
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
	row := container.NewHBox(layout.NewSpacer(), f.u.button(tr("Cancel"), nil, f.discard))
	for _, b := range slices.Backward(f.submits) {
		row.Add(b)
	}
	return row
}

// put adds a field to the form.
func (f *form) put(name, label, hint string, e *entry) fyne.CanvasObject {
	at := f.u.newField(label, hint, "", e)
	e.OnSubmitted = func(string) { f.submits[0].OnTapped() }
	e.OnChanged = func(string) {
		at.clear()
		f.guide.fill()
		if f.u.focused() == fyne.Focusable(e) { // it may have the focus below the fold
			f.u.reveal(e)
		}
	}
	f.fields[name], f.order = at, append(f.order, name)
	return at.object
}

func (f *form) name() fyne.CanvasObject {
	return card("", f.put(fieldName, tr("Name"), tr("What your tools ask for: authtray token NAME"), f.u.entry("")))
}

// address is where a self-hosted provider or a server is; nil where that is known.
func (f *form) address(n needs) fyne.CanvasObject {
	box := spaced(14)
	if n.mcp {
		box.Add(f.put(fieldMCP, tr("Address of the MCP server"), "", f.u.entry("https://mcp.example.org/mcp")))
		f.fields[fieldMCP].SetText(f.entry.MCP)
	}
	for _, name := range n.vars {
		v := f.entry.Vars[name]
		label := text.Capitalize(labelOf(v, name))
		example := plain(v.Default)
		if v.Pattern == "url" {
			example = cmp.Or(example, "https://login.example.org")
		}
		box.Add(f.put(fieldVar+name, label, "", f.u.entry(example)))
	}
	if len(box.Objects) == 0 {
		return nil
	}
	return card("", box)
}

// reach is where the token is good for.
func (f *form) reach() fyne.CanvasObject {
	return card(tr("Where the token is used"), spaced(14,
		f.put(fieldAPI, tr("API address (optional)"), tr("Requests that Authtray sends for your tools go there."), f.u.entry("https://api.example.org")),
		f.put(fieldHosts, tr("Hosts (optional)"), tr("Git, docker and other tools get this token for these hosts, separated by commas."), f.u.entry("git.example.org"))))
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
	if f.guide.object != nil && n.register {
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
		label = tr("Client secret")
		hint = tr("{{.Provider}} wants it for signing in with the browser. “Connect with a code” needs none.", "Provider", plain(f.entry.Name))
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
	if len(f.entry.ScopeSets) == 0 {
		return card(tr("Scopes"), f.scopes.box, at.object)
	}
	return card(tr("Scopes"), f.scopes.box, at.object, f.scopeSets())
}

// scopeSets are the entry's ready choices: one takes the place of what stands there.
func (f *form) scopeSets() fyne.CanvasObject {
	rows := spaced(2, small(tr("Or take a ready choice:")))
	for _, set := range f.entry.ScopeSets {
		e := f.entry.Clone()
		e.AuthorizeOpts.Scopes = set.Scopes
		rows.Add(container.NewHBox(f.u.button(text.Capitalize(foreign(set.About)), nil, func() { f.scopes.set(e.DefaultScopes()) }).low()))
	}
	return rows
}
