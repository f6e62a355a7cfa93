package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// panes are the list and the details of what is chosen in it: side by side, or one
// at a time where there is no room for both, with a way back from the details.
type panes struct {
	*container.Split
	u      *ui
	narrow bool // there is room for one
	read   bool // which is the details
}

// onePane is the width below which there is room for one pane.
const onePane = 700

func (u *ui) newPanes() *panes {
	p := &panes{Split: container.NewHSplit(u.list.object(), u.details.scroll), u: u}
	p.Offset = 0.38
	return p
}

func (p *panes) object() fyne.CanvasObject { return container.New(p, p.Split) }

// Layout is that of the whole view, so it knows how much room there is.
func (p *panes) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	p.narrow = size.Width < onePane
	p.fold()
	for _, o := range objects {
		put(o, 0, 0, size.Width, size.Height)
	}
}

func (p *panes) MinSize([]fyne.CanvasObject) fyne.Size { return p.Split.MinSize() }

// fold hides the pane that there is no room for.
func (p *panes) fold() {
	hide(p.Leading, p.narrow && p.read)
	hide(p.Trailing, p.narrow && !p.read)
	hide(p.u.details.back, !p.narrow)
}

func hide(o fyne.CanvasObject, hidden bool) {
	switch {
	case hidden == !o.Visible():
	case hidden:
		o.Hide()
	default:
		o.Show()
	}
}

// reads brings the details to the front, or the list.
func (p *panes) reads(details bool) {
	if p.read = details; !p.narrow {
		return
	}
	p.u.focus(nil) // keys must not go to what cannot be seen
	p.fold()
	p.Split.Refresh()
	if !details {
		p.u.focus(p.u.list.widget)
	}
}

// goBack leaves the details where they hide the list, and reports whether they did.
func (p *panes) goBack() bool {
	if !p.narrow || !p.read {
		return false
	}
	p.reads(false)
	return true
}
