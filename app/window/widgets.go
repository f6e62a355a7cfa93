package window

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// button is Fyne's, pressed with Enter as well as with Space, and it passes
// the window's own keys on.
type button struct {
	widget.Button
	u    *ui
	ring *ground // shown while the button has the focus
}

func (u *ui) button(text string, icon fyne.Resource, tapped func()) *button {
	b := &button{u: u, ring: newRing()}
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
	u    *ui
	ring *ground
}

func (u *ui) check(text string, changed func(bool)) *check {
	c := &check{u: u, ring: newRing()}
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
	u       *ui
	lit     int // the row that the keys are at
	focused bool
	open    func(int) // what a click or Space on a row does; may be nil
}

func (u *ui) rows(length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *rows {
	r := &rows{u: u}
	r.Length = length
	r.CreateItem = func() fyne.CanvasObject { return container.NewStack(create(), newRing()) }
	r.UpdateItem = func(i int, o fyne.CanvasObject) {
		both := o.(*fyne.Container).Objects
		update(i, both[0])
		if both[1].Hide(); r.focused && r.lit == i {
			both[1].Show()
		}
	}
	r.HideSeparators = true
	r.OnHighlighted = func(i int) {
		was := r.lit
		r.lit = i
		r.RefreshItem(was)
		r.RefreshItem(i)
	}
	r.OnSelected = func(i int) {
		r.UnselectAll()
		if r.open != nil {
			r.open(i)
		}
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *rows) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeyEscape || e.Name == fyne.KeyF1:
		r.u.typed(e)
	case (e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter) && r.lit < r.Length():
		r.Select(r.lit)
	default:
		r.List.TypedKey(e)
	}
}

func (r *rows) FocusGained() {
	r.focused = true
	r.List.FocusGained()
}

func (r *rows) FocusLost() {
	r.focused = false
	r.List.FocusLost()
}

// newRing is what stands round the object that has the focus.
func newRing() *ground {
	ring := newGround("", theme.ColorNameForeground)
	ring.width, ring.radius = 2, theme.InputRadiusSize()
	ring.Hide()
	return ring
}

// CreateRenderer adds the ring: Fyne tints what has the focus, which cannot be seen
// on a primary button.
func (b *button) CreateRenderer() fyne.WidgetRenderer {
	return ringedRenderer{b.Button.CreateRenderer(), b.ring}
}

type ringedRenderer struct {
	fyne.WidgetRenderer
	ring *ground
}

func (r ringedRenderer) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.ring.Resize(size)
}

func (r ringedRenderer) Objects() []fyne.CanvasObject {
	return append(slices.Clone(r.WidgetRenderer.Objects()), r.ring)
}

func (b *button) FocusLost() {
	b.Button.FocusLost()
	b.ring.Hide()
}

func (b *button) FocusGained() {
	b.Button.FocusGained()
	b.ring.Show()
	b.u.reveal(b)
}

func (c *check) CreateRenderer() fyne.WidgetRenderer {
	return ringedRenderer{c.Check.CreateRenderer(), c.ring}
}

func (c *check) FocusLost() {
	c.Check.FocusLost()
	c.ring.Hide()
}

func (c *check) FocusGained() {
	c.Check.FocusGained()
	c.ring.Show()
	c.u.reveal(c)
}

// entry is Fyne's, which keeps every key and shortcut to itself; this one
// passes on those that are the window's.
type entry struct {
	widget.Entry
	u    *ui
	ring *ground
	down func() // arrow down; nil: Fyne's own
}

func (u *ui) entry(placeholder string) *entry {
	e := &entry{u: u, ring: newRing()}
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

func (e *entry) CreateRenderer() fyne.WidgetRenderer {
	return ringedRenderer{e.Entry.CreateRenderer(), e.ring}
}

func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	e.ring.Hide()
}

func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	e.ring.Show()
	e.u.reveal(e)
}

// field is a labelled place for a value, and for what is wrong with it.
type field struct {
	*entry
	object fyne.CanvasObject
	hint   fyne.CanvasObject // nil: none
	error  *widget.Label
	ring   *ground // round a field that is wrong
}

func (u *ui) newField(label, hint, text string, e *entry) *field {
	at := &field{entry: e, error: small(""), ring: newGround("", theme.ColorNameError)}
	at.ring.radius = theme.InputRadiusSize()
	at.error.Importance = widget.DangerImportance
	at.error.Hide()
	at.ring.Hide()
	box := spaced(4)
	if label != "" {
		box.Add(newLine(label))
	}
	box.Add(container.NewStack(e, at.ring, u.newWheel()))
	if hint != "" {
		at.hint = container.New(flush{theme.InnerPadding() - 2, 6}, small(hint))
		box.Add(at.hint)
	}
	box.Add(container.New(flush{theme.InnerPadding() - 2, 6}, at.error))
	e.OnChanged = func(string) { at.clear() }
	at.object = box
	if text != "" {
		e.SetText(text)
	}
	return at
}

// wrong says what is wrong with the value, in place of the hint.
func (at *field) wrong(text string) {
	at.error.SetText(text)
	at.error.Show()
	at.ring.Show()
	if at.hint != nil {
		at.hint.Hide()
	}
	at.u.arrange(at.u.view)
}

func (at *field) clear() {
	if !at.error.Visible() {
		return
	}
	at.error.Hide()
	at.ring.Hide()
	if at.hint != nil {
		at.hint.Show()
	}
	at.u.arrange(at.u.view)
}

// wheel lies over an entry and passes what the mouse's wheel does there on to the
// page: the entry would keep it, and the page would stand still below the pointer.
type wheel struct {
	widget.BaseWidget
	u *ui
}

func (u *ui) newWheel() *wheel {
	w := &wheel{u: u}
	w.ExtendBaseWidget(w)
	return w
}

func (w *wheel) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(space(0, 0)) }

func (w *wheel) Scrolled(e *fyne.ScrollEvent) {
	if page := w.u.scrolls[w.u.view]; page != nil {
		page.Scrolled(e)
	}
}

// ground is a rounded rectangle in the theme's colours.
type ground struct {
	widget.BaseWidget
	fill, edge fyne.ThemeColorName // no fill: only the edge is drawn
	radius     float32
	width      float32 // of the edge
}

func newGround(fill, edge fyne.ThemeColorName) *ground {
	g := &ground{fill: fill, edge: edge, radius: 10, width: 1}
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
	if r.rect.FillColor = color.Transparent; r.ground.fill != "" {
		r.rect.FillColor = th.Color(r.ground.fill, v)
	}
	r.rect.StrokeColor = th.Color(r.ground.edge, v)
	r.rect.StrokeWidth = r.ground.width
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
