package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// entry is Fyne's, which keeps every key and shortcut to itself; this one
// passes on those that are the window's.
type entry struct {
	widget.Entry
	u    *ui
	down func() // arrow down; nil: Fyne's own
}

func (u *ui) entry(placeholder string) *entry {
	e := &entry{u: u}
	e.PlaceHolder = placeholder
	e.Scroll = fyne.ScrollHorizontalOnly
	e.ExtendBaseWidget(e)
	return e
}

// secret is an entry that shows dots.
func (u *ui) secret(placeholder string) *entry {
	e := u.entry(placeholder)
	e.Password = true
	return e
}

func (e *entry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyEscape || k.Name == fyne.KeyF1:
		e.u.typed(k)
	case k.Name == fyne.KeyDown && e.down != nil:
		e.down()
	default:
		e.Entry.TypedKey(k)
	}
}

func (e *entry) TypedShortcut(s fyne.Shortcut) {
	if own, ok := s.(*desktop.CustomShortcut); ok && e.u.shortcut(own) {
		return
	}
	e.Entry.TypedShortcut(s)
}

func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	e.u.reveal(e)
}
