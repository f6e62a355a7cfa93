package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

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
