package window

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

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
	all     []remote.Read // newest first
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
	a.meet = u.button(tr("I know all of these"), nil, func() { u.meet(a.strangers()...) })
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
		return a.u.agent.Log(ctx, remembered, func(r remote.Read) { a.u.out.do(func() { a.take(r) }) })
	}, a.ended)
}

func (a *activity) take(r remote.Read) {
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
	remote.Read     // the last of them
	count       int // of how many
}

// gather adds a read, which is older than those that are there.
func gather(all []reads, r remote.Read) []reads {
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

func (a *activity) wants(r remote.Read) bool {
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

func (u *ui) meet(exe ...string) {
	p := u.app.Preferences()
	p.SetStringList(knownPrograms, append(p.StringList(knownPrograms), exe...))
	u.activity.show()
}
