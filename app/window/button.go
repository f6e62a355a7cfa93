package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// button is Fyne's, pressed with Enter as well as with Space, and it passes
// the window's own keys on.
type button struct {
	widget.Button
	u *ui
}

func (u *ui) button(text string, icon fyne.Resource, tapped func()) *button {
	b := &button{u: u}
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
	case fyne.KeyEscape, fyne.KeyF1:
		b.u.typed(e)
	default:
		b.Button.TypedKey(e)
	}
}

// check is Fyne's, and passes the window's own keys on.
type check struct {
	widget.Check
	u *ui
}

func (u *ui) check(text string, changed func(bool)) *check {
	c := &check{u: u}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

func (c *check) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		c.SetChecked(!c.Checked)
	case fyne.KeyEscape, fyne.KeyF1:
		c.u.typed(e)
	default:
		c.Check.TypedKey(e)
	}
}

// rows is Fyne's list, and passes the window's own keys on.
type rows struct {
	widget.List
	u *ui
}

func (u *ui) rows(length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *rows {
	r := &rows{u: u}
	r.Length, r.CreateItem, r.UpdateItem = length, create, update
	r.HideSeparators = true
	r.OnSelected = func(int) { r.UnselectAll() }
	r.ExtendBaseWidget(r)
	return r
}

func (r *rows) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape || e.Name == fyne.KeyF1 {
		r.u.typed(e)
		return
	}
	r.List.TypedKey(e)
}

func (b *button) FocusGained() {
	b.Button.FocusGained()
	b.u.reveal(b)
}

func (c *check) FocusGained() {
	c.Check.FocusGained()
	c.u.reveal(c)
}
