package window

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/window/remote"
)

// readRow is one read of a token.
type readRow struct {
	widget.BaseWidget
	u                   *ui
	ground              *ground
	program, path, what *line
	when                *line
	known               *button
	sign                *widget.Icon
	exe                 string
}

func (u *ui) newReadRow() *readRow {
	r := &readRow{u: u, ground: newGround(colorNotice, colorNotice), program: newLine("").bold(), path: caption(""),
		what: newLine(""), when: caption(""), sign: widget.NewIcon(nil)}
	r.what.align, r.when.align = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	r.known = u.button(tr("I know it"), nil, func() { u.meet(r.exe) })
	r.ExtendBaseWidget(r)
	return r
}

func (r *readRow) show(read reads, now time.Time) {
	exe, _ := read.Who()
	known := r.u.knows(exe)
	r.exe = exe
	r.program.set(programOf(exe))
	if read.count > 1 {
		r.program.set(programOf(exe) + " × " + strconv.Itoa(read.count))
	}
	r.path.set(pathOf(read.Read, known))
	r.what.set(plain(read.Connection))
	r.when.set(strings.Join(append([]string{clockTime(read.Time, now)}, manner(read.Read)...), " · "))
	if read.Dropped > 0 {
		known = true // nobody to know
		r.program.set(trn("{{.Count}} reads are missing here", read.Dropped))
		r.path.set(tr("There were more at once than the record could take."))
	}
	r.ground.Hidden = known
	r.known.Hidden = known || exe == ""
	r.sign.SetResource(inColor(shapeFine, colorQuiet))
	if !known {
		r.sign.SetResource(inColor(shapeAlert, theme.ColorNameWarning))
	}
	r.Refresh()
}

// manner is how a read differs from the ordinary one.
func manner(r remote.Read) []string {
	var out []string
	switch r.What {
	case "api":
		out = append(out, tr("request sent with it"))
	case "rejected":
		out = append(out, tr("after a refusal"))
	}
	if r.Code != "" {
		out = append(out, tr("no token given"))
	}
	return out
}

func programOf(exe string) string {
	if exe == "" {
		return tr("A program that could not be identified")
	}
	return plain(filepath.Base(exe))
}

func pathOf(r remote.Read, known bool) string {
	exe, pid := r.Who()
	text := tr("process {{.PID}}", "PID", strconv.Itoa(pid))
	if exe != "" {
		text = plain(exe) + " · " + text
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
