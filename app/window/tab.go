package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// tab is one of the header's three.
type tab struct {
	*button
	rule *ground
	view view
}

func (u *ui) newTab(name string, v view) *tab {
	t := &tab{button: u.button(name, nil, func() { u.show(v) }).low(), rule: newPlane(theme.ColorNamePrimary), view: v}
	return t
}

func (t *tab) object() fyne.CanvasObject {
	rule := container.NewStack(space(1, 3), container.New(layout.NewCustomPaddedLayout(0, 0, 8, 8), t.rule))
	return container.NewBorder(nil, rule, nil, nil, container.NewVBox(layout.NewSpacer(), t.button, layout.NewSpacer()))
}
