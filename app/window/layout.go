package window

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// flow lays objects out like words: in lines, as wide as there is room. Its
// height is that of the width it was given last.
type flow struct {
	gap   float32
	width float32
}

func flowed(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flow{gap: 6}, objects...)
}

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	f.place(objects, func(o fyne.CanvasObject, p fyne.Position, s fyne.Size) {
		o.Move(p)
		o.Resize(s)
	})
}

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var widest float32
	for _, o := range objects {
		if o.Visible() {
			widest = max(widest, o.MinSize().Width)
		}
	}
	return fyne.NewSize(min(widest, 160), f.place(objects, func(fyne.CanvasObject, fyne.Position, fyne.Size) {}))
}

// place calls put for each visible object and returns the height of them all.
func (f *flow) place(objects []fyne.CanvasObject, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) float32 {
	var x, y, tall float32
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		s := o.MinSize()
		if f.width > 0 {
			s.Width = min(s.Width, f.width)
		}
		if x > 0 && x+s.Width > f.width {
			x, y, tall = 0, y+tall+f.gap, 0
		}
		put(o, fyne.NewPos(x, y), s)
		x, tall = x+s.Width+f.gap, max(tall, s.Height)
	}
	return y + tall
}

// column centres one object and keeps it readable: no wider than most.
type column struct{ most float32 }

func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(size.Width, c.most)
	for _, o := range objects {
		o.Resize(fyne.NewSize(width, size.Height))
		o.Move(fyne.NewPos((size.Width-width)/2, 0))
	}
}

func (c column) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range objects {
		s = s.Max(o.MinSize())
	}
	return s
}

// page is a scrolled column with air around it.
func page(most float32, objects ...fyne.CanvasObject) *container.Scroll {
	return container.NewVScroll(container.New(column{most}, padded(20, spaced(14, objects...))))
}

func padded(by float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(by, by, by, by), o)
}

func spaced(by float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(by), objects...)
}

func sideBySide(by float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(by), objects...)
}

// pairs lays out labels and values, lines in turn: side by side where there is room
// for the whole of them, else the value below its label. Like that of flow its height
// is that of the width it was given last.
type pairs struct{ width float32 }

// pairsGap is between two lines.
const pairsGap = 4

// columns are the widths that labels and values want.
func (p *pairs) columns(objects []fyne.CanvasObject) (label, value float32) {
	for i, o := range objects {
		if width := o.(*line).full() + o.(*line).room; i%2 == 0 {
			label = max(label, width)
		} else {
			value = max(value, width)
		}
	}
	return label, value
}

func (p *pairs) beside(label, value float32) bool { return p.width == 0 || label+value <= p.width }

func (p *pairs) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	p.width = size.Width
	label, value := p.columns(objects)
	var y float32
	for i, o := range objects {
		h := o.MinSize().Height
		if i%2 == 1 && p.beside(label, value) {
			put(o, label, y-h-pairsGap, size.Width-label, h)
			continue
		}
		put(o, 0, y, size.Width, h)
		y += h + pairsGap
	}
}

func (p *pairs) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	beside := p.beside(p.columns(objects))
	for i, o := range objects {
		if min := o.MinSize(); i%2 == 0 || !beside {
			s = fyne.NewSize(24, s.Height+min.Height+pairsGap)
		}
	}
	return s
}

// space takes no more than the given room.
func space(w, h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(w, h))
	return r
}

// middled puts an object in the vertical middle of what it is given.
func middled(o fyne.CanvasObject) *fyne.Container {
	return container.NewVBox(layout.NewSpacer(), o, layout.NewSpacer())
}

// flush takes off the padding that Fyne's labels and checks have around them,
// so that they stand in line with their neighbours.
type flush struct{ x, y float32 }

func (f flush) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		put(o, -f.x, -f.y, size.Width+2*f.x, size.Height+2*f.y)
	}
}

func (f flush) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range objects {
		if o.Visible() {
			s = s.Max(o.MinSize())
		}
	}
	return fyne.NewSize(max(s.Width-2*f.x, 0), max(s.Height-2*f.y, 0))
}

// inLine is flush for a label.
func inLine(o fyne.CanvasObject) *fyne.Container {
	return container.New(flush{theme.InnerPadding(), 6}, o)
}

// reveal scrolls to what has the focus.
func (u *ui) reveal(o fyne.CanvasObject) {
	scroll := u.scrolls[u.view]
	if scroll == nil || u.dialog != nil {
		return
	}
	driver := u.app.Driver()
	top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(scroll).Y
	const air = 36 // room for a label above and a sentence below
	switch below := top + o.Size().Height + air - scroll.Size().Height; {
	case top < air:
		scroll.ScrollToOffset(scroll.Offset.AddXY(0, top-air))
	case below > 0:
		scroll.ScrollToOffset(scroll.Offset.AddXY(0, below))
	}
}

// arrange lays a view out anew: Fyne gives what was hidden no room when it is shown.
func (u *ui) arrange(v view) {
	if o := u.views[v]; o != nil {
		o.Refresh()
	}
}

// line is one line of text without a label's padding, shortened with an
// ellipsis where there is no room for all of it.
type line struct {
	widget.BaseWidget
	text  string
	color fyne.ThemeColorName
	size  fyne.ThemeSizeName
	style fyne.TextStyle
	align fyne.TextAlign
	whole bool    // never shortened: the text's width is the least width
	room  float32 // more width than the text needs
}

func newLine(text string) *line {
	l := &line{text: text, color: theme.ColorNameForeground, size: theme.SizeNameText}
	l.ExtendBaseWidget(l)
	return l
}

// caption is a line in small, quiet letters.
func caption(text string) *line {
	l := newLine(text)
	l.color, l.size = colorQuiet, theme.SizeNameCaptionText
	return l
}

// fixed makes the line as wide as its text.
func (l *line) fixed() *line {
	l.whole = true
	return l
}

func (l *line) bold() *line {
	l.style.Bold = true
	return l
}

func (l *line) sized(n fyne.ThemeSizeName) *line {
	l.size = n
	return l
}

// full is how wide the whole text is.
func (l *line) full() float32 {
	return fyne.MeasureText(l.text, l.Theme().Size(l.size), l.style).Width
}

func (l *line) set(text string) {
	if text != l.text {
		l.text = text
		l.Refresh()
	}
}

func (l *line) colored(c fyne.ThemeColorName) {
	if c != l.color {
		l.color = c
		l.Refresh()
	}
}

func (l *line) CreateRenderer() fyne.WidgetRenderer {
	r := &lineRenderer{line: l, text: canvas.NewText("", nil)}
	r.Refresh()
	return r
}

type lineRenderer struct {
	line *line
	text *canvas.Text
}

func (r *lineRenderer) Layout(size fyne.Size) {
	r.text.Text = r.fit(size.Width)
	r.text.Resize(size)
}

func (r *lineRenderer) MinSize() fyne.Size {
	size := r.measure(r.line.text)
	size.Width += r.line.room
	if !r.line.whole {
		size.Width = min(size.Width, 24)
	}
	return size
}

func (r *lineRenderer) Refresh() {
	th := r.line.Theme()
	r.text.Color = th.Color(r.line.color, fyne.CurrentApp().Settings().ThemeVariant())
	r.text.TextSize = th.Size(r.line.size)
	r.text.TextStyle = r.line.style
	r.text.Alignment = r.line.align
	r.text.Text = r.fit(r.line.Size().Width)
	r.text.Refresh()
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.text} }
func (r *lineRenderer) Destroy()                     {}

func (r *lineRenderer) measure(s string) fyne.Size {
	return fyne.MeasureText(s, r.line.Theme().Size(r.line.size), r.line.style)
}

// fit is as much of the text as there is room for.
func (r *lineRenderer) fit(width float32) string {
	if r.measure(r.line.text).Width <= width+0.5 {
		return r.line.text
	}
	runes := []rune(r.line.text)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if r.measure(string(runes[:mid])+"…").Width <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}
