package window

import (
	"context"
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

// activity is which program reads which token, as the audit log has it.
type activity struct {
	u       *ui
	filter  *entry
	fresh   *check  // only programs that are not known
	meet    *button // every program on screen is known
	list    *rows
	empty   *widget.Label
	all     []audit.Record // newest first
	shown   []usage
	heights heights
	ticked  string // the times on screen
	running bool
}

// remembered is how many reads the window holds.
const remembered = 500

func (u *ui) newActivity() *activity {
	a := &activity{u: u, heights: heights{}, filter: u.entry(tr("Filter programs")), empty: centred(paragraph(""))}
	a.filter.Icon = theme.SearchIcon()
	a.filter.OnChanged = func(string) { a.show() }
	a.fresh = u.check(tr("Only programs I don't know"), func(bool) { a.show() })
	a.meet = u.button(tr("I know all of these"), nil, a.meetAll)
	a.list = u.rows(func() int { return len(a.shown) },
		func() fyne.CanvasObject { return u.newUsageRow() },
		func(i int, o fyne.CanvasObject) { o.(*usageRow).show(a.shown[i], u.out.now()) })
	a.list.open = func(i int) {
		if use := a.shown[i]; use.heading == "" && use.reads[0].Dropped == 0 {
			u.showReads(use)
		}
	}
	a.show()
	return a
}

func (a *activity) object() fyne.CanvasObject {
	head := container.NewBorder(nil, nil, nil, a.fresh, a.filter)
	middle := container.New(column{440}, middled(a.empty))
	foot := container.NewHBox(a.meet) // away from the filter: it comes and goes
	return container.New(column{860}, padded(16, container.NewBorder(padded(4, head), foot, nil, nil, container.NewStack(a.list, middle))))
}

func (a *activity) opened() {
	a.show()
	a.u.focus(a.filter)
	a.follow()
}

// follow begins to follow the log; it goes on until the window closes.
func (a *activity) follow() {
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
	if a.u.view == viewActivity { // opening it shows what came meanwhile
		a.show()
	}
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
	a.shown = dayByDay(a.uses(), a.u.out.now())
	a.sized()
	a.meet.Hidden = len(a.strangers()) < 2
	a.empty.Hidden = len(a.shown) > 0
	a.empty.SetText(tr("No program has asked for a token yet. When one does, it is listed here."))
	if len(a.all) > 0 {
		a.empty.SetText(tr("Nothing matches."))
	}
	a.list.Refresh()
}

// sized makes headings lower than rows.
func (a *activity) sized() {
	for i, use := range a.shown {
		h := float32(usageHeight)
		if use.heading != "" {
			h = rowHead
		}
		a.heights.tell(&a.list.List, i, h, usageHeight)
	}
}

// tick brings the times on screen up to date.
func (a *activity) tick() {
	var times []string
	now := a.u.out.now()
	for _, use := range a.shown {
		if use.heading == "" {
			times = append(times, ago(use.reads[0].Time, now))
		}
	}
	if all := strings.Join(times, "\n"); all != a.ticked {
		a.ticked = all
		a.show()
	}
}

// usage is what one program reads of one connection, or a heading above some.
type usage struct {
	heading string
	reads   []audit.Record // newest first
}

func (p usage) exe() string {
	exe, _ := p.reads[0].Who()
	return exe
}

// uses gathers the reads that are to be shown, the program that read last first. A
// program that the system would not name is not taken for another one.
func (a *activity) uses() (out []usage) {
	type key struct{ program, connection string }
	at := map[key]int{}
	for _, r := range a.all {
		if !a.wants(r) {
			continue
		}
		exe, _ := r.Who()
		k := key{exe + "\x00" + r.Exe, r.Connection}
		i, there := at[k]
		if !there || exe == "" || r.Dropped > 0 {
			at[k] = len(out)
			out = append(out, usage{reads: []audit.Record{r}})
			continue
		}
		out[i].reads = append(out[i].reads, r)
	}
	return out
}

// dayByDay puts the days above what was read on them last.
func dayByDay(all []usage, now time.Time) (out []usage) {
	day := ""
	for _, use := range all {
		if d := dayOf(use.reads[0].Time, now); d != day {
			day = d
			out = append(out, usage{heading: d})
		}
		out = append(out, use)
	}
	return out
}

func dayOf(t, now time.Time) string {
	date := t.Local().Format(time.DateOnly)
	switch date {
	case now.Local().Format(time.DateOnly):
		return tr("Today")
	case now.Local().AddDate(0, 0, -1).Format(time.DateOnly):
		return tr("Yesterday")
	}
	return date
}

// strangers are the programs on screen that are not known, each once.
func (a *activity) strangers() []string {
	var out []string
	for _, use := range a.shown {
		if use.heading != "" || use.reads[0].Dropped > 0 {
			continue
		}
		if exe := use.exe(); exe != "" && !a.u.knows(exe) && !slices.Contains(out, exe) {
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

// unmeet forgets that the user knows a program.
func (u *ui) unmeet(exe string) {
	p := u.app.Preferences()
	p.SetStringList(knownPrograms, slices.DeleteFunc(slices.Clone(p.StringList(knownPrograms)), func(s string) bool { return s == exe }))
	u.activity.show()
}

// readersOf shows who reads a connection's token.
func (u *ui) readersOf(name string) {
	u.show(viewActivity)
	u.activity.fresh.SetChecked(false)
	u.activity.filter.SetText(name)
}

// lastOf is the read that got a connection's token last.
func (a *activity) lastOf(name string) (audit.Record, bool) {
	i := slices.IndexFunc(a.all, func(r audit.Record) bool { return r.Connection == name && r.Code == "" && r.Dropped == 0 })
	if i < 0 {
		return audit.Record{}, false
	}
	return a.all[i], true
}

// refused are the programs that asked for a connection's token and got none, since
// one was given last.
func (a *activity) refused(name string) (programs []string) {
	for _, r := range a.all {
		switch {
		case r.Connection != name || r.Dropped > 0:
		case r.Code == "":
			return programs
		case !slices.Contains(programs, programOf(r)):
			programs = append(programs, programOf(r))
		}
	}
	return programs
}
