package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// entry is Fyne's, which keeps Escape to itself; this one passes it on.
type entry struct {
	widget.Entry
	escape func()
	down   func() // arrow down; nil: Fyne's own
}

func (u *ui) entry(placeholder string) *entry {
	e := &entry{escape: u.back}
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
	case k.Name == fyne.KeyEscape:
		e.escape()
	case k.Name == fyne.KeyDown && e.down != nil:
		e.down()
	default:
		e.Entry.TypedKey(k)
	}
}
