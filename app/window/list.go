package window

import (
	"slices"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/tokens"
)

// list is the connections in their groups, those that need the user first.
type list struct {
	u        *ui
	items    []item
	rows     []*row // those that Fyne made; each shows one visible item
	measure  *row
	heights  heights
	widget   *keyList
	filter   *entry
	top      *fyne.Container
	box      *fyne.Container
	empty    *widget.Label
	selected string // name; "" where there is nothing to select
	wanted   string // to be selected when it is heard of
	picked   bool   // the user chose what is selected
}

// item is an entry of the list: a connection, or the heading of those below it.
type item struct {
	tokens.Status
	group   group
	heading string // "" for a connection
}

// grouped puts headings above the groups, where there is more than one.
func grouped(all []tokens.Status, now time.Time) []item {
	var out []item
	size := map[group]int{}
	for _, s := range all {
		size[groupOf(s, now)]++
	}
	for _, s := range all {
		g := groupOf(s, now)
		if len(size) > 1 && (len(out) == 0 || out[len(out)-1].group != g) {
			out = append(out, item{group: g, heading: g.heading() + " (" + strconv.Itoa(size[g]) + ")"})
		}
		out = append(out, item{Status: s, group: g})
	}
	return out
}

// crowd is from how many connections on a filter is worth its room.
const crowd = 7

func (u *ui) newList() *list {
	l := &list{u: u, heights: heights{}, measure: u.row(), filter: u.entry(tr("Filter connections"))}
	l.widget = newKeyList(l)
	l.filter.Icon = theme.SearchIcon()
	l.filter.OnChanged = func(string) { l.show() }
	l.filter.down = func() { u.focus(l.widget) }
	l.empty = small("")
	l.empty.Alignment = fyne.TextAlignCenter
	l.top = padded(8, l.filter)
	l.top.Hide()
	l.empty.Hide()
	return l
}

func (l *list) object() fyne.CanvasObject {
	l.box = container.NewBorder(l.top, nil, nil, nil, container.NewStack(l.widget, container.NewVBox(l.empty)))
	return l.box
}

// show brings the list up to date with the model.
func (l *list) show() {
	l.items = grouped(l.u.model.listed(l.filter.Text, l.u.out.now()), l.u.out.now())
	if hide := len(l.u.model.all) < crowd && l.filter.Text == "" && !l.filtering(); hide != l.top.Hidden {
		l.top.Hidden = hide
		l.box.Refresh() // the list is as high as it will be before one of it is brought into sight
	}
	l.empty.SetText(tr("No connection matches “{{.Filter}}”. Escape clears the filter.", "Filter", plain(l.filter.Text)))
	l.empty.Hidden = len(l.items) > 0 || l.filter.Text == ""
	l.sized()
	l.widget.Refresh()
	l.keepSelection()
	l.u.showWelcome(l.u.known && len(l.u.model.all) == 0)
	l.u.titled()
}

// filtering reports whether the filter has the focus.
func (l *list) filtering() bool { return l.u.focused() == fyne.Focusable(l.filter) }

// sized gives each item the height that it needs at the list's width.
func (l *list) sized() {
	width := l.widget.Size().Width
	if width <= 0 {
		return
	}
	for i, it := range l.items {
		l.heights.tell(&l.widget.List, i, l.measure.tall(it, l.u.out.now(), width), rowHeight)
	}
}

// heights are those of a list's items, as Fyne was told.
type heights map[int]float32

// tell tells Fyne of an item that is not as high as it was; most are as high as
// usual. Telling it of every item every time would have it make rows for all of them.
func (t heights) tell(l *widget.List, i int, h, usual float32) {
	was, told := t[i]
	if was == h || (!told && h == usual) {
		return
	}
	t[i] = h
	l.SetItemHeight(i, h)
}

// keepSelection keeps the same connection selected wherever it now stands, or
// takes the first one.
func (l *list) keepSelection() {
	if len(l.items) == 0 {
		l.widget.UnselectAll()
		l.widget.at = -1
		l.chosen("")
		return
	}
	i := l.at(l.wanted)
	if i < 0 && l.picked {
		i = l.at(l.selected)
	} else if i >= 0 {
		l.wanted, l.picked = "", true
	}
	if i < 0 {
		i = l.near(0, 1)
	}
	l.widget.quietly(i)
	l.chosen(l.items[i].Name)
}

// at is where a connection stands; -1: nowhere.
func (l *list) at(name string) int {
	return slices.IndexFunc(l.items, func(it item) bool { return it.heading == "" && it.Name == name && name != "" })
}

// near is the connection at i, or the next one in a direction, or else in the other.
func (l *list) near(i, by int) int {
	i = min(max(i, 0), len(l.items)-1)
	for at := i; at >= 0 && at < len(l.items); at += by {
		if l.items[at].heading == "" {
			return at
		}
	}
	return l.near(i-by, -by)
}

func (l *list) chosen(name string) {
	if l.selected != name {
		l.selected = name
		l.widget.Refresh()
		l.u.details.showConnection(name)
	}
}

// fill shows an item in a row.
func (l *list) fill(r *row, i int) {
	it := l.items[i]
	if it.heading != "" {
		r.showHeading(it.heading)
		return
	}
	chosen := it.Name == l.selected
	r.show(it.Status, l.u.out.now(), chosen)
	r.ring.Hidden = !chosen || !l.widget.focused
}

// regroup moves connections that the time has brought into another group.
func (l *list) regroup() {
	now := l.u.out.now()
	if slices.ContainsFunc(l.items, func(it item) bool { return it.heading == "" && groupOf(it.Status, now) != it.group }) {
		l.show()
	}
}

// tick brings the times in the rows up to date.
func (l *list) tick() {
	now := l.u.out.now()
	for _, r := range l.rows {
		r.tick(now)
	}
}

// choose selects a connection by name, as soon as it is known.
func (l *list) choose(name string) {
	l.wanted = name
	l.show()
}

// open selects a connection that was clicked, also the one that is selected already:
// its details may be out of sight.
func (l *list) open(name string) {
	i := l.at(name)
	if i < 0 {
		return
	}
	l.u.focus(l.widget)
	l.widget.Select(i)
	l.u.panes.reads(true)
}

// keyList is Fyne's list in which the arrow keys select, not only highlight.
type keyList struct {
	widget.List
	list  *list
	at    int // the item that is selected
	lit   int // the one that Fyne lights up
	quiet bool

	focused bool
}

func newKeyList(l *list) *keyList {
	k := &keyList{list: l, at: -1}
	k.Length = func() int { return len(l.items) }
	k.HideSeparators = true
	k.CreateItem = func() fyne.CanvasObject {
		r := l.u.row()
		r.tapped = l.open
		l.rows = append(l.rows, r)
		return r
	}
	k.UpdateItem = func(i int, o fyne.CanvasObject) {
		l.fill(o.(*row), i)
	}
	k.OnHighlighted = func(i int) { k.lit = i }
	k.OnSelected = func(i int) {
		if l.items[i].heading != "" {
			k.Select(k.at)
			return
		}
		k.at = i
		k.light()
		if !k.quiet {
			l.picked = true
			l.chosen(l.items[i].Name)
		}
	}
	k.ExtendBaseWidget(k)
	return k
}

// quietly selects without scrolling to the item or opening it.
func (k *keyList) quietly(i int) {
	if i == k.at {
		return
	}
	k.quiet = true
	k.Select(i)
	k.quiet = false
}

// light has Fyne light up the item that is selected, and no other: it moves
// its light by keys alone.
func (k *keyList) light() {
	for was := -1; k.lit != k.at && k.lit != was; {
		was = k.lit
		key := fyne.KeyDown
		if k.lit > k.at {
			key = fyne.KeyUp
		}
		k.List.TypedKey(&fyne.KeyEvent{Name: key})
	}
}

func (k *keyList) Resize(s fyne.Size) {
	wider := s.Width != k.Size().Width
	k.List.Resize(s)
	if wider {
		k.list.sized()
	}
}

// FocusGained shows where the focus is: on the row that is selected.
func (k *keyList) FocusGained() {
	k.focused = true
	k.List.FocusGained()
	k.Refresh()
}

func (k *keyList) FocusLost() {
	k.focused = false
	k.List.FocusLost()
	k.Refresh()
}

func (k *keyList) TypedKey(e *fyne.KeyEvent) {
	last := len(k.list.items) - 1
	step := map[fyne.KeyName]int{fyne.KeyDown: 1, fyne.KeyUp: -1, fyne.KeyPageDown: 8, fyne.KeyPageUp: -8, fyne.KeyHome: -last, fyne.KeyEnd: last}
	switch by, moves := step[e.Name]; {
	case moves && last >= 0:
		k.Select(k.list.near(k.at+by, max(min(by, 1), -1)))
	case e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		if u := k.list.u; u.panes.narrow {
			u.panes.reads(true)
		} else {
			u.details.enter()
		}
	default:
		k.list.u.typed(e)
	}
}

// newWelcome is what stands where there is no connection yet.
func (u *ui) newWelcome() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(appIcon)
	icon.SetMinSize(fyne.NewSquareSize(88))
	text := paragraph(tr("Connect an account once, and your tools always have a token that works."))
	text.Alignment = fyne.TextAlignCenter
	safe := small(tr("GitHub, Google, GitLab, MCP servers and many more. Tokens stay in your keychain."))
	safe.Alignment = fyne.TextAlignCenter
	add := u.button(tr("Add a connection"), theme.ContentAddIcon(), u.add).primary()
	body := spaced(14, container.NewCenter(icon), text, safe, container.NewCenter(add))
	return container.NewStack(newPlane(theme.ColorNameBackground), container.New(column{420}, middled(body)))
}

func (u *ui) showWelcome(on bool) {
	if on == u.welcome.Visible() {
		return
	}
	if u.welcome.Hide(); on {
		u.welcome.Show()
		if u.list.filtering() {
			u.focus(nil)
		}
	}
	u.panes.Hidden = on
	u.showAdd()
	u.views[viewConnections].Refresh()
}

// showAdd shows the header's button, but where the page has it.
func (u *ui) showAdd() {
	if u.adds.Show(); u.view == viewConnections && u.welcome.Visible() {
		u.adds.Hide()
	}
}
