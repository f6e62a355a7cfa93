package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

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
