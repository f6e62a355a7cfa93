package window

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

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
	b.agent.log = reads
	b.show(viewActivity)
	b.until("the log is read", func() bool { return len(b.activity.all) == len(reads) })
	return b
}

func TestReadsAreListedNewestFirstAndRunsAreGathered(t *testing.T) {
	b := withLog(t, read(0, "/usr/bin/curl", "work"), read(1, "/usr/bin/git", "work"), read(2, "/usr/bin/git", "work"), read(3, "/usr/bin/git", "mail"))
	var got []string
	for _, r := range b.activity.shown {
		got = append(got, r.Exe+" "+r.Connection)
	}
	if want := []string{"/usr/bin/git mail", "/usr/bin/git work", "/usr/bin/curl work"}; !slices.Equal(got, want) {
		t.Fatalf("shown %q", got)
	}
	row := b.newReadRow()
	row.show(b.activity.shown[1], noon)
	b.sees(row, "git × 2")
	b.sees(row, "12:02")
	b.sees(row, "Not known to you · /usr/bin/git · process 4002")
}

func TestUnknownProgramStandsOutUntilTheUserKnowsIt(t *testing.T) {
	b := withLog(t, read(0, "/tmp/miner", "work"), read(1, "/usr/bin/git", "work"))
	row := b.newReadRow()
	row.show(b.activity.shown[1], noon)
	if !row.ground.Visible() {
		t.Fatal("it looks like a known one")
	}
	b.sees(row, "Not known to you · /tmp/miner · process 4000")
	b.meet("/usr/bin/git")
	b.activity.fresh.SetChecked(true)
	if len(b.activity.shown) != 1 || b.activity.shown[0].Exe != "/tmp/miner" {
		t.Fatalf("shown %+v", b.activity.shown)
	}
	b.tap(row.known)
	if !b.knows("/tmp/miner") || len(b.activity.shown) != 0 {
		t.Fatal("it still counts as unknown")
	}
	b.sees(b.activity.object(), "Nothing matches.")
}

func TestProgramThatCouldNotBeToldIsNeverKnown(t *testing.T) {
	b := withLog(t, read(0, "", "work"))
	row := b.newReadRow()
	row.show(b.activity.shown[0], noon)
	if row.known.Visible() || b.knows("") {
		t.Fatal("one cannot know it")
	}
	b.sees(row, "A program that could not be identified")
}

func TestActivityIsFilteredByProgramConnectionAndPID(t *testing.T) {
	b := withLog(t, read(0, "/usr/bin/curl", "work"), read(1, "/usr/bin/git", "mail"))
	for filter, want := range map[string]int{"": 2, "curl": 1, "MAIL git": 1, "4001": 1, "nobody": 0} {
		b.activity.filter.SetText(filter)
		if len(b.activity.shown) != want {
			t.Errorf("filter %q leaves %d; want %d", filter, len(b.activity.shown), want)
		}
	}
}

func TestAgentWithoutARecordSaysSo(t *testing.T) {
	b := live(t, connected("work"))
	b.agent.fails("Log", &client.Problem{Status: 404, Code: "not_found"})
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
	b.until("the health is told", func() bool { return len(b.settings.health.Objects) > 0 })
	b.sees(b.settings.health, "The agent has been running for 1 h 2 min (version 0.1.0).")
	b.sees(b.settings.health, "Tokens are kept in the desktop's keychain.")
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
	for i, want := range [][]string{{"3 reads are missing here"}, {"gh", "12:01 · after a refusal · no token given"}, {"make", "Not known to you · /usr/bin/make · process 7"}} {
		row := b.newReadRow()
		row.show(b.activity.shown[i], noon)
		for _, text := range want {
			b.sees(row, text)
		}
		if i == 0 && row.ground.Visible() {
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
