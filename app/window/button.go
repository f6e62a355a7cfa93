package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// button is Fyne's, pressed with Enter as well as with Space, and it passes
// Escape on.
type button struct {
	widget.Button
	escape func()
}

func (u *ui) button(text string, icon fyne.Resource, tapped func()) *button {
	b := &button{escape: u.back}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// primary marks the one button that leads on.
func (b *button) primary() *button {
	b.Importance = widget.HighImportance
	return b
}

// low is for actions that should not ask for attention.
func (b *button) low() *button {
	b.Importance = widget.LowImportance
	return b
}

func (b *button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	case fyne.KeyEscape:
		b.escape()
	default:
		b.Button.TypedKey(e)
	}
}
