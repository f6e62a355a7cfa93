package window

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
)

// pick is the first step to a new connection: which provider.
type pick struct {
	u      *ui
	search *entry
	list   *pickList
	none   *widget.Label
	all    []api.Brief
	items  []choice
}

// choice is an entry of the list: a provider, or the heading of those below it.
type choice struct {
	api.Brief
	heading string             // "" for a provider
	guess   catalog.Connection // what a host that was typed says of the connection
}

func (u *ui) newPick() *pick {
	p := &pick{u: u, search: u.entry(tr("Search providers")), none: small("")}
	p.none.Alignment = fyne.TextAlignCenter
	p.search.Icon = theme.SearchIcon()
	p.list = newPickList(p)
	p.search.OnChanged = func(string) { p.show() }
	p.search.OnSubmitted = func(string) { p.choose(p.first()) }
	p.search.down = func() { u.focus(p.list) }
	return p
}

func (p *pick) object() fyne.CanvasObject {
	head := spaced(12, p.u.wayBack(func() string { return tr("Add a connection") }, p.u.back), p.search)
	return container.New(column{560}, padded(20, container.NewBorder(head, nil, nil, nil, container.NewStack(p.list, container.NewVBox(p.none)))))
}

// wayBack is the head of a page that one can leave.
func (u *ui) wayBack(title func() string, leave func()) *fyne.Container {
	b := u.button("", theme.NavigateBackIcon(), leave).low()
	return container.NewBorder(nil, nil, b, nil, container.New(inset{6, 6}, newLine(title()).bold().sized(theme.SizeNameHeadingText)))
}

// add begins a new connection.
func (u *ui) add() {
	u.dismiss()
	u.pick.search.SetText("")
	u.show(viewPick)
	ask(u, u.agent.Providers, func(all []api.Brief, err error) {
		if err != nil {
			u.pick.none.SetText(explain(err))
			u.pick.none.Show()
			return
		}
		u.pick.all = all
		u.pick.show()
	})
}

func (p *pick) show() {
	p.items = choices(p.all, p.search.Text)
	p.draw()
	if typed := strings.TrimSpace(p.search.Text); len(p.items) == 0 && isHost(typed) {
		ask(p.u, func(ctx context.Context) ([]catalog.Connection, error) { return p.u.agent.ForHost(ctx, typed) },
			func(guesses []catalog.Connection, _ error) {
				if typed == strings.TrimSpace(p.search.Text) {
					p.guess(guesses)
				}
			})
	}
}

// isHost reports whether a text can be a host or URL, rather than the name of a
// provider.
func isHost(typed string) bool {
	return strings.Contains(typed, ".") && !strings.ContainsAny(typed, " \t")
}

// guess shows the providers that a host belongs to.
func (p *pick) guess(guesses []catalog.Connection) {
	for _, g := range guesses {
		if i := slices.IndexFunc(p.all, func(b api.Brief) bool { return b.ID == g.Provider }); i >= 0 {
			p.items = append(p.items, choice{Brief: p.all[i], guess: g})
		}
	}
	p.draw()
}

func (p *pick) draw() {
	p.none.Hidden = len(p.items) > 0
	p.none.SetText(tr("No provider of that name. “OpenID Connect” works with any server that speaks it."))
	p.list.UnselectAll()
	p.list.at = p.first()
	for i, c := range p.items {
		p.list.heights.tell(&p.list.List, i, c.tall(), pickHeight)
	}
	p.list.ScrollToTop()
	p.list.Refresh()
}

// first is where the first provider stands.
func (p *pick) first() int {
	return max(slices.IndexFunc(p.items, func(c choice) bool { return c.heading == "" }), 0)
}

// choices are what the list shows: where nothing is typed yet, the providers that
// most people look for, and then all.
func choices(all []api.Brief, typed string) (out []choice) {
	found := found(all, typed)
	if len(strings.Fields(typed)) == 0 {
		for _, id := range frequent {
			if i := slices.IndexFunc(found, func(b api.Brief) bool { return b.ID == id }); i >= 0 {
				out = append(out, choice{Brief: found[i]})
			}
		}
		if len(out) > 0 {
			out = append(append([]choice{{heading: tr("Common")}}, out...), choice{heading: tr("All providers")})
		}
	}
	for _, b := range found {
		out = append(out, choice{Brief: b})
	}
	return out
}

// found are the providers whose name, id or aliases hold every word; those that
// begin with what was typed come first. Where there are none, those that are spelled
// nearly so.
func found(all []api.Brief, typed string) []api.Brief {
	words := strings.Fields(strings.ToLower(typed))
	out := []api.Brief{}
	for _, b := range all {
		text := strings.ToLower(b.Name + " " + b.ID + " " + strings.Join(b.Aliases, " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		near, _ := catalog.Find(typed, all)
		return near
	}
	slices.SortStableFunc(out, func(a, b api.Brief) int {
		return cmp.Or(cmp.Compare(matchRank(a, typed), matchRank(b, typed)), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return out
}

// frequent are the providers that most people look for.
var frequent = []string{"github", "google", "gitlab", "microsoft", "oidc", "mcp"}

// toBring says what a person has to bring along for a provider.
func toBring(b api.Brief) string {
	own := b.Server == catalog.ServerOwn
	var needed string
	switch {
	case !b.NeedsApp && own:
		return tr("Needs the server's address; many servers want nothing else")
	case !b.NeedsApp:
		return tr("Nothing to register")
	case b.Secret == "none" || b.Secret == "optional":
		needed = tr("Needs a client ID")
	case b.Secret == "web_only":
		needed = tr("Needs a client ID; a secret too for signing in with the browser")
	default:
		needed = tr("Needs a client ID and secret")
	}
	switch b.Server {
	case catalog.ServerOwn:
		needed += " · " + tr("your own server")
	case catalog.ServerEither:
		needed += " · " + tr("your own server too")
	}
	return needed
}

func matchRank(b api.Brief, typed string) int {
	start := strings.ToLower(strings.TrimSpace(typed))
	if start == b.ID { // "mcp" is the server of one's own, not the first of those with a name
		return -1
	}
	if start == "" || strings.HasPrefix(strings.ToLower(b.Name), start) || strings.HasPrefix(b.ID, start) {
		return 0
	}
	return 1
}

func (p *pick) choose(i int) {
	if i >= len(p.items) || p.items[i].heading != "" {
		return
	}
	chosen := p.items[i]
	p.u.withEntry(chosen.ID, func(e api.Provider) {
		p.u.form.begin(e)
		p.u.form.suppose(chosen.guess)
		p.u.form.focusFirst()
	})
}

// pickList is a list of providers that Enter takes one of.
type pickList struct {
	widget.List
	pick    *pick
	heights heights
	at      int
	focused bool
}

func newPickList(p *pick) *pickList {
	l := &pickList{pick: p, heights: heights{}}
	l.HideSeparators = true
	l.Length = func() int { return len(p.items) }
	l.CreateItem = func() fyne.CanvasObject { return newPickRow() }
	l.UpdateItem = func(i int, o fyne.CanvasObject) {
		o.(*pickRow).ring.Hidden = !l.focused || l.at != i
		o.(*pickRow).show(p.items[i])
	}
	l.OnHighlighted = func(i int) {
		was := l.at
		l.at = i
		l.RefreshItem(was)
		l.RefreshItem(i)
	}
	l.OnSelected = func(i int) { l.UnselectAll(); p.choose(i) }
	l.ExtendBaseWidget(l)
	return l
}

func (l *pickList) FocusGained() {
	l.focused = true
	l.List.FocusGained()
	l.skip(fyne.KeyDown)
}

// skip leaves a heading in the direction of a key.
func (l *pickList) skip(key fyne.KeyName) {
	if l.at < len(l.pick.items) && l.pick.items[l.at].heading != "" {
		l.List.TypedKey(&fyne.KeyEvent{Name: key})
	}
}

func (l *pickList) FocusLost() {
	l.focused = false
	l.List.FocusLost()
	l.RefreshItem(l.at)
}

func (l *pickList) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		l.pick.choose(l.at)
	case e.Name == fyne.KeyEscape || e.Name == fyne.KeyF1:
		l.pick.u.typed(e)
	case e.Name == fyne.KeyUp && l.at <= l.pick.first():
		l.pick.u.focus(l.pick.search)
	default:
		l.List.TypedKey(e)
		l.skip(e.Name)
	}
}

// pickHeight is how high a provider's row is.
const pickHeight = 54

func (c choice) tall() float32 {
	if c.heading != "" {
		return rowHead
	}
	return pickHeight
}

type pickRow struct {
	widget.BaseWidget
	mark  *mark
	name  *line
	bring *line // what is needed
	head  *line // a heading; nothing else is shown then
	ring  *ground
}

func newPickRow() *pickRow {
	r := &pickRow{mark: newMark(30), name: newLine(""), bring: caption(""), head: caption("").bold(), ring: newRing()}
	r.ExtendBaseWidget(r)
	return r
}

func (r *pickRow) show(c choice) {
	heading := c.heading != ""
	r.mark.Hidden, r.name.Hidden, r.bring.Hidden, r.head.Hidden = heading, heading, heading, !heading
	r.head.set(c.heading)
	if !heading {
		r.mark.of(c.ID, c.Name)
		r.name.set(plain(c.Name))
		r.bring.set(toBring(c.Brief))
	}
	r.Refresh()
}

func (r *pickRow) MinSize() fyne.Size { return fyne.NewSize(200, pickHeight) }

func (r *pickRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(pickLayout{}, r.ring, r.head, r.mark, r.name, r.bring))
}

// pickLayout lays a row out: a heading at its foot, or a mark and two lines.
type pickLayout struct{}

func (pickLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	const left = 8 + 30 + 10
	ring, head, mark, name, bring := o[0], o[1], o[2], o[3], o[4]
	put(ring, 1, 1, size.Width-3, size.Height-2)
	put(head, 8, size.Height-head.MinSize().Height-4, size.Width-16, head.MinSize().Height)
	put(mark, 8, (size.Height-30)/2, 30, 30)
	put(name, left, 7, size.Width-left-8, name.MinSize().Height)
	put(bring, left, 29, size.Width-left-8, bring.MinSize().Height)
}

func (pickLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, rowHead) }
