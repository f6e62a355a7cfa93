package window

import (
	"crypto/sha256"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// loan is how long a copied token stays in the clipboard.
const loan = 30 * time.Second

// clipboard lends tokens to the desktop's clipboard and takes them back. It
// remembers a token's digest only.
type clipboard struct {
	fyne.Clipboard
	out  surroundings
	lent [sha256.Size]byte
	stop func() // nil: nothing is lent
}

// lend copies a secret; after 30 seconds it is gone, if it is still there.
func (c *clipboard) lend(secret string) {
	if c.stop != nil {
		c.stop()
	}
	c.SetContent(secret)
	c.lent = sha256.Sum256([]byte(secret))
	c.stop = c.out.after(loan, func() { c.out.do(c.takeBack) })
}

// takeBack clears the clipboard if it still holds what was lent.
func (c *clipboard) takeBack() {
	if c.stop == nil {
		return
	}
	c.stop()
	c.stop = nil
	if sha256.Sum256([]byte(c.Content())) == c.lent {
		c.SetContent("")
	}
}

// question is asked before something that cannot be taken back.
type question struct {
	title, text string
	about       string // what it is done to; "" where the text says so
	verb        string // what the button does
	mild        bool   // nothing is lost by it
	do          func()
}

// confirm asks; Escape is no.
func (u *ui) confirm(q question) {
	yes := u.button(q.verb, nil, func() { u.dismiss(); q.do() }).primary()
	if !q.mild {
		yes.Importance = widget.DangerImportance
	}
	no := u.button(tr("Cancel"), nil, u.dismiss)
	text := paragraph(q.text)
	if q.about == "" {
		u.modal(q.title, text, no, no, yes)
		return
	}
	about := paragraph(q.about)
	about.TextStyle.Bold, about.Wrapping = true, fyne.TextWrapBreak
	u.modal(q.title, spaced(0, about, text), no, no, yes)
}

// inform says something longer than fits the foot of the window.
func (u *ui) inform(title, text string) {
	ok := u.button(tr("Close"), nil, u.dismiss).primary()
	u.modal(title, paragraph(text), ok, ok)
}

// modal shows a dialog with its buttons at the right, and focuses one of them.
// What had the focus before gets it back when the dialog is dismissed: Fyne
// would leave it there, with its cursor blinking below the dialog.
func (u *ui) modal(title string, body fyne.CanvasObject, first *button, buttons ...*button) {
	u.dismiss()
	u.below = u.win.Canvas().Focused()
	u.win.Canvas().Unfocus()
	row := sideBySide(12, layout.NewSpacer())
	for _, b := range buttons {
		row.Add(b)
	}
	head := container.New(inset{theme.InnerPadding(), 0}, newLine(title).bold().sized(theme.SizeNameSubHeadingText))
	content := padded(14, spaced(8, head, body, row))
	u.dialog = widget.NewModalPopUp(container.New(atLeast{460}, content), u.win.Canvas())
	u.dialog.Show()
	u.win.Canvas().Focus(first)
}

// atLeast keeps its object wide enough for text that wraps.
type atLeast struct{ width float32 }

func (a atLeast) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func (a atLeast) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range objects {
		if o.Size().Width != a.width {
			o.Resize(fyne.NewSize(a.width, o.MinSize().Height))
		}
		s = s.Max(o.MinSize())
	}
	return fyne.NewSize(a.width, s.Height)
}

func (u *ui) dismiss() {
	if u.dialog == nil {
		return
	}
	u.dialog.Hide()
	u.dialog = nil
	u.focus(u.below)
}

// say puts a sentence at the foot of the window for a while.
func (u *ui) say(sentence string) { u.foots(sentence, colorQuiet) }

// sorry says what went wrong, in the agent's words where it has some.
func (u *ui) sorry(err error) { u.foots(explain(err), theme.ColorNameError) }

// explain is an error in a sentence for people.
func explain(err error) string {
	var p *client.Problem
	switch {
	case errors.As(err, &p):
		switch p.Detail { // as the agent says how a sign-in ends (providers.ErrDenied and its like)
		case "Access was denied in the browser.":
			return tr("Access was denied in the browser.")
		case "Nobody answered in the browser within ten minutes.":
			return tr("Nobody answered in the browser within ten minutes.")
		case "The connection attempt was canceled.":
			return tr("The connection attempt was canceled.")
		}
		return foreign(p.Sentence())
	case errors.Is(err, client.ErrNoAgent), errors.Is(err, client.ErrNoAnswer), errors.Is(err, client.ErrForeign):
		return tr("Authtray's agent does not answer.")
	}
	return foreign(text.Capitalize(err.Error()))
}

func (u *ui) foots(text string, c fyne.ThemeColorName) {
	u.foot.set(text)
	u.foot.colored(c)
	u.footSince++
	since := u.footSince
	u.out.after(footFor, func() {
		u.out.do(func() {
			if u.footSince == since {
				u.foot.set("")
			}
		})
	})
}
