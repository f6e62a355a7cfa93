package window

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// Measures of a row.
const (
	rowHeight = 62
	rowHead   = 34 // of a heading
	rowEdge   = 12
	rowMark   = 36
)

// row is one connection in the list. One that needs its user also says why, and
// has the one button that leads on.
type row struct {
	widget.BaseWidget
	status tokens.Status
	ground *ground
	mark   *mark
	name   *line
	whose  *line
	state  *line
	when   *line
	shape  *canvas.Image
	why    *widget.Label
	act    *button
	head   *line   // of a group; nothing else is shown then
	ring   *ground // round the row that has the focus
	tapped func(name string)
}

// Tapped is here, not left to the list: that says nothing of a row that is selected.
func (r *row) Tapped(*fyne.PointEvent) {
	if r.tapped != nil {
		r.tapped(r.status.Name)
	}
}

func (u *ui) row() *row {
	r := &row{ground: newGround(colorAlertCard, colorAlertCard), mark: newMark(rowMark), name: newLine("").bold(),
		whose: caption(""), state: caption("").fixed(), when: caption("").fixed(), shape: canvas.NewImageFromResource(nil), why: paragraph("")}
	r.head, r.ring = caption("").bold(), newRing()
	r.act = u.button("", nil, func() { u.offer(r.status) }) // the details have the one that stands out
	r.state.align, r.when.align = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	r.why.SizeName = theme.SizeNameCaptionText
	r.ExtendBaseWidget(r)
	return r
}

// showHeading makes the row the heading of a group.
func (r *row) showHeading(text string) {
	r.status = tokens.Status{}
	r.hide(true)
	r.ground.Hidden, r.why.Hidden, r.act.Hidden, r.ring.Hidden = true, true, true, true
	r.head.set(text)
	r.Refresh()
}

// hide hides what a heading does not have.
func (r *row) hide(heading bool) {
	for _, o := range []fyne.CanvasObject{r.mark, r.name, r.whose, r.state, r.when, r.shape} {
		if o.Show(); heading {
			o.Hide()
		}
	}
	r.head.Hidden = !heading
}

// show fills the row; a row is used for many connections.
func (r *row) show(s tokens.Status, now time.Time, chosen bool) {
	l := lookAt(s, now)
	r.status = s
	r.hide(false)
	r.ground.colored(colorAlertCard, colorAlertCard)
	if chosen { // the ground hides the list's own mark of what is selected
		r.ground.colored(colorAlertCard, theme.ColorNamePrimary)
	}
	r.mark.of(s.Provider, s.ProviderName)
	r.name.set(plain(s.Name))
	r.whose.set(whose(s))
	r.state.set(wordAt(s, now))
	r.looks(now)
	r.needs(l, s)
	r.tick(now)
	r.Refresh()
}

func (r *row) looks(now time.Time) {
	l := lookAt(r.status, now)
	r.state.colored(l.color)
	r.shape.Resource = inColor(l.shape, l.color)
	r.shape.Refresh()
}

func (r *row) needs(l look, s tokens.Status) {
	r.ground.Hidden, r.why.Hidden, r.act.Hidden = !l.needs, !l.needs, !l.needs
	if l.needs {
		r.why.SetText(statusSentence(s))
		r.act.SetText(offer(s))
	}
}

// tick brings the row's times up to date.
func (r *row) tick(now time.Time) {
	was, text := r.when.text, ""
	if s := r.status.State; s == tokens.Connected || s == tokens.Retrying || s == tokens.Connecting {
		text = expiry(r.status, now)
	}
	if r.when.set(text); text != was {
		r.looks(now)
		r.Refresh()
	}
}

// tall is how high the row must be to show an item whole, at a width.
func (r *row) tall(it item, now time.Time, width float32) float32 {
	l := lookAt(it.Status, now)
	switch {
	case it.heading != "":
		return rowHead
	case !l.needs:
		return rowHeight
	}
	r.needs(l, it.Status)
	r.why.Resize(fyne.NewSize(width-rowMark-3*rowEdge+theme.InnerPadding(), 1))
	return rowHeight + r.why.MinSize().Height + r.act.MinSize().Height + 6
}

func (r *row) MinSize() fyne.Size { return fyne.NewSize(260, rowHeight) }

func (r *row) CreateRenderer() fyne.WidgetRenderer { return rowRenderer{r} }

type rowRenderer struct{ *row }

func (r rowRenderer) Layout(size fyne.Size) {
	const left = 2*rowEdge + rowMark
	put(r.ground, 4, 3, size.Width-8, size.Height-6)
	put(r.ring, 4, 3, size.Width-8, size.Height-6)
	put(r.head, rowEdge, rowHead-r.head.MinSize().Height-4, size.Width-2*rowEdge, r.head.MinSize().Height)
	put(r.mark, rowEdge, (rowHeight-rowMark)/2, rowMark, rowMark)

	state, when := r.state.MinSize(), r.when.MinSize()
	right := size.Width - rowEdge
	r.state.Hidden = r.name.Hidden || size.Width > 0 && r.name.full() > right-state.Width-28-left
	if r.state.Hidden { // the shape says it too, and the details do
		state.Width = 0
	}
	put(r.state, right-state.Width, 13, state.Width, state.Height)
	put(r.shape, right-state.Width-20, 13+(state.Height-15)/2, 15, 15)
	put(r.when, right-when.Width, 34, when.Width, when.Height)

	put(r.name, left, 11, right-state.Width-28-left, r.name.MinSize().Height)
	put(r.whose, left, 34, right-when.Width-8-left, r.whose.MinSize().Height)

	edge := theme.InnerPadding()
	if width := right - left + edge; r.why.Size().Width != width {
		r.why.Resize(fyne.NewSize(max(width, 0), 1)) // its height is that of the width it has
	}
	why := r.why.MinSize().Height
	put(r.why, left-edge, rowHeight-edge-2, right-left+edge, why)
	act := r.act.MinSize()
	put(r.act, max(min(left, right-act.Width), rowEdge), rowHeight+why-edge-4, act.Width, act.Height)
}

func put(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(max(w, 0), max(h, 0)))
}

func (r rowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.mark, r.name, r.whose, r.shape, r.state, r.when, r.why, r.act, r.head, r.ring}
}

func (r rowRenderer) MinSize() fyne.Size { return r.row.MinSize() }
func (r rowRenderer) Destroy()           {}

func (r rowRenderer) Refresh() {
	r.Layout(r.row.Size())
	canvas.Refresh(r.row)
}

// lookAt is lookOf at a time: without a token that works, trying again is no calm
// state, since tools stand still.
func lookAt(s tokens.Status, now time.Time) look {
	l := lookOf(s.State)
	if withoutToken(s, now) {
		l.shape, l.color, l.needs = shapeAlert, theme.ColorNameError, true
	}
	return l
}

// wordAt is word at a time.
func wordAt(s tokens.Status, now time.Time) string {
	if withoutToken(s, now) {
		return tr("No token")
	}
	return word(s.State)
}

// withoutToken reports whether a connection is tried again while there is no token
// that works.
func withoutToken(s tokens.Status, now time.Time) bool {
	return s.State == tokens.Retrying && spent(s, now)
}

// spent reports whether a connection's token is of no more use, and asking for it
// brings no other.
func spent(s tokens.Status, now time.Time) bool {
	return !s.NeverExpires && s.ExpiresAt != nil && !s.ExpiresAt.After(now) && !api.RenewedWhenAsked(s)
}
