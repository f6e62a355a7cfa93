package window

import (
	"context"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
)

// ui is the window. Its fields belong to the UI's goroutine, but for agent, out
// and ctx, which do not change.
type ui struct {
	agent Agent
	out   surroundings
	ctx   context.Context

	app     fyne.App
	win     fyne.Window
	profile string
	version string
	config  string // the folder of the configuration

	present bool // the agent's event stream is open
	known   bool // the list of connections is complete
	model   *model
	entries map[string]api.Provider

	views     map[view]fyne.CanvasObject
	stack     *fyne.Container
	scrolls   map[view]*container.Scroll
	view      view
	tabs      []*tab
	adds      *button // the header's; the page without connections has one of its own
	list      *list
	details   *details
	welcome   fyne.CanvasObject
	panes     *panes
	pick      *pick
	form      *form
	flow      *connecting
	activity  *activity
	settings  *settings
	banner    *banner
	foot      *line
	footSince int
	undo      *undo
	dialog    *widget.PopUp
	below     fyne.Focusable // gets the focus when the dialog is dismissed
	clipboard *clipboard
	//lint:ignore U1000 without cgo, as macOS is checked, no window is run
	inFront bool // the desktop says that the window has the focus
}

// view is what fills the window below its header.
type view int

const (
	viewConnections view = iota
	viewActivity
	viewSettings
	viewPick
	viewForm
	viewFlow
)

func newUI(ctx context.Context, app fyne.App, agent Agent, out surroundings, o Options) *ui {
	u := &ui{agent: agent, out: out, ctx: ctx, app: app, profile: o.Profile, version: o.Version, config: o.Config,
		model: newModel(), entries: map[string]api.Provider{}, scrolls: map[view]*container.Scroll{}}
	u.win = app.NewWindow(u.title())
	u.clipboard = &clipboard{Clipboard: app.Clipboard(), out: out}
	u.build()
	u.win.SetPadded(false)
	u.win.SetContent(u.frame())
	u.win.Resize(u.firstSize(fyne.Size{}))
	u.shortcuts()
	u.show(viewConnections)
	return u
}

// firstSize is the size that the window had when it was closed last, but no larger
// than most of the screen, which is zero where it is not known.
func (u *ui) firstSize(screen fyne.Size) fyne.Size {
	p := u.app.Preferences()
	w, h := float32(p.FloatWithFallback(windowWidth, 1000)), float32(p.FloatWithFallback(windowHeight, 680))
	if !screen.IsZero() {
		w, h = min(w, screen.Width*mostOfScreen), min(h, screen.Height*mostOfScreen)
	}
	return fyne.NewSize(min(max(w, 455), 4000), min(max(h, 234), 3000))
}

// mostOfScreen is how much of the screen a new window takes.
const mostOfScreen = 0.85

// fit makes the window no larger than most of the screen, in pixels. What a unit is
// there is known when the window is on it.
func (u *ui) fit(screen fyne.Size) {
	scale := u.win.Canvas().Scale()
	size := u.firstSize(fyne.NewSize(screen.Width/scale, screen.Height/scale))
	if size != u.firstSize(fyne.Size{}) {
		u.win.Resize(size)
		u.win.CenterOnScreen()
	}
}

// remember keeps the window's size for the next one.
func (u *ui) remember() {
	size := u.win.Canvas().Size()
	u.app.Preferences().SetFloat(windowWidth, float64(size.Width))
	u.app.Preferences().SetFloat(windowHeight, float64(size.Height))
}

// Where the window's size is kept.
const (
	windowWidth  = "window-width"
	windowHeight = "window-height"
)

func (u *ui) build() {
	u.banner = u.newBanner()
	u.foot = caption("")
	u.undo = u.newUndo()
	u.list, u.details = u.newList(), u.newDetails()
	u.pick, u.form, u.flow = u.newPick(), u.newForm(), u.newConnecting()
	u.activity, u.settings = u.newActivity(), u.newSettings()
	u.panes = u.newPanes()
	u.scrolls[viewConnections] = u.details.scroll
	u.welcome = u.newWelcome()
	u.welcome.Hide()
	u.views = map[view]fyne.CanvasObject{
		viewConnections: container.NewStack(u.panes.object(), u.welcome),
		viewActivity:    u.activity.object(),
		viewSettings:    u.settings.object(),
		viewPick:        u.pick.object(),
		viewForm:        u.form.object(),
		viewFlow:        u.flow.object(),
	}
	u.stack = container.NewStack()
	for v := viewConnections; v <= viewFlow; v++ {
		u.stack.Add(u.views[v])
	}
}

func (u *ui) frame() fyne.CanvasObject {
	u.adds = u.button(tr("Add a connection"), theme.ContentAddIcon(), u.add).primary()
	tabs := sideBySide(4)
	for i, name := range []string{tr("Connections"), tr("Activity"), tr("Settings")} {
		t := u.newTab(name, view(i))
		u.tabs = append(u.tabs, t)
		tabs.Add(t.object())
	}
	bar := container.NewBorder(nil, nil, container.New(inset{8, 0}, tabs), padded(8, container.NewStack(space(1, u.adds.MinSize().Height), u.adds)))
	head := container.NewStack(newPlane(theme.ColorNameHeaderBackground), container.NewVBox(bar))
	foot := container.New(layout.NewCustomPaddedLayout(5, 5, 14, 14), container.NewBorder(nil, nil, nil, caption(tr("F1 shows the shortcuts")).fixed(), u.foot))
	return container.NewBorder(
		container.NewVBox(head, widget.NewSeparator(), u.banner.object),
		container.NewVBox(u.undo.object, widget.NewSeparator(), foot), nil, nil, u.stack)
}

// plane is a ground without edge or corners.
func newPlane(c fyne.ThemeColorName) *ground {
	g := newGround(c, c)
	g.radius = 0
	return g
}

// show brings a view to the front. The focus does not stay in another one: keys
// would go to what cannot be seen, and its cursor would go on blinking.
func (u *ui) show(v view) {
	u.focus(nil)
	if u.view == viewForm && v != viewForm && v != viewFlow {
		u.form.dropSecret()
	}
	u.view = v
	for at, o := range u.views {
		if at == v {
			o.Show()
		} else {
			o.Hide()
		}
	}
	for _, t := range u.tabs {
		if t.rule.Hidden = t.view != v; t.rule.Hidden {
			t.rule.Hide()
		} else {
			t.rule.Show()
		}
	}
	u.showAdd()
	u.entered(v)
	u.stack.Refresh()
}

// entered gives a view the focus where it wants it, and news.
func (u *ui) entered(v view) {
	switch v {
	case viewConnections:
		u.list.tick()
		u.details.tick()
		u.panes.reads(false)
		u.focus(u.list.widget)
	case viewActivity:
		u.activity.opened()
	case viewSettings:
		u.settings.load()
	case viewPick:
		u.focus(u.pick.search)
	}
}

// visit shows a connection that somebody outside the window wants to see; "" is
// none. It does not take a question or a sign-in under way off the screen.
func (u *ui) visit(name string) {
	if name == "" || u.dialog != nil || u.view == viewFlow && u.flow.pending {
		return
	}
	u.list.filter.SetText("")
	u.show(viewConnections)
	u.list.choose(name)
	u.panes.reads(true)
}

// back leaves what lies on top: a dialog, then the way to a new connection.
func (u *ui) back() {
	switch {
	case u.dialog != nil:
		u.dismiss()
	case u.view == viewFlow:
		u.flow.leave()
	case u.view == viewForm && u.form.editing == "":
		u.show(viewPick)
	case u.view == viewConnections && u.list.filter.Text != "":
		u.list.filter.SetText("")
	case u.view == viewConnections && u.panes.goBack():
	default:
		u.show(viewConnections)
	}
}

// focus gives o the focus; nil takes it from whatever has it. Below a dialog o
// has to wait until the dialog is dismissed.
func (u *ui) focus(o fyne.Focusable) {
	if u.dialog != nil {
		u.below = o
		return
	}
	u.win.Canvas().Focus(o)
}

// focused is what has the focus, or will have it once the dialog is dismissed.
func (u *ui) focused() fyne.Focusable {
	if u.dialog != nil {
		return u.below
	}
	return u.win.Canvas().Focused()
}

// openURL opens a page in the system browser.
func (u *ui) openURL(url string) {
	tell(u, func(context.Context) error { return u.out.browse(url) }, func(err error) {
		if err != nil {
			u.sorry(err)
		}
	})
}

// withEntry calls then with a provider's entry: at once where it is known.
func (u *ui) withEntry(id string, then func(api.Provider)) {
	if e, ok := u.entries[id]; ok {
		then(e)
		return
	}
	ask(u, bound(id, u.agent.Provider), func(e api.Provider, err error) {
		if err != nil {
			u.sorry(err)
			return
		}
		u.entries[id] = e
		then(e)
	})
}

// title names the profile, and how many connections wait for their user.
func (u *ui) title() string {
	name := "Authtray"
	if u.profile != "" {
		name += " · " + u.profile
	}
	if u.model != nil {
		if n := u.model.needing(u.out.now()); n > 0 {
			return "(" + strconv.Itoa(n) + ") " + name
		}
	}
	return name
}

func (u *ui) titled() {
	if t := u.title(); t != u.win.Title() {
		u.win.SetTitle(t)
	}
}

// tab is one of the header's three.
type tab struct {
	*button
	rule *ground
	view view
}

func (u *ui) newTab(name string, v view) *tab {
	t := &tab{button: u.button(name, nil, func() { u.show(v) }).low(), rule: newPlane(theme.ColorNamePrimary), view: v}
	return t
}

func (t *tab) object() fyne.CanvasObject {
	rule := container.NewStack(space(1, 3), container.New(layout.NewCustomPaddedLayout(0, 0, 8, 8), t.rule))
	return container.NewBorder(nil, rule, nil, nil, container.NewVBox(layout.NewSpacer(), t.button, layout.NewSpacer()))
}
