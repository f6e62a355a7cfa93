package window

import (
	"context"
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
	"github.com/authtray/authtray/app/window/remote"
)

// activity is who read which token when, as the audit log has it.
type activity struct {
	u       *ui
	filter  *entry
	fresh   *check  // only programs that are not known
	meet    *button // every program on screen is known
	list    *rows
	empty   *widget.Label
	all     []audit.Record // newest first
	shown   []reads
	running bool
}

// remembered is how many reads the window holds.
const remembered = 500

func (u *ui) newActivity() *activity {
	a := &activity{u: u, filter: u.entry(tr("Filter by program or connection")), empty: centred(paragraph(""))}
	a.filter.Icon = theme.SearchIcon()
	a.filter.OnChanged = func(string) { a.show() }
	a.fresh = u.check(tr("Only programs I don't know"), func(bool) { a.show() })
	a.meet = u.button(tr("I know all of these"), nil, a.meetAll)
	a.list = u.rows(func() int { return len(a.shown) },
		func() fyne.CanvasObject { return u.newReadRow() },
		func(i int, o fyne.CanvasObject) { o.(*readRow).show(a.shown[i], u.out.now()) })
	a.show()
	return a
}

func (a *activity) object() fyne.CanvasObject {
	head := container.NewBorder(nil, nil, nil, container.NewHBox(a.fresh, a.meet), a.filter)
	middle := container.New(column{440}, middled(a.empty))
	return container.New(column{860}, padded(16, container.NewBorder(padded(4, head), nil, nil, nil, container.NewStack(a.list, middle))))
}

// opened begins to follow the log; it goes on until the window closes.
func (a *activity) opened() {
	a.u.focus(a.filter)
	if a.running {
		return
	}
	a.running = true
	a.all = nil
	tell(a.u, func(ctx context.Context) error {
		return a.u.agent.Log(ctx, remembered, func(r audit.Record) { a.u.out.do(func() { a.addRead(r) }) })
	}, a.ended)
}

func (a *activity) addRead(r audit.Record) {
	a.all = slices.Insert(a.all, 0, r)
	a.all = a.all[:min(len(a.all), remembered)]
	a.show()
}

// ended leaves what was read on screen; opening the view asks again.
func (a *activity) ended(err error) {
	a.running = false
	if remote.Missing(err) {
		a.empty.SetText(tr("This agent keeps no record of who reads tokens. A newer version of Authtray does."))
		a.empty.Show()
		return
	}
	a.show()
	if len(a.all) == 0 {
		a.empty.SetText(explain(err))
	}
}

func (a *activity) show() {
	a.shown = nil
	for _, r := range a.all {
		if a.wants(r) {
			a.shown = gather(a.shown, r)
		}
	}
	a.meet.Hidden = len(a.strangers()) < 2
	a.empty.Hidden = len(a.shown) > 0
	a.empty.SetText(tr("No program has asked for a token yet. When one does, it is listed here."))
	if len(a.all) > 0 {
		a.empty.SetText(tr("Nothing matches."))
	}
	a.list.Refresh()
}

// reads are one or more reads of the same token by the same program in a row.
type reads struct {
	audit.Record     // the last of them
	count        int // of how many
}

// gather adds a read, which is older than those that are there.
func gather(all []reads, r audit.Record) []reads {
	if n := len(all); n > 0 {
		last := &all[n-1]
		was, _ := last.Who()
		is, _ := r.Who()
		if was == is && is != "" && last.Connection == r.Connection && last.Code == r.Code && last.What == r.What {
			last.count++
			return all
		}
	}
	return append(all, reads{r, 1})
}

// strangers are the programs on screen that are not known, each once.
func (a *activity) strangers() []string {
	var out []string
	for _, r := range a.shown {
		if exe, _ := r.Who(); exe != "" && !a.u.knows(exe) && !slices.Contains(out, exe) {
			out = append(out, exe)
		}
	}
	return out
}

func (a *activity) wants(r audit.Record) bool {
	exe, pid := r.Who()
	text := strings.ToLower(r.Connection + " " + exe + " " + strconv.Itoa(pid))
	for word := range strings.FieldsSeq(strings.ToLower(a.filter.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return !a.fresh.Checked || !a.u.knows(exe)
}

// knownPrograms is where the window keeps the programs that the user knows.
const knownPrograms = "known-programs"

// knows reports whether the user has said so of a program. One whose name the
// system would not tell is never known.
func (u *ui) knows(exe string) bool {
	return exe != "" && slices.Contains(u.app.Preferences().StringList(knownPrograms), exe)
}

// meetAll asks first, and names them: one click among rows that come and go must
// not allow what the user has not seen.
func (a *activity) meetAll() {
	all := a.strangers()
	var lines []string
	for _, exe := range all[:min(len(all), listedAtOnce)] {
		lines = append(lines, plain(exe))
	}
	if more := len(all) - listedAtOnce; more > 0 {
		lines = append(lines, trn("and {{.Count}} more", more))
	}
	a.u.confirm(question{
		title: tr("Do you know these programs?"),
		text:  strings.Join(lines, "\n"),
		verb:  tr("I know all of these"),
		mild:  true,
		do:    func() { a.u.meetFor(all) },
	})
}

// listedAtOnce is how many programs a question names.
const listedAtOnce = 8

// meetFor is meet for several, which can be taken back for a while.
func (u *ui) meetFor(all []string) {
	before := u.app.Preferences().StringList(knownPrograms)
	u.meet(all...)
	u.undo.offer(undoable{
		text: func(time.Duration) string { return trn("You know {{.Count}} more programs now.", len(all)) },
		back: func() {
			u.app.Preferences().SetStringList(knownPrograms, before)
			u.activity.show()
		},
	})
}

func (u *ui) meet(exe ...string) {
	p := u.app.Preferences()
	p.SetStringList(knownPrograms, append(p.StringList(knownPrograms), exe...))
	u.activity.show()
}

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
	r.path.set(pathOf(read.Record, known))
	r.what.set(plain(read.Connection))
	r.when.set(strings.Join(append([]string{clockTime(read.Time, now)}, manner(read.Record)...), " · "))
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

func programOf(exe string) string {
	if exe == "" {
		return tr("A program that could not be identified")
	}
	return plain(filepath.Base(exe))
}

func pathOf(r audit.Record, known bool) string {
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
