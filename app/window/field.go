package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// field is a labelled place for a value, and for what is wrong with it.
type field struct {
	*entry
	object fyne.CanvasObject
	error  *widget.Label
}

func (u *ui) newField(label, hint, text string, e *entry) *field {
	at := &field{entry: e, error: small("")}
	at.error.Importance = widget.DangerImportance
	at.error.Hide()
	box := spaced(4)
	if label != "" {
		box.Add(newLine(label))
	}
	box.Add(e)
	if hint != "" {
		box.Add(container.New(inset{2, 0}, caption(hint)))
	}
	box.Add(container.New(flush{theme.InnerPadding() - 2, 6}, at.error))
	e.OnChanged = func(string) { at.clear() }
	at.object = box
	if text != "" {
		e.SetText(text)
	}
	return at
}

func (at *field) wrong(text string) {
	at.error.SetText(text)
	at.error.Show()
}

func (at *field) clear() {
	if at.error.Visible() {
		at.error.Hide()
	}
}
