package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ground is a rounded rectangle in the theme's colours.
type ground struct {
	widget.BaseWidget
	fill, edge fyne.ThemeColorName
	radius     float32
}

func newGround(fill, edge fyne.ThemeColorName) *ground {
	g := &ground{fill: fill, edge: edge, radius: 10}
	g.ExtendBaseWidget(g)
	return g
}

func (g *ground) colored(fill, edge fyne.ThemeColorName) {
	if g.fill != fill || g.edge != edge {
		g.fill, g.edge = fill, edge
		g.Refresh()
	}
}

func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{ground: g, rect: canvas.NewRectangle(nil)}
	r.Refresh()
	return r
}

type groundRenderer struct {
	ground *ground
	rect   *canvas.Rectangle
}

func (r *groundRenderer) Layout(s fyne.Size)           { r.rect.Resize(s) }
func (r *groundRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *groundRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *groundRenderer) Destroy()                     {}

func (r *groundRenderer) Refresh() {
	th, v := r.ground.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	r.rect.FillColor = th.Color(r.ground.fill, v)
	r.rect.StrokeColor = th.Color(r.ground.edge, v)
	r.rect.StrokeWidth = 1
	r.rect.CornerRadius = r.ground.radius
	r.rect.Refresh()
}

// card is content on a ground of its own, under a small title.
func card(title string, content ...fyne.CanvasObject) *fyne.Container {
	objects := content
	if title != "" {
		head := newLine(title).bold()
		objects = append([]fyne.CanvasObject{head}, content...)
	}
	return container.NewStack(newGround(colorCard, colorCardEdge), padded(16, spaced(12, objects...)))
}

// paragraph is text that wraps.
func paragraph(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// fine is small, quiet text that wraps.
func small(text string) *widget.Label {
	l := paragraph(text)
	l.SizeName = theme.SizeNameCaptionText
	l.Importance = widget.LowImportance
	return l
}
