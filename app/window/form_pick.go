package window

import (
	"cmp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
)

// pick is the first step to a new connection: which provider.
type pick struct {
	u      *ui
	search *entry
	list   *pickList
	none   *widget.Label
	all    []api.Brief
	found  []api.Brief
}

func (u *ui) newPick() *pick {
	p := &pick{u: u, search: u.entry(tr("Search providers")), none: small("")}
	p.none.Alignment = fyne.TextAlignCenter
	p.search.Icon = theme.SearchIcon()
	p.list = newPickList(p)
	p.search.OnChanged = func(string) { p.show() }
	p.search.OnSubmitted = func(string) { p.choose(0) }
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
	p.found = found(p.all, p.search.Text)
	p.none.Hidden = len(p.found) > 0
	p.none.SetText(tr("No provider of that name. “OpenID Connect” works with any server that speaks it."))
	p.list.UnselectAll()
	p.list.at = 0
	p.list.ScrollToTop()
	p.list.Refresh()
}

// found are the providers whose name, id or aliases hold every word; those that
// begin with what was typed come first.
func found(all []api.Brief, typed string) []api.Brief {
	words := strings.Fields(strings.ToLower(typed))
	out := []api.Brief{}
	for _, b := range all {
		text := strings.ToLower(b.Name + " " + b.ID + " " + strings.Join(b.Aliases, " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b api.Brief) int {
		return cmp.Or(cmp.Compare(matchRank(a, typed), matchRank(b, typed)), cmp.Compare(common(a, words), common(b, words)), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return out
}

// frequent are the providers that most people look for, in the order of the list
// where nothing is typed yet.
var frequent = []string{"github", "google", "gitlab", "microsoft", "oidc", "mcp"}

func common(b api.Brief, words []string) int {
	if i := slices.Index(frequent, b.ID); i >= 0 && len(words) == 0 {
		return i
	}
	return len(frequent)
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
	if i >= len(p.found) {
		return
	}
	p.u.withEntry(p.found[i].ID, func(e api.Provider) { p.u.form.begin(e) })
}

// pickList is a list of providers that Enter takes one of.
type pickList struct {
	widget.List
	pick    *pick
	at      int
	focused bool
}

func newPickList(p *pick) *pickList {
	l := &pickList{pick: p}
	l.HideSeparators = true
	l.Length = func() int { return len(p.found) }
	l.CreateItem = func() fyne.CanvasObject { return newPickRow() }
	l.UpdateItem = func(i int, o fyne.CanvasObject) {
		o.(*pickRow).ring.Hidden = !l.focused || l.at != i
		o.(*pickRow).show(p.found[i])
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
	case e.Name == fyne.KeyUp && l.at == 0:
		l.pick.u.focus(l.pick.search)
	default:
		l.List.TypedKey(e)
	}
}

type pickRow struct {
	widget.BaseWidget
	mark *mark
	name *line
	id   *line
	ring *ground
}

func newPickRow() *pickRow {
	r := &pickRow{mark: newMark(30), name: newLine(""), id: caption("").fixed(), ring: newRing()}
	r.ExtendBaseWidget(r)
	return r
}

func (r *pickRow) show(b api.Brief) {
	r.mark.of(b.ID, b.Name)
	r.name.set(plain(b.Name))
	r.id.set(plain(b.ID))
	r.Refresh()
}

func (r *pickRow) CreateRenderer() fyne.WidgetRenderer {
	mark := container.New(inset{8, 6}, r.mark)
	return widget.NewSimpleRenderer(container.NewStack(container.NewBorder(nil, nil, mark, container.New(inset{10, 0}, middled(r.id)), middled(r.name)), r.ring))
}
