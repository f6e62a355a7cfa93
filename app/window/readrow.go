package window

import (
	"path/filepath"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/window/remote"
)

// readRow is one read of a token.
type readRow struct {
	widget.BaseWidget
	ground              *ground
	program, path, what *line
	when                *line
	known               *button
	sign                *widget.Icon
	exe                 string
}

func (u *ui) newReadRow() *readRow {
	r := &readRow{ground: newGround(colorNotice, colorNotice), program: newLine("").bold(), path: caption(""),
		what: newLine(""), when: caption(""), sign: widget.NewIcon(nil)}
	r.what.align, r.when.align = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	r.known = u.button(tr("I know it"), nil, func() { u.meet(r.exe) })
	r.ExtendBaseWidget(r)
	return r
}

func (r *readRow) show(read reads, known bool, now time.Time) {
	r.exe = read.Exe
	r.program.set(programOf(read.Read))
	if read.count > 1 {
		r.program.set(programOf(read.Read) + " × " + strconv.Itoa(read.count))
	}
	r.path.set(pathOf(read.Read, known))
	r.what.set(plain(read.Connection))
	r.when.set(clockTime(read.Time, now))
	if read.Code != "" {
		r.when.set(clockTime(read.Time, now) + " · " + tr("no token given"))
	}
	r.ground.Hidden = known
	r.known.Hidden = known || read.Exe == ""
	r.sign.SetResource(inColor(shapeFine, colorQuiet))
	if !known {
		r.sign.SetResource(inColor(shapeAlert, theme.ColorNameWarning))
	}
	r.Refresh()
}

func programOf(r remote.Read) string {
	if r.Exe == "" {
		return tr("A program that could not be told")
	}
	return plain(filepath.Base(r.Exe))
}

func pathOf(r remote.Read, known bool) string {
	text := tr("process {{.PID}}", "PID", strconv.Itoa(r.PID))
	if r.Exe != "" {
		text = plain(r.Exe) + " · " + text
	}
	if !known {
		text = tr("Not known to you") + " · " + text
	}
	return text
}

func (r *readRow) MinSize() fyne.Size { return fyne.NewSize(300, 58) }

func (r *readRow) CreateRenderer() fyne.WidgetRenderer { return readRenderer{r} }

type readRenderer struct{ *readRow }

func (r readRenderer) Layout(size fyne.Size) {
	put(r.ground, 4, 3, size.Width-8, size.Height-6)
	put(r.sign, 16, 19, 20, 20)
	right := size.Width - 16
	if r.known.Visible() {
		b := r.known.MinSize()
		put(r.known, right-b.Width, (size.Height-b.Height)/2, b.Width, b.Height)
		right -= b.Width + 14
	}
	const side = 190
	put(r.what, right-side, 10, side, r.what.MinSize().Height)
	put(r.when, right-side, 32, side, r.when.MinSize().Height)
	put(r.program, 48, 10, right-side-56, r.program.MinSize().Height)
	put(r.path, 48, 32, right-side-56, r.path.MinSize().Height)
}

func (r readRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.sign, r.program, r.path, r.what, r.when, r.known}
}

func (r readRenderer) MinSize() fyne.Size { return r.readRow.MinSize() }
func (r readRenderer) Destroy()           {}
func (r readRenderer) Refresh()           { r.Layout(r.readRow.Size()) }
