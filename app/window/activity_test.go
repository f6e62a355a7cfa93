package window

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func read(minute int, exe, connection string) audit.Record {
	return audit.Record{Time: noon.Add(time.Duration(minute) * time.Minute), Exe: exe, Connection: connection, PID: 4000 + minute}
}

func withLog(t *testing.T, reads ...audit.Record) *bench {
	b := live(t, connected("work"))
	b.agent.record(reads...)
	b.show(viewActivity)
	b.until("the log is read", func() bool { return len(b.activity.all) == len(reads) })
	return b
}

// usages are the rows without their headings.
func (a *activity) usages() (out []usage) {
	for _, use := range a.shown {
		if use.heading == "" {
			out = append(out, use)
		}
	}
	return out
}

func (b *bench) usageRow(i int) *usageRow {
	row := b.newUsageRow()
	row.show(b.activity.usages()[i], b.now())
	return row
}

func TestProgramAndConnectionAreOneRowHoweverTheyAlternate(t *testing.T) {
	var log []audit.Record
	for i := range 12 {
		log = append(log, read(i, "/usr/bin/git", []string{"work", "mail"}[i%2]))
	}
	b := withLog(t, append(log, read(20, "/usr/bin/curl", "work"))...)
	var got []string
	for _, use := range b.activity.usages() {
		got = append(got, use.exe()+" "+use.reads[0].Connection)
	}
	if want := []string{"/usr/bin/curl work", "/usr/bin/git mail", "/usr/bin/git work"}; !slices.Equal(got, want) {
		t.Fatalf("shown %q", got)
	}
	b.pass(31 * time.Minute)
	row := b.usageRow(1)
	b.sees(row, "git")
	b.sees(row, "new")
	b.sees(row, "/usr/bin/git")
	b.sees(row, "6 reads · 20 min ago")
}

func TestDaysStandAboveWhatWasReadOnThem(t *testing.T) {
	b := withLog(t, read(-4*24*60, "/usr/bin/old", "work"), read(-24*60, "/usr/bin/gh", "work"), read(-1, "/usr/bin/git", "work"), read(0, "/usr/bin/curl", "work"))
	var got []string
	for _, use := range b.activity.shown {
		if use.heading != "" {
			got = append(got, use.heading)
		}
	}
	if want := []string{"Today", "Yesterday", "2026-11-19"}; !slices.Equal(got, want) {
		t.Fatalf("the days are %q", got)
	}
}

func TestNewProgramIsMarkedQuietlyUntilTheUserKnowsIt(t *testing.T) {
	b := withLog(t, read(0, "/opt/tool", "work"), read(1, "/usr/bin/git", "work"))
	for i := range 2 {
		if row := b.usageRow(i); !row.fresh.Visible() || row.sign.Resource == inColor(shapeAlert, theme.ColorNameWarning) {
			t.Errorf("row %d raises an alarm, or is not marked", i)
		}
	}
	b.meet("/usr/bin/git")
	b.activity.fresh.SetChecked(true)
	if all := b.activity.usages(); len(all) != 1 || all[0].exe() != "/opt/tool" {
		t.Fatalf("shown %+v", all)
	}
	b.activity.list.Select(1) // the row below the heading
	b.sees(b.dialog.Content, "12:00:00 · process 4000")
	b.tap(b.find(b.dialog.Content, "I know it"))
	if !b.knows("/opt/tool") || len(b.activity.shown) != 0 {
		t.Fatal("it still counts as unknown")
	}
	b.sees(b.activity.object(), "Nothing matches.")
	b.activity.fresh.SetChecked(false)
	b.activity.list.Select(1)
	b.tap(b.find(b.dialog.Content, "Forget it"))
	if b.knows("/usr/bin/git") {
		t.Error("it is not forgotten")
	}
}

func TestProgramThatCouldNotBeToldIsNeverKnown(t *testing.T) {
	b := withLog(t, read(0, "", "work"))
	row := b.usageRow(0)
	if row.fresh.Visible() || b.knows("") {
		t.Fatal("one cannot know it")
	}
	b.sees(row, "A program that could not be identified")
	b.activity.list.Select(1)
	for _, text := range texts(b.dialog.Content) {
		if text == "I know it" {
			t.Error("it can be allowed")
		}
	}
}

func TestShellIsNamedWithWhatItStarted(t *testing.T) {
	for _, c := range []struct{ parent, exe, want string }{
		{"/usr/bin/bash", "/usr/bin/authtray", "authtray in bash"},
		{"/usr/bin/bash", "/usr/bin/docker-credential-authtray", "docker-credential-authtray in bash"},
		{"/usr/bin/make", "/usr/bin/authtray", "make"},
		{"", "/usr/bin/bash", "bash"},
	} {
		t.Run(c.want, func(t *testing.T) {
			newBench(t)
			r := read(0, c.exe, "work")
			if c.parent != "" {
				r.ParentExe, r.ParentPID = c.parent, 7
			}
			if got := programOf(r); got != c.want {
				t.Errorf("it is called %q", got)
			}
		})
	}
}

func TestDetailsLeadToWhoReadsTheToken(t *testing.T) {
	b := withLog(t, read(0, "/usr/bin/curl", "work"), read(1, "/usr/bin/git", "mail"))
	b.show(viewConnections)
	b.readersOf("work")
	if all := b.activity.usages(); b.view != viewActivity || len(all) != 1 || all[0].exe() != "/usr/bin/curl" {
		t.Errorf("view %d shows %+v", b.view, all)
	}
}

func TestActivityIsFilteredByProgramConnectionAndPID(t *testing.T) {
	b := withLog(t, read(0, "/usr/bin/curl", "work"), read(1, "/usr/bin/git", "mail"))
	for filter, want := range map[string]int{"": 2, "curl": 1, "MAIL git": 1, "4001": 1, "nobody": 0} {
		b.activity.filter.SetText(filter)
		if len(b.activity.usages()) != want {
			t.Errorf("filter %q leaves %d; want %d", filter, len(b.activity.usages()), want)
		}
	}
}

func TestAgentWithoutARecordSaysSo(t *testing.T) {
	b := newBench(t, connected("work"))
	b.agent.fails("Log", &client.Problem{Status: 404, Code: "not_found"})
	go b.follow()
	b.show(viewActivity)
	b.until("it is said", func() bool {
		return b.activity.empty.Text == "This agent keeps no record of who reads tokens. A newer version of Authtray does."
	})
}

func TestSettingIsSentAtOnceAndTakenBackIfRefused(t *testing.T) {
	b := live(t, connected("work"))
	b.show(viewSettings)
	b.until("the settings are known", func() bool { return b.settings.notifications.Checked })
	b.settings.autostart.SetChecked(true)
	b.until("it is sent", b.agent.has("Set "))
	b.agent.fails("Set", &client.Problem{Detail: "The file cannot be written."})
	b.settings.autostart.SetChecked(false)
	b.until("it is taken back", func() bool { return b.settings.autostart.Checked && b.foot.text == "The file cannot be written." })
}

func TestHealthIsToldWithoutADoctor(t *testing.T) {
	b := live(t, connected("work"))
	b.show(viewSettings)
	b.until("the health is told", func() bool { return len(b.settings.health.checks) > 0 })
	b.tap(b.find(b.settings.health.box, "4 checks are fine"))
	b.sees(b.settings.health.box, "The agent has been running for 1 h 2 min (version 0.1.0).")
	b.sees(b.settings.health.box, "Tokens are kept in the desktop's keychain.")
}

func TestHealthOfAPoorDesktop(t *testing.T) {
	newBench(t)
	var got []string
	for _, c := range checksOf(api.Health{Uptime: "soon", Store: "memory", Tray: "no tray host", Notifications: "none"}) {
		if !c.OK {
			got = append(got, c.Detail)
		}
	}
	want := []string{"Tokens are kept in memory only: they are gone when the agent ends.", "This desktop shows no tray icons.", "This desktop shows no notifications."}
	if !slices.Equal(got, want) {
		t.Errorf("told %q", got)
	}
}

func TestShortcutsAreListedAndWorkFromAnyField(t *testing.T) {
	b := live(t, connected("work"), dead("zeta"))
	b.typed(keyEvent("F1"))
	for _, s := range shortcuts {
		b.sees(b.dialog.Content, asWritten(s.keys))
		b.sees(b.dialog.Content, s.does())
	}
	b.press("Escape")
	b.show(viewActivity)
	b.focus(b.activity.filter)
	b.activity.filter.TypedShortcut(custom("1"))
	if b.view != viewConnections {
		t.Fatal("a field keeps the shortcut to itself")
	}
	b.list.choose("work")
	b.list.filter.TypedShortcut(custom("T"))
	b.until("the token is copied", func() bool { return b.app.Clipboard().Content() == b.agent.token })
	b.list.filter.TypedShortcut(custom("R"))
	b.until("it is refreshed", b.agent.has("Refresh work"))
}

func TestWindowTitleCountsWhatWaits(t *testing.T) {
	b := live(t, connected("work"), dead("a"), dead("b"))
	if got := b.win.Title(); got != "(2) Authtray" {
		t.Fatalf("title %q", got)
	}
	b.agent.events <- remote.Event{Status: tokens.Status{Name: "a", State: tokens.Connected}}
	b.until("one less waits", func() bool { return b.win.Title() == "(1) Authtray" })
}

func TestMannerOfAReadIsTold(t *testing.T) {
	through := read(0, "/usr/bin/authtray", "work")
	through.ParentExe, through.ParentPID = "/usr/bin/make", 7
	refused := read(1, "/usr/bin/gh", "work")
	refused.What, refused.Code = "rejected", "reconnect_required"
	b := withLog(t, through, refused, audit.Record{Time: noon, Dropped: 3})
	for i, want := range [][]string{{"3 reads are missing here"}, {"gh", "1 read · just now · after a refusal · no token given"}, {"make", "/usr/bin/make"}} {
		row := b.usageRow(i)
		for _, text := range want {
			b.sees(row, text)
		}
		if i == 0 && row.fresh.Visible() {
			t.Error("a gap is no program to be known")
		}
	}
}

func TestKnowingAllProgramsIsAskedFirst(t *testing.T) {
	b := live(t)
	for _, exe := range []string{"/usr/bin/git", "/opt/tool"} {
		b.activity.addRead(audit.Record{Time: noon, Connection: "work", Exe: exe, PID: 7})
	}
	b.show(viewActivity)
	b.tap(b.activity.meet)
	if b.dialog == nil || b.knows("/opt/tool") {
		t.Fatal("one click allows them all")
	}
	b.sees(b.dialog.Content, "/opt/tool\n/usr/bin/git")
	b.press(fyne.KeyReturn) // the focus is on Cancel
	if b.knows("/opt/tool") {
		t.Fatal("Enter allows them without a choice")
	}
	b.tap(b.activity.meet)
	b.tap(b.find(b.dialog.Content, "I know all of these"))
	if !b.knows("/opt/tool") || !b.knows("/usr/bin/git") {
		t.Fatal("a yes does not count")
	}
}

func TestKnowingAllProgramsCanBeTakenBack(t *testing.T) {
	b := withLog(t, read(0, "/usr/bin/git", "work"), read(1, "/opt/tool", "work"))
	b.meet("/usr/bin/make")
	b.tap(b.activity.meet)
	b.tap(b.find(b.dialog.Content, "I know all of these"))
	b.sees(b.undo.object, "You know 2 more programs now.")
	b.tap(b.undo.button)
	if b.knows("/opt/tool") || !b.knows("/usr/bin/make") {
		t.Error("it is not as it was before")
	}
}

func TestHealthSaysFirstWhatIsWrongByNameWithWhatMendsIt(t *testing.T) {
	b := live(t, connected("work"), dead("bot"))
	b.agent.checks = []api.Check{
		{ID: "connection work", OK: true, Detail: "gitlab.com can be reached, and the connection is connected."},
		{ID: "connection bot", Detail: "GitLab says access was revoked. Reconnect to go on.", Hint: "authtray connect bot"},
		{ID: "browser", Detail: "No program that opens a browser was found.", Hint: "sudo apt install xdg-utils"},
	}
	b.show(viewSettings)
	b.until("the health is told", func() bool { return len(b.settings.health.checks) == 3 })
	box := b.settings.health.box
	b.sees(box, "2 things need attention")
	b.sees(box, "bot: GitLab says access was revoked. Reconnect to go on.")
	b.sees(box, "sudo apt install xdg-utils")
	for _, text := range texts(box) {
		if strings.HasPrefix(text, "work") || strings.Contains(text, "authtray connect") {
			t.Errorf("%q is shown", text)
		}
	}
	b.tap(b.find(box, "1 check is fine"))
	b.sees(box, "work: gitlab.com can be reached, and the connection is connected.")
	b.tap(b.find(box, "Show the connection"))
	if b.view != viewConnections || b.list.selected != "bot" {
		t.Errorf("view %d, %q", b.view, b.list.selected)
	}
	b.show(viewSettings)
	b.tap(b.find(box, "Reconnect"))
	b.until("a sign-in begins", b.agent.has("Connect bot url"))
}

func TestStorageIsToldAndItsFolderOpens(t *testing.T) {
	b := live(t, connected("work"))
	b.show(viewSettings)
	b.until("it is told", func() bool { return b.settings.store.Text == "Tokens are kept in the desktop's keychain." })
	b.sees(b.views[viewSettings], "/home/ada/.config/authtray")
	b.tap(b.find(b.views[viewSettings], "Open the folder"))
	b.until("it opens", func() bool { return b.pages() == 1 && b.opened[0] == "/home/ada/.config/authtray" })
	b.out.folder = func(string) error { return errors.New("no file manager could be opened") }
	b.tap(b.find(b.views[viewSettings], "Open the folder"))
	b.until("why not is told", func() bool { return b.foot.text == "No file manager could be opened" })
}

func TestAboutLeadsToSourceChangesAndLicences(t *testing.T) {
	b := live(t, connected("work"))
	b.show(viewSettings)
	for i, c := range []struct{ button, url string }{
		{"Source", "https://github.com/authtray/authtray"},
		{"Changes", "https://github.com/authtray/authtray/blob/main/CHANGELOG.md"},
	} {
		b.tap(b.find(b.views[viewSettings], c.button))
		b.until("it opens", func() bool { return b.pages() == i+1 && b.opened[i] == c.url })
	}
	b.showLicence(licensed{module: "fyne.io/fyne/v2", licence: "BSD-3-Clause"})
	if all := strings.Join(texts(b.dialog.Content), "\n"); !strings.Contains(all, "Redistribution and use in source and binary forms") {
		t.Errorf("the licence's text is %q", all)
	}
	b.tap(b.find(b.dialog.Content, "Back"))
	b.sees(b.dialog.Content, "Licences")
}

func TestReconnectingSaysAsWhomAndWhoAskedInVain(t *testing.T) {
	b := live(t, dead("work"))
	fails := func(r audit.Record) audit.Record { r.Code = "reconnect_required"; return r }
	b.agent.record(fails(read(-9, "/usr/bin/make", "work")), read(-8, "/usr/bin/curl", "work"), fails(read(-7, "/usr/bin/gh", "work")),
		fails(read(-6, "/usr/bin/git", "work")), fails(read(-5, "/usr/bin/gh", "work")), fails(read(-4, "/usr/bin/docker", "other")))
	b.reconnect("work")
	b.until("the browser is open", b.agent.has("Wait work url"))
	b.until("the log is read", func() bool { return len(b.activity.all) == 6 })
	b.agent.ended <- nil
	b.until("it is connected", func() bool { return !b.flow.pending })
	b.sees(b.flow.box, "Reconnected as ada")
	b.sees(b.flow.box, "2 programs asked for its token in vain and can try again: gh, git")
}
