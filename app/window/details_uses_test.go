package window

import (
	"errors"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers/catalog"
)

// toUses shows the details of a connection at a provider with an API and git.
func toUses(t *testing.T, change func(e *catalog.Entry)) *bench {
	t.Helper()
	b := newBench(t, connected("work"), connected("zeta"), dead("over"))
	b.agent.entry.API.Base, b.agent.entry.API.Try, b.agent.entry.API.Git = "https://gitlab.com/api/v4", "user", []string{"gitlab.com"}
	if change != nil {
		change(&b.agent.entry.Entry)
	}
	b.command = func(args ...string) (string, string, error) { return "[credential]\n\thelper = one\n", "", nil }
	go b.follow()
	b.until("the connections are known", func() bool { return b.known && b.present })
	b.list.choose("work")
	b.until("the entry is known", func() bool { return b.details.useCard.Visible() && b.details.known.Config != nil })
	return b
}

func (b *bench) press1(text string) { b.Helper(); b.tap(b.find(b.details.useCard.Container, text)) }

// answered waits until the command has been answered.
func (b *bench) answered(times int) {
	b.Helper()
	b.until("the command is answered", func() bool { return len(b.commands) == times && b.details.useCard.opened.write.Disabled() == false })
}

func TestDetailsSayHowTheTokenIsUsed(t *testing.T) {
	b := toUses(t, nil)
	for _, command := range []string{"authtray token work", "authtray request work user", "git", "docker", "kubectl", "curl"} {
		b.sees(b.details.useCard.Container, command)
	}
	b.tap(b.find(b.details.useCard.commands.Objects[1], "Copy"))
	if got := b.app.Clipboard().Content(); got != "authtray request work user" {
		t.Fatalf("copied %q", got)
	}
	b.list.choose("over")
	if b.details.useCard.Visible() {
		t.Fatal("a connection without a token says how to use it")
	}
}

func TestDetailsSayWhoReadTheTokenLast(t *testing.T) {
	b := newBench(t, connected("work"))
	refused := read(-1, "/usr/bin/curl", "work")
	refused.Code = "not_allowed"
	b.agent.record(read(-5, "/usr/bin/gh", "work"), read(-4, "/usr/bin/git", "other"), refused)
	go b.follow()
	b.until("the log is read", func() bool { return len(b.activity.all) == 3 && b.details.useCard.Visible() })
	b.tick()
	b.sees(b.details.useCard.Container, "Last read by gh, 5 min ago")
	b.press1("Who reads it")
	if b.view != viewActivity || b.activity.filter.Text != "work" {
		t.Error("it does not lead to Activity")
	}
	b.sees(b.activity.list, "gh")
}

func TestSetupShowsCopiesAndWritesItsLines(t *testing.T) {
	b := toUses(t, nil)
	b.press1("git")
	b.answered(1)
	b.sees(b.details.useCard.Container, "[credential]\n    helper = one")
	b.press1("Copy")
	b.tap(b.details.useCard.opened.copy)
	if got := b.app.Clipboard().Content(); got != "[credential]\n\thelper = one\n" {
		t.Errorf("copied %q", got)
	}
	b.command = func(args ...string) (string, string, error) {
		return "# then: git pull\n", "authtray: git is set up\nauthtray: work answers for gitlab.com now\n", nil
	}
	b.press1("Write")
	b.answered(2)
	b.sees(b.details.useCard.Container, "git is set up. work answers for gitlab.com now.")
	b.sees(b.details.useCard.Container, "# then: git pull")
	b.command = func(args ...string) (string, string, error) {
		return "", "", errors.New("git has a helper of its own for gitlab.com: take it out and run this again")
	}
	b.press1("Write")
	b.answered(3)
	b.sees(b.details.useCard.Container, "Git has a helper of its own for gitlab.com: take it out and run this again")
	if want := []string{"setup git work", "setup git work --write", "setup git work --write"}; !slices.Equal(b.commands, want) {
		t.Errorf("it ran %q", b.commands)
	}
	b.press1("git")
	if b.details.useCard.opened != nil || b.details.useCard.below.Visible() {
		t.Error("a second press does not fold it")
	}
}

// What came of a click is to be seen: the lines end below the window's edge, and so do
// Write and what it says.
func TestSetupsLinesAndResultComeIntoSight(t *testing.T) {
	b := toUses(t, nil)
	b.win.Resize(fyne.NewSize(1000, 680))
	inSight := func(o fyne.CanvasObject) bool {
		driver, scroll := b.app.Driver(), b.details.scroll
		top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(scroll).Y
		return o.Visible() && top >= 0 && top+o.Size().Height <= scroll.Size().Height
	}
	b.press1("git")
	b.answered(1)
	l := b.details.useCard.opened
	if !inSight(l.write) || b.focused() != fyne.Focusable(l.write) {
		t.Errorf("Write is out of sight, or %v has the focus", b.focused())
	}
	b.command = func(args ...string) (string, string, error) { return "# then: git pull\n", "", nil }
	b.press1("Write")
	b.answered(2)
	if !inSight(l.said) || b.focused() != fyne.Focusable(l.write) {
		t.Errorf("what Write says is out of sight, or %v has the focus", b.focused())
	}
}

func TestSetupAsksForAHostThatIsNotKnown(t *testing.T) {
	b := toUses(t, nil)
	b.press1("docker")
	l := b.details.useCard.opened
	if len(b.commands) > 0 || b.focused() != fyne.Focusable(l.host.entry) {
		t.Fatalf("it ran %q, and the focus is at %v", b.commands, b.focused())
	}
	l.host.SetText(" ghcr.io ")
	b.press(fyne.KeyReturn)
	b.answered(1)
	if b.commands[0] != "setup docker work --host=ghcr.io" {
		t.Errorf("it ran %q", b.commands)
	}
}

func TestSetupOfAnMCPServerIsForAIClients(t *testing.T) {
	b := toUses(t, func(e *catalog.Entry) { e.Quirks = []string{"mcp_bootstrap"} })
	b.sees(b.details.useCard.Container, "authtray mcp work") // for one that is not listed
	for _, client := range setup.MCPClients() {
		b.sees(b.details.useCard.Container, client)
	}
	b.press1("cursor")
	b.answered(1)
	if b.commands[0] != "setup mcp --client cursor work" {
		t.Errorf("it ran %q", b.commands)
	}
}

func TestSetupOfAnotherConnectionIsFolded(t *testing.T) {
	b := toUses(t, nil)
	late := make(chan struct{})
	b.command = func(...string) (string, string, error) { <-late; return "late lines\n", "", nil }
	b.press1("git")
	b.list.choose("zeta")
	close(late)
	b.until("the answer has come", func() bool { return len(b.commands) == 1 && !b.step() })
	if b.details.useCard.opened != nil || b.details.useCard.below.Visible() {
		t.Error("the lines of another connection are shown")
	}
}

// TestSetupWritesWhatCanBeWritten holds the buttons to what the lines are.
func TestSetupWritesWhatCanBeWritten(t *testing.T) {
	p := setup.Plan{Program: "authtray", Name: "work", Hosts: []string{"example.org"}, Home: t.TempDir(), Env: func(string) string { return "" }}
	steps := map[string][]setup.Step{"git": setup.Git(p), "docker": setup.Docker(p), "kubectl": setup.Kubectl(p, false), "curl": setup.Curl(p, "", "example.org")}
	for _, client := range setup.MCPClients() {
		steps[client] = setup.MCP(p, client)
	}
	b := toUses(t, nil)
	mcp := b.agent.entry
	mcp.Quirks = []string{"mcp_bootstrap"}
	for _, to := range slices.Concat(setupsOf(b.agent.entry), setupsOf(mcp)) {
		if of, ok := steps[to.name]; !ok || setup.Writable(of) == to.shown {
			t.Errorf("%s: known %v, can be written: %v", to.name, ok, setup.Writable(of))
		}
	}
}
