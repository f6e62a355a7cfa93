package window

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/authtray/authtray/tokens"
)

// paneOf is which panes can be seen.
func (b *bench) paneOf() (list, details bool) {
	return b.panes.Leading.Visible(), b.panes.Trailing.Visible()
}

func (b *bench) shows(when string, list, details bool) {
	b.Helper()
	if l, d := b.paneOf(); l != list || d != details || b.details.back.Visible() != (list != details) {
		b.Errorf("%s: the list is shown: %v, the details: %v", when, l, d)
	}
}

// rowOf is a connection's row.
func (b *bench) rowOf(name string) (found *row) {
	b.Helper()
	walk(b.list.widget, func(o fyne.CanvasObject) {
		if r, ok := o.(*row); ok && r.status.Name == name {
			found = r
		}
	})
	if found == nil {
		b.Fatalf("%s has no row", name)
	}
	return found
}

func TestNarrowWindowShowsOnePaneAtATime(t *testing.T) {
	b := live(t, connected("alpha"), connected("work"))
	d := watchAnimations(b)
	b.win.Resize(fyne.NewSize(1000, 680))
	b.shows("wide", true, true)
	b.win.Resize(fyne.NewSize(640, 480))
	b.shows("narrow", true, false)
	if width := b.list.widget.Size().Width; width < 600 {
		t.Errorf("the list is %v wide", width)
	}
	test.Tap(b.rowOf("alpha")) // which is selected already
	b.shows("after a click", false, true)
	if b.details.name != "alpha" {
		t.Errorf("it shows %q", b.details.name)
	}
	b.press(fyne.KeyEscape)
	b.shows("after Escape", true, false)
	b.press(fyne.KeyDown)
	b.shows("after Down", true, false)
	b.press(fyne.KeyReturn)
	b.shows("after Enter", false, true)
	b.still(d, "with the list hidden")
	if b.details.name != "work" {
		t.Errorf("it shows %q", b.details.name)
	}
	b.tap(b.details.back)
	b.shows("after the arrow", true, false)
	if b.focused() != fyne.Focusable(b.list.widget) {
		t.Error("the list does not have the focus")
	}
	b.visit("alpha")
	b.shows("after it was asked for from outside", false, true)
	b.shortcutKey(fyne.Key1)
	b.shows("after Ctrl+1", true, false)
	b.win.Resize(fyne.NewSize(1000, 680))
	b.shows("wide again", true, true)
}

func TestNarrowWindowWithoutConnectionsOffersToAddOne(t *testing.T) {
	b := live(t, connected("alpha"))
	b.win.Resize(fyne.NewSize(640, 480))
	b.visit("alpha")
	b.model.all = map[string]tokens.Status{}
	b.list.show()
	if !b.welcome.Visible() {
		t.Error("nothing is offered")
	}
}
