package window

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/tokens"
)

// list is the connections, those that need the user first.
type list struct {
	u        *ui
	items    []tokens.Status
	rows     []*row // those that Fyne made; each shows one visible item
	measure  *row
	heights  map[int]float32 // as Fyne was told
	widget   *keyList
	filter   *entry
	top      *fyne.Container
	empty    *widget.Label
	selected string // name; "" where there is nothing to select
	wanted   string // to be selected when it is heard of
	picked   bool   // the user chose what is selected
}

// crowd is from how many connections on a filter is worth its room.
const crowd = 7

func (u *ui) newList() *list {
	l := &list{u: u, heights: map[int]float32{}, measure: u.row(), filter: u.entry(tr("Filter connections"))}
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
	return container.NewBorder(l.top, nil, nil, nil, container.NewStack(l.widget, container.NewVBox(l.empty)))
}

// show brings the list up to date with the model.
func (l *list) show() {
	l.items = l.u.model.listed(l.filter.Text)
	l.top.Hidden = len(l.u.model.all) < crowd && l.filter.Text == "" && !l.filtering()
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
	for i, s := range l.items {
		l.height(i, l.measure.tall(s, width))
	}
}

// height tells Fyne of an item that is not as high as it was: telling it of
// every item every time would have it make rows for all of them.
func (l *list) height(i int, h float32) {
	was, told := l.heights[i]
	if was == h || (!told && h == rowHeight) {
		return
	}
	l.heights[i] = h
	l.widget.SetItemHeight(i, h)
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
	i := slices.IndexFunc(l.items, func(s tokens.Status) bool { return s.Name == l.wanted })
	if i < 0 && l.picked {
		i = slices.IndexFunc(l.items, func(s tokens.Status) bool { return s.Name == l.selected })
	} else if i >= 0 {
		l.wanted, l.picked = "", true
	}
	l.widget.quietly(max(i, 0))
	l.chosen(l.items[max(i, 0)].Name)
}

func (l *list) chosen(name string) {
	if l.selected != name {
		l.selected = name
		l.widget.Refresh()
		l.u.details.showConnection(name)
	}
}

// choose selects a connection by name, as soon as it is known.
func (l *list) choose(name string) {
	l.wanted = name
	l.show()
}

// keyList is Fyne's list in which the arrow keys select, not only highlight.
type keyList struct {
	widget.List
	list  *list
	at    int // the item that is selected
	lit   int // the one that Fyne lights up
	quiet bool
}

func newKeyList(l *list) *keyList {
	k := &keyList{list: l, at: -1}
	k.Length = func() int { return len(l.items) }
	k.HideSeparators = true
	k.CreateItem = func() fyne.CanvasObject {
		r := l.u.row()
		l.rows = append(l.rows, r)
		return r
	}
	k.UpdateItem = func(i int, o fyne.CanvasObject) {
		o.(*row).show(l.items[i], l.u.out.now(), l.items[i].Name == l.selected)
	}
	k.OnHighlighted = func(i int) { k.lit = i }
	k.OnSelected = func(i int) {
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

func (k *keyList) TypedKey(e *fyne.KeyEvent) {
	last := len(k.list.items) - 1
	step := map[fyne.KeyName]int{fyne.KeyDown: 1, fyne.KeyUp: -1, fyne.KeyPageDown: 8, fyne.KeyPageUp: -8, fyne.KeyHome: -last, fyne.KeyEnd: last}
	switch by, moves := step[e.Name]; {
	case moves && last >= 0:
		k.Select(min(max(k.at+by, 0), last))
	case e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		k.list.u.details.enter()
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
	add := u.button(tr("Add a connection"), theme.ContentAddIcon(), u.add).primary()
	body := spaced(14, container.NewCenter(icon), text, container.NewCenter(add))
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
	u.views[viewConnections].Refresh()
}
