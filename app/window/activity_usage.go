package window

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/access/audit"
)

const usageHeight = 58

// usageRow is what one program reads of one connection. A click opens the reads.
type usageRow struct {
	widget.BaseWidget
	u                         *ui
	program, path, what, when *line
	fresh, head               *line
	sign                      *widget.Icon
}

func (u *ui) newUsageRow() *usageRow {
	r := &usageRow{u: u, program: newLine("").bold(), path: caption(""), what: newLine(""), when: caption(""),
		fresh: caption(tr("new")).fixed(), head: caption("").bold(), sign: widget.NewIcon(nil)}
	r.what.align, r.when.align = fyne.TextAlignTrailing, fyne.TextAlignTrailing
	r.ExtendBaseWidget(r)
	return r
}

func (r *usageRow) show(use usage, now time.Time) {
	for _, o := range []fyne.CanvasObject{r.program, r.path, r.what, r.when, r.sign, r.fresh} {
		if o.Show(); use.heading != "" {
			o.Hide()
		}
	}
	if r.head.Hidden = use.heading == ""; use.heading != "" {
		r.head.set(use.heading)
		r.Refresh()
		return
	}
	last := use.reads[0]
	exe := use.exe()
	r.program.set(programOf(last))
	r.path.set(plain(exe))
	r.what.set(plain(last.Connection))
	r.when.set(strings.Join(append([]string{counted(len(use.reads)), ago(last.Time, now)}, manner(last)...), " · "))
	r.fresh.Hidden = exe == "" || r.u.knows(exe)
	r.sign.SetResource(inColor(shapeFine, colorQuiet))
	switch {
	case last.Dropped > 0:
		r.program.set(trn("{{.Count}} reads are missing here", last.Dropped))
		r.path.set(tr("There were more at once than the record could take."))
		r.when.set(ago(last.Time, now))
		r.fresh.Hide()
		r.sign.Hide()
	case exe == "":
		r.path.set(tr("The system would not say which program this is."))
		r.sign.SetResource(inColor(shapeAlert, theme.ColorNameWarning))
	case !r.u.knows(exe):
		r.sign.SetResource(inColor(shapeBusy, colorQuiet))
	}
	r.Refresh()
}

func counted(reads int) string { return trn("{{.Count}} reads", reads) }

// manner is how a read differs from the ordinary one.
func manner(r audit.Record) []string {
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

// programOf names the program that read. A shell reads for what was started in it,
// so that is named too.
func programOf(r audit.Record) string {
	exe, _ := r.Who()
	name := plain(filepath.Base(exe))
	switch {
	case exe == "":
		return tr("A program that could not be identified")
	case r.ParentPID != 0 && r.Exe != "" && isShell(name):
		return tr("{{.Program}} in {{.Shell}}", "Program", plain(filepath.Base(r.Exe)), "Shell", name)
	}
	return name
}

func isShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "zsh", "fish", "ksh", "nu", "pwsh", "cmd.exe", "powershell.exe", "pwsh.exe"}, strings.ToLower(name))
}

func (r *usageRow) MinSize() fyne.Size { return fyne.NewSize(300, usageHeight) }

func (r *usageRow) CreateRenderer() fyne.WidgetRenderer { return usageRenderer{r} }

type usageRenderer struct{ *usageRow }

func (r usageRenderer) Layout(size fyne.Size) {
	put(r.head, 16, rowHead-r.head.MinSize().Height-4, size.Width-32, r.head.MinSize().Height)
	put(r.sign, 16, 19, 20, 20)
	side := min(260, size.Width*0.45)
	right := size.Width - 16
	put(r.what, right-side, 10, side, r.what.MinSize().Height)
	put(r.when, right-side, 32, side, r.when.MinSize().Height)
	room := right - side - 56
	fresh := r.fresh.MinSize()
	name := min(r.program.full(), room-fresh.Width-10)
	if r.fresh.Hidden {
		name = room
	}
	put(r.program, 48, 10, name, r.program.MinSize().Height)
	put(r.fresh, 48+name+10, 12, fresh.Width, fresh.Height)
	put(r.path, 48, 32, room, r.path.MinSize().Height)
}

func (r usageRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.head, r.sign, r.program, r.fresh, r.path, r.what, r.when}
}

func (r usageRenderer) MinSize() fyne.Size { return r.usageRow.MinSize() }
func (r usageRenderer) Destroy()           {}
func (r usageRenderer) Refresh()           { r.Layout(r.usageRow.Size()) }

// readsAtOnce is how many reads are listed of a program.
const readsAtOnce = 200

// showReads lists the reads of a program, with what can be said about it.
func (u *ui) showReads(use usage) {
	reads := use.reads[:min(len(use.reads), readsAtOnce)]
	now := u.out.now()
	list := u.rows(func() int { return len(reads) },
		func() fyne.CanvasObject { return newLine("") },
		func(i int, o fyne.CanvasObject) { o.(*line).set(readText(reads[i], now)) })
	about := small(plain(use.exe()) + "\n" + tr("It reads the token of {{.Name}}.", "Name", plain(use.reads[0].Connection)))
	body := container.New(inset{theme.InnerPadding(), 0}, spaced(8, inLine(about), container.NewStack(space(520, 220), list)))
	closer := u.button(tr("Close"), nil, u.dismiss)
	buttons := []*button{closer}
	if exe := use.exe(); exe != "" {
		b := u.button(tr("I know it"), nil, func() { u.dismiss(); u.meet(exe) }).primary()
		if u.knows(exe) {
			b = u.button(tr("Forget it"), nil, func() { u.dismiss(); u.unmeet(exe) })
		}
		buttons = append(buttons, b)
	}
	u.modal(programOf(use.reads[0]), body, closer, buttons...)
}

// readText is one read: when, by which process, how, and for what by its own words.
func readText(r audit.Record, now time.Time) string {
	_, pid := r.Who()
	t := r.Time.Local()
	when := t.Format("15:04:05")
	if clockTime(r.Time, now) != t.Format("15:04") {
		when = t.Format(time.DateTime)
	}
	parts := append([]string{when, tr("process {{.PID}}", "PID", strconv.Itoa(pid))}, manner(r)...)
	if r.For != "" {
		parts = append(parts, plain(r.For))
	}
	return strings.Join(parts, " · ")
}
