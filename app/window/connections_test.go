package window

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

func names(l *list) (out []string) {
	for _, it := range l.items {
		if it.heading == "" {
			out = append(out, it.Name)
		}
	}
	return out
}

func TestConnectionThatNeedsItsUserStandsFirstWithItsReasonAndOneButton(t *testing.T) {
	b := live(t, connected("alpha"), dead("work"), connected("zeta"))
	if got := names(b.list); !slices.Equal(got, []string{"work", "alpha", "zeta"}) {
		t.Fatalf("listed as %q", got)
	}
	r := b.row()
	r.show(b.list.items[1].Status, noon, false)
	b.sees(r, "Reconnect required")
	b.sees(r, "GitLab says access was revoked. Reconnect to go on.")
	b.tap(b.find(r, "Reconnect"))
	b.until("a flow begins", b.agent.has("Connect work url"))
}

func TestConnectedOneSaysStateInWordsAndCountsDown(t *testing.T) {
	b := live(t, connected("work"))
	r := b.row()
	r.show(b.list.items[0].Status, b.now(), false)
	b.sees(r, "Connected")
	b.sees(r, "ada · GitLab")
	b.sees(r, "expires in 42 min")
	b.pass(2 * time.Minute)
	r.tick(b.now())
	b.sees(r, "expires in 40 min")
}

func TestEmptyStateIsOneSentenceAndOneButton(t *testing.T) {
	b := live(t)
	b.until("the welcome is shown", b.welcome.Visible)
	b.sees(b.welcome, "Connect an account once, and your tools always have a token that works.")
	if b.adds.Visible() {
		t.Error("there are two buttons for one thing")
	}
	b.tap(b.find(b.welcome, "Add a connection"))
	if !b.adds.Visible() {
		t.Error("other views lack the header's button")
	}
	if b.view != viewPick {
		t.Fatal("the button does not lead to the providers")
	}
}

func TestNothingIsCalledEmptyBeforeTheAgentSaidSo(t *testing.T) {
	b := newBench(t)
	b.list.show()
	if b.welcome.Visible() {
		t.Fatal("the window says that there are no connections before it asked")
	}
}

func TestAgentThatStopsIsSaidSoAndOfferedToStart(t *testing.T) {
	b := live(t, connected("work"), connected("old"))
	b.agent.goAway()
	b.until("the banner is shown", b.banner.object.Visible)
	if len(b.list.items) != 2 {
		t.Fatal("what was known is gone from the screen")
	}
	b.tap(b.banner.start)
	b.until("the agent was started", func() bool { return b.started == 1 })
	b.agent.come(connected("work"))
	b.until("the window listens again", func() bool { b.pass(time.Second); return b.present && len(b.list.items) == 1 })
	if b.banner.object.Visible() {
		t.Fatal("the banner stays")
	}
}

func TestRemovedConnectionLeavesTheList(t *testing.T) {
	b := live(t, connected("work"), connected("old"))
	b.agent.events <- remote.Event{Status: tokens.Status{Name: "old"}, Removed: true}
	b.until("it is gone", func() bool { return len(b.list.items) == 1 })
}

func TestArrowKeysSelectAndEnterDoesWhatIsNeeded(t *testing.T) {
	b := live(t, connected("alpha"), dead("work"))
	if b.list.selected != "work" {
		t.Fatalf("%s is selected; want the one that needs its user", b.list.selected)
	}
	b.focus(b.list.widget)
	b.press(fyne.KeyDown)
	if b.list.selected != "alpha" {
		t.Fatalf("%s is selected after Down", b.list.selected)
	}
	b.press(fyne.KeyHome, fyne.KeyReturn)
	b.until("a flow begins", b.agent.has("Connect work url"))
}

func TestSelectionStaysWithItsConnectionWhenTheOrderChanges(t *testing.T) {
	b := live(t, connected("alpha"), connected("beta"))
	b.focus(b.list.widget)
	b.press(fyne.KeyDown)
	b.agent.events <- remote.Event{Status: dead("zeta")}
	b.until("the new one stands first", func() bool { return len(names(b.list)) == 3 && names(b.list)[0] == "zeta" })
	if b.list.selected != "beta" || b.list.widget.at != 4 {
		t.Fatalf("%s at %d is selected; want beta at 4", b.list.selected, b.list.widget.at)
	}
}

func TestTwoHundredConnectionsMakeFewRowsAndCanBeFiltered(t *testing.T) {
	var all []tokens.Status
	for i := range 200 {
		all = append(all, connected(fmt.Sprintf("c%03d", i)))
	}
	b := live(t, all...)
	if n := len(b.list.rows); n == 0 || n > 40 {
		t.Fatalf("%d rows were made for 200 connections", n)
	}
	b.list.filter.SetText("c19 lab")
	if len(b.list.items) != 10 {
		t.Fatalf("the filter leaves %d", len(b.list.items))
	}
	b.list.filter.SetText("nowhere")
	if !b.list.empty.Visible() {
		t.Fatal("nothing says that nothing matches")
	}
	b.focus(b.list.filter)
	b.press(fyne.KeyEscape)
	if len(b.list.items) != 200 {
		t.Fatal("Escape does not take the filter away")
	}
}

func TestDetailsTellTheStoryOfTheGrant(t *testing.T) {
	b := newBench(t, connected("work"))
	b.agent.history = []tokens.Event{{Time: noon.Add(-3 * time.Hour), What: "connected"}, {Time: noon.Add(-2 * time.Hour), What: "refreshed"},
		{Time: noon.Add(-time.Hour), What: "refreshed"}, {Time: noon, What: "retrying", Detail: "No route to host."}}
	go b.follow()
	b.until("the history is there", func() bool { return len(b.details.known.Events) == 4 })
	for _, text := range []string{"Token refreshed × 2", "10:00 to 11:00", "Refresh failed, trying again", "No route to host.", "Connected"} {
		b.sees(b.details.history, text)
	}
	b.sees(b.details.tags, "read_user")
}

func TestCopiedTokenLeavesTheClipboardAfterThirtySeconds(t *testing.T) {
	b := live(t, connected("work"))
	b.tap(b.details.copy)
	b.until("the token is copied", func() bool { return b.app.Clipboard().Content() == "s3cret-token" })
	b.pass(29 * time.Second)
	if b.app.Clipboard().Content() == "" {
		t.Fatal("the token left early")
	}
	b.pass(time.Second)
	if got := b.app.Clipboard().Content(); got != "" {
		t.Fatal("the token is still in the clipboard")
	}
}

func TestClipboardThatHoldsSomethingElseIsLeftAlone(t *testing.T) {
	b := live(t, connected("work"))
	b.tap(b.details.copy)
	b.until("the token is copied", func() bool { return b.app.Clipboard().Content() == "s3cret-token" })
	b.app.Clipboard().SetContent("my shopping list")
	b.pass(time.Minute)
	if b.app.Clipboard().Content() != "my shopping list" {
		t.Fatal("the window cleared what it did not put there")
	}
}

func TestRefusalIsToldAtTheFootInTheAgentsWords(t *testing.T) {
	b := live(t, connected("work"))
	b.agent.fails("Refresh", &client.Problem{Code: "temporarily_unavailable", Detail: "GitLab cannot be reached."})
	b.tap(b.details.refresh)
	b.until("the sentence is there", func() bool { return b.foot.text == "GitLab cannot be reached." })
	b.pass(footFor)
	if b.foot.text != "" {
		t.Fatal("the sentence stays for ever")
	}
}

func TestDisconnectSaysWhatItDoesAndEscapeIsNo(t *testing.T) {
	b := live(t, connected("work"))
	b.until("the details are known", func() bool { return b.details.known.Provider != "" })
	b.choose("Disconnect…")
	b.until("it asks", func() bool { return b.dialog != nil })
	b.sees(b.dialog.Content, "GitLab is told to end this access, and the token is erased from this machine. Tools that use it stop working. Its settings stay, so you can connect again.")
	b.press(fyne.KeyEscape)
	if b.dialog != nil || b.agent.has("Disconnect work")() {
		t.Fatal("Escape is not a no")
	}
	b.choose("Disconnect…")
	b.until("it asks again", func() bool { return b.dialog != nil })
	b.press(fyne.KeyReturn) // the focus is on Cancel: Enter loses nothing
	if b.agent.has("Disconnect work")() {
		t.Fatal("Enter disconnects without a choice")
	}
	b.choose("Disconnect…")
	b.until("it asks again", func() bool { return b.dialog != nil })
	b.tap(b.find(b.dialog.Content, "Disconnect"))
	if b.agent.has("Disconnect work")() {
		t.Fatal("it cannot be taken back")
	}
	b.pass(undoFor)
	b.until("it is disconnected", b.agent.has("Disconnect work"))
	b.until("what the provider did not get to know is told", func() bool { return b.dialog != nil })
	b.sees(b.dialog.Content, "GitLab could not be reached.")
}

func TestPageForAppsOpensInTheBrowser(t *testing.T) {
	b := live(t, connected("work"))
	b.until("the entry is known", func() bool { return b.details.appsPage() != "" })
	b.choose("Apps at GitLab")
	b.until("the page opens", func() bool { return b.pages() == 1 })
	if b.opened[0] != "https://gitlab.com/apps" {
		t.Fatalf("opened %s", b.opened)
	}
}

func TestSilentAgentNeverBlocksTheWindow(t *testing.T) {
	b := live(t, connected("alpha"), dead("work"))
	b.agent.mu.Lock()
	b.agent.hang = make(chan struct{})
	b.agent.mu.Unlock()
	defer close(b.agent.hang)
	for _, s := range shortcuts {
		if s.key != fyne.KeyW {
			s.do(b.ui)
		}
	}
	b.show(viewConnections)
	b.tap(b.details.offer)
	b.press(fyne.KeyEscape)
	b.help()
	b.press(fyne.KeyEscape)
	if b.view != viewConnections {
		t.Fatal("the window does not follow its user while the agent is silent")
	}
}

func TestAgentThatWasNeverThereIsNotCalledEmpty(t *testing.T) {
	b := newBench(t)
	b.agent.fails("Events", client.ErrNoAgent)
	go b.follow()
	b.until("the banner is shown", b.banner.object.Visible)
	if b.welcome.Visible() {
		t.Fatal("the window says that there are no connections, which it does not know")
	}
	b.agent.come(connected("work"))
	b.until("the connections are there", func() bool { b.pass(time.Second); return len(b.list.items) == 1 })
}

func TestAgentThatCannotBeStartedSaysWhy(t *testing.T) {
	b := newBench(t)
	b.out.start = func(context.Context) error { return errors.New("there is no keychain here") }
	b.agent.fails("Events", client.ErrNoAgent)
	go b.follow()
	b.until("the banner is shown", b.banner.object.Visible)
	b.tap(b.banner.start)
	b.until("it is said", func() bool { return b.banner.text.Text == "The agent could not be started: there is no keychain here" })
	if b.banner.start.Disabled() {
		t.Fatal("it cannot be tried again")
	}
}

func TestOnlyTheSelectedItemIsLit(t *testing.T) {
	b := live(t, connected("a"), connected("b"), connected("c"))
	b.list.choose("c")
	if b.list.widget.lit != 2 {
		t.Fatalf("item %d is lit; want 2", b.list.widget.lit)
	}
	b.focus(b.list.widget)
	b.press(fyne.KeyHome)
	if b.list.widget.lit != 0 {
		t.Fatalf("item %d is lit; want 0", b.list.widget.lit)
	}
}

func TestQuestionIsWholeForALongName(t *testing.T) {
	s := connected(strings.Repeat("w", 64))
	for name, ask := range map[string]func(*ui, api.Connection){"disconnect": (*ui).disconnect, "remove": (*ui).removeConnection} {
		t.Run(name, func(t *testing.T) {
			b := live(t, s)
			ask(b.ui, api.Connection{Status: s})
			b.until("it asks", func() bool { return b.dialog != nil })
			walk(b.dialog.Content, func(o fyne.CanvasObject) {
				if l, ok := o.(*line); ok && test.WidgetRenderer(l).(*lineRenderer).text.Text != l.text {
					t.Errorf("%q is cut", l.text)
				}
			})
		})
	}
}

func TestFilterWithoutAMatchSaysSo(t *testing.T) {
	b := live(t, connected("work"))
	b.list.filter.SetText("zzz")
	b.sees(b.list.object(), "No connection matches “zzz”. Escape clears the filter.")
}

func TestConnectionsWithATokenComeBeforeThoseWithout(t *testing.T) {
	off := connected("a")
	off.State = tokens.Disconnected
	m := newModel()
	m.settle([]tokens.Status{off, connected("b"), dead("c")})
	var got []string
	for _, s := range m.listed("", noon) {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, []string{"c", "b", "a"}) || m.needing(noon) != 1 {
		t.Fatalf("listed %q, %d need their user", got, m.needing(noon))
	}
}

func TestWindowOpensAsLargeAsItWasClosed(t *testing.T) {
	b := newBench(t)
	b.win.Resize(fyne.NewSize(700, 500))
	b.remember()
	if got := b.firstSize(fyne.Size{}); got != fyne.NewSize(700, 500) {
		t.Fatalf("the next one is %v", got)
	}
}

func TestRetryingWithoutATokenIsAProblem(t *testing.T) {
	s := connected("work")
	s.State = tokens.Retrying
	for _, c := range []struct {
		name string
		left time.Duration
		want look
		copy bool
	}{
		{"the token is good", time.Minute, lookOf(tokens.Retrying), true},
		{"the token has expired", -time.Minute, look{shape: shapeAlert, color: "error", needs: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			expires := noon.Add(c.left)
			s.ExpiresAt = &expires
			b := live(t, s)
			if got := lookAt(s, noon); got != c.want {
				t.Errorf("it looks like %v", got)
			}
			if b.details.copy.Visible() != c.copy {
				t.Errorf("its token can be copied: %v", !c.copy)
			}
			b.pass(2 * time.Minute)
			b.details.tick()
			if b.details.copy.Visible() {
				t.Error("it can be copied though it has expired meanwhile")
			}
		})
	}
}

// TestATokenThatIsLeftToCallersIsNoProblem: it is renewed by who copies it, too.
func TestATokenThatIsLeftToCallersIsNoProblem(t *testing.T) {
	s := connected("work")
	expires := noon.Add(time.Minute)
	s.ExpiresAt, s.Refreshable, s.OnDemand = &expires, true, true
	b := live(t, s)
	b.pass(3 * time.Minute)
	b.details.tick()
	b.list.tick()
	b.sees(b.details.facts, "when asked for")
	b.sees(b.list.widget, "renewed when asked for")
	if all := texts(b.details.facts); slices.Contains(all, "Expired") || !b.details.copy.Visible() || lookAt(s, b.now()).needs {
		t.Errorf("it looks like one: %q", all)
	}
}

func TestDetailsTellWhatTheUserIsAskedAboutAConnection(t *testing.T) {
	b := live(t, connected("work"))
	if b.details.alert.Visible() {
		t.Errorf("it says %q before", b.details.why.Text)
	}
	b.details.known.Question = "gh: allow the token of work?"
	b.details.show()
	if want := "gh: allow the token of work? Answer in the notification, or in the menu of the Authtray icon."; !b.details.alert.Visible() || b.details.why.Text != want {
		t.Errorf("it says %q", b.details.why.Text)
	}
	b.details.known.Question = ""
	if b.details.show(); b.details.alert.Visible() {
		t.Errorf("it says %q after", b.details.why.Text)
	}
}

func TestWindowIsNoLargerThanMostOfTheScreen(t *testing.T) {
	for _, c := range []struct {
		name         string
		screen, want fyne.Size
	}{
		{"a large screen", fyne.NewSize(2560, 1440), fyne.NewSize(1000, 680)},
		{"a laptop's", fyne.NewSize(1366, 760), fyne.NewSize(1000, 646)},
		{"640x480", fyne.NewSize(640, 480), fyne.NewSize(544, 408)},
		{"smaller than the window can be", fyne.NewSize(300, 200), fyne.NewSize(455, 234)},
		{"unknown", fyne.Size{}, fyne.NewSize(1000, 680)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if got := b.firstSize(c.screen); got != c.want {
				t.Errorf("%v; want %v", got, c.want)
			}
			b.fit(c.screen)
			if got := b.win.Canvas().Size(); got.Width > c.want.Width+1 || got.Height > c.want.Height+1 {
				t.Errorf("the window is %v; want %v", got, c.want)
			}
		})
	}
}

func TestConnectionThatSignsInStaysInItsGroup(t *testing.T) {
	first, again := connected("first"), connected("again")
	first.State, first.RefreshedAt, first.ExpiresAt = tokens.Connecting, nil, nil
	again.State = tokens.Connecting
	b := live(t, first, again)
	var got []string
	for _, it := range b.list.items {
		got = append(got, cmp.Or(it.heading, it.Name))
	}
	if want := []string{"Connected (1)", "again", "Not connected (1)", "first"}; !slices.Equal(got, want) {
		t.Errorf("listed %q; want %q", got, want)
	}
}

func TestListIsGroupedByWhatConnectionsNeed(t *testing.T) {
	off, gone := connected("off"), connected("gone")
	off.State = tokens.Disconnected
	gone.State = tokens.Retrying
	late := noon.Add(time.Minute)
	gone.ExpiresAt = &late
	b := live(t, connected("work"), dead("bot"), off, gone)
	headings := func() (out []string) {
		for _, it := range b.list.items {
			if it.heading != "" {
				out = append(out, it.heading)
			}
		}
		return out
	}
	if got, want := headings(), []string{"Needs you (1)", "Connected (2)", "Not connected (1)"}; !slices.Equal(got, want) {
		t.Fatalf("headings %q; want %q", got, want)
	}
	if got, want := names(b.list), []string{"bot", "gone", "work", "off"}; !slices.Equal(got, want) {
		t.Fatalf("listed %q; want %q", got, want)
	}
	b.pass(2 * time.Minute)
	b.tick()
	if got := headings()[0]; got != "Needs you (2)" || b.win.Title() != "(2) Authtray" {
		t.Errorf("when a token has run out: %q, %q", got, b.win.Title())
	}
	b.focus(b.list.widget)
	b.press(fyne.KeyHome)
	var walked []string
	for range 5 {
		walked = append(walked, b.list.selected)
		b.press(fyne.KeyDown)
	}
	if want := []string{"bot", "gone", "work", "off", "off"}; !slices.Equal(walked, want) {
		t.Errorf("the arrow goes %q; want %q", walked, want)
	}
	b.list.widget.Select(0) // a click on the heading
	if b.list.selected != "off" {
		t.Errorf("a heading selects %q", b.list.selected)
	}
	b.list.filter.SetText("work")
	if len(headings()) != 0 {
		t.Errorf("one group has the headings %q", headings())
	}
}

func TestLongNameTakesTheRoomOfTheStatesWord(t *testing.T) {
	b := newBench(t)
	for name, word := range map[string]bool{"work": true, strings.Repeat("n", 64): false} {
		r := b.row()
		r.show(connected(name), noon, false)
		r.Resize(fyne.NewSize(300, rowHeight))
		if got := r.state.Size().Width > 0; got != word || !r.shape.Visible() {
			t.Errorf("%s: its state is told in words: %v", name, got)
		}
	}
}

func TestTrayLeadsToTheConnectionInTheWindow(t *testing.T) {
	b := live(t, connected("alpha"), connected("work"))
	b.show(viewSettings)
	b.list.filter.SetText("alpha")
	b.visit("work")
	if b.view != viewConnections || b.list.selected != "work" || b.details.name != "work" {
		t.Errorf("view %d shows %q", b.view, b.list.selected)
	}
	b.visit("new") // not heard of yet
	b.agent.events <- remote.Event{Status: connected("new")}
	b.until("it is shown once it is known", func() bool { return b.list.selected == "new" })
	b.disconnect(api.Connection{Status: connected("new")})
	b.until("it asks", func() bool { return b.dialog != nil })
	b.visit("alpha")
	if b.list.selected != "new" {
		t.Error("another connection is shown behind a question")
	}
}

// choose chooses an entry of the details' menu.
func (b *bench) choose(label string) {
	b.Helper()
	b.tap(b.details.manage)
	b.win.Canvas().Overlays().Remove(b.win.Canvas().Overlays().Top())
	var all []string
	for _, item := range b.details.menu().Items {
		if all = append(all, item.Label); item.Label == label {
			item.Action()
			return
		}
	}
	b.Fatalf("there is no %q in %q", label, all)
}

func TestWhatEndsAnAccessWaitsAndCanBeTakenBack(t *testing.T) {
	for _, c := range []struct{ entry, verb, call, said string }{
		{"Disconnect…", "Disconnect", "Disconnect work", "work will be disconnected in 8 s."},
		{"Remove…", "Remove", "Remove work", "work will be removed in 8 s."},
	} {
		ask := func(t *testing.T) *bench {
			b := live(t, connected("work"), connected("zeta"))
			b.until("the details are known", func() bool { return b.details.known.Provider != "" })
			b.choose(c.entry)
			b.until("it asks", func() bool { return b.dialog != nil })
			b.tap(b.find(b.dialog.Content, c.verb))
			b.sees(b.undo.object, c.said)
			if b.focused() != fyne.Focusable(b.list.widget) {
				t.Error("the focus is not on the list")
			}
			return b
		}
		t.Run(c.verb+" taken back", func(t *testing.T) {
			b := ask(t)
			b.tap(b.undo.button)
			b.pass(time.Hour)
			if b.agent.has(c.call)() || b.undo.object.Visible() {
				t.Error("it is done all the same")
			}
		})
		t.Run(c.verb+" not taken back", func(t *testing.T) {
			b := ask(t)
			b.pass(undoFor - time.Second)
			b.tick()
			b.sees(b.undo.object, strings.Replace(c.said, "8 s", "1 s", 1))
			if b.agent.has(c.call)() {
				t.Error("it is done too early")
			}
			b.pass(time.Second)
			b.until("it is done", b.agent.has(c.call))
			b.until("the offer is gone", func() bool { return !b.undo.object.Visible() })
		})
		t.Run(c.verb+" and close the window", func(t *testing.T) {
			b := ask(t)
			b.undo.finish()
			if !b.agent.has(c.call)() {
				t.Error("it is forgotten")
			}
		})
		t.Run(c.verb+" and ask for something else", func(t *testing.T) {
			b := ask(t)
			b.part("zeta", func(string) string { return "zeta" }, "", b.agent.Disconnect)
			b.until("the first is done at once", b.agent.has(c.call))
			if b.agent.has("Disconnect zeta")() {
				t.Error("the second cannot be taken back")
			}
		})
	}
}

func TestAccountStaysOnTheRowWhenItsAccessEnds(t *testing.T) {
	b := live(t, connected("work"))
	b.agent.events <- remote.Event{Status: dead("work")}
	b.until("it is heard", func() bool { return b.model.all["work"].State == tokens.ReconnectRequired })
	r := b.row()
	r.show(b.model.all["work"], noon, false)
	b.sees(r, "ada · GitLab")
	if got := b.details.whose.text; got != "ada · GitLab" {
		t.Errorf("the details say %q", got)
	}
}

func TestBrowserThatDoesNotOpenIsToldBelowItsButton(t *testing.T) {
	b := live(t, dead("work"))
	b.win.Resize(fyne.NewSize(1000, 680))
	b.out.browse = func(string) error { return errors.New("the browser could not be opened: copy the link") }
	b.reconnect("work")
	b.until("why not is told", func() bool { return b.flow.trouble != nil && b.flow.trouble.Visible() })
	b.sees(b.flow.box, "The browser could not be opened: copy the link")
	if size := b.flow.trouble.Size(); size.Width < 200 || size.Height < 15 || b.flow.until.Position().Y < b.flow.trouble.Position().Y+size.Height {
		t.Errorf("it has %v, and the line below it is at %v", size, b.flow.until.Position())
	}
	b.out.browse = b.browse
	b.tap(b.find(b.flow.box, "Open the browser again"))
	if b.flow.trouble.Visible() {
		t.Error("it stays when it is tried again")
	}
	b.until("it opens", func() bool { return b.pages() == 1 })
}

// TestListKeepsItsWidthAndShowsWhatIsChosen: a connection that is chosen is in sight,
// also where rows above it are tall, and the list does not take the whole window where
// there are no details.
func TestListKeepsItsWidthAndShowsWhatIsChosen(t *testing.T) {
	b := live(t, everyState()...)
	b.win.Resize(fyne.NewSize(1000, 680))
	width := b.list.widget.Size().Width
	for _, it := range b.list.items {
		if it.heading != "" {
			continue
		}
		b.list.choose(it.Name)
		seen := false
		for _, r := range b.list.rows {
			top := b.app.Driver().AbsolutePositionForObject(r).Y - b.app.Driver().AbsolutePositionForObject(b.list.widget).Y
			seen = seen || r.status.Name == it.Name && r.head.Hidden && top >= 0 && top+r.Size().Height <= b.list.widget.Size().Height+1
		}
		if !seen {
			t.Errorf("%s is chosen and out of sight", it.Name)
		}
	}
	b.list.filter.SetText("nothing of that name")
	if got := b.list.widget.Size().Width; len(b.list.items) > 0 || got != width || width > 500 {
		t.Errorf("the list is %v wide, then %v", width, got)
	}
	if b.details.scroll.Content.Visible() {
		t.Error("details are shown of a connection that is not listed")
	}
}

func TestDetailsOfAnExpiredTokenOfferNoUse(t *testing.T) {
	s := connected("work")
	soon := noon.Add(time.Minute)
	s.State, s.Reason, s.ExpiresAt = tokens.Retrying, tokens.ReasonNetwork, &soon
	b := live(t, s)
	b.until("the details are known", func() bool { return b.details.appsPage() != "" })
	if !b.details.useCard.Visible() {
		t.Fatal("a token that works is not offered")
	}
	b.pass(10 * time.Minute)
	b.tick()
	if b.details.useCard.Visible() || b.details.copy.Visible() {
		t.Error("a token that is over is offered")
	}
	b.sees(b.details.facts, "Expired")
	b.sees(b.details.facts, "12:01, 9 min ago")
}
