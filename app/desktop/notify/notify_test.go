package notify

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
)

func dead(name string) tokens.Status {
	return tokens.Status{Name: name, Provider: "github", ProviderName: "GitHub", State: tokens.ReconnectRequired,
		Detail: "GitHub says access was revoked. Reconnect to go on."}
}

// fakeDesk is a screen. Every show of a name replaces what it showed.
type fakeDesk struct {
	noQuestions
	to reporter

	mu     sync.Mutex
	log    []string
	marks  map[string]uint64
	texts  map[string]message
	broken error
}

func (d *fakeDesk) show(name string, mark uint64, m message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, "show "+name)
	d.marks[name] = mark
	if d.texts == nil {
		d.texts = map[string]message{}
	}
	d.texts[name] = m
	return d.broken
}

// shown is what was shown last under a name.
func (d *fakeDesk) shown(name string) message {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.texts[name]
}

func (d *fakeDesk) breaks(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

func (d *fakeDesk) withdraw(name string) { d.note("withdraw " + name) }
func (d *fakeDesk) close()               { d.note("close") }
func (d *fakeDesk) settle(about string)  { d.note("settle " + about) }

func (d *fakeDesk) banner(m message) error {
	d.note("banner " + m.title)
	return nil
}

func (d *fakeDesk) note(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, s)
}

func (d *fakeDesk) did() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.log, ", ")
}

func (d *fakeDesk) happens(k kind, name string) {
	d.mu.Lock()
	mark := d.marks[name]
	d.mu.Unlock()
	d.to.post(event{kind: k, name: name, mark: mark})
}

func (d *fakeDesk) expect(t *testing.T, want ...string) {
	t.Helper()
	bustest.Eventually(t, func() string { return "did " + d.did() + "; want " + strings.Join(want, ", ") },
		func() bool { return d.did() == strings.Join(want, ", ") })
}

// fakeClock stands still; tick lets everyone who waits look at it again.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	waits chan time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}
func (c *fakeClock) Elapsed() time.Duration                         { return 0 }
func (c *fakeClock) After(time.Duration) (<-chan time.Time, func()) { return c.waits, func() {} }
func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	now := c.now
	c.mu.Unlock()
	c.waits <- now
}

// later is pass where nobody waits for it.
func (c *fakeClock) later(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func startFake(t *testing.T, o Options) (*Notifier, *fakeDesk, *fakeClock) {
	t.Helper()
	clock := &fakeClock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), waits: make(chan time.Time)}
	o.Clock, o.Log = clock, slog.New(slog.DiscardHandler)
	d := &fakeDesk{marks: map[string]uint64{}}
	n := start(o, func(_ Options, to reporter) desk { d.to = to; return d })
	t.Cleanup(n.Close)
	return n, d, clock
}

func TestOneNotificationPerDeath(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	n.ReconnectRequired(dead("gh"), func() {})
	d.expect(t, "show gh")
	n.ReconnectRequired(dead("gh"), func() {}) // it died again
	d.expect(t, "show gh", "show gh")
	n.Withdraw("gh")
	d.expect(t, "show gh", "show gh", "withdraw gh")
	n.Withdraw("gh")
	n.Withdraw("never shown")
	n.Info("well", "well", "")
	d.expect(t, "show gh", "show gh", "withdraw gh", "banner well")
}

func TestBannersLeave(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true})
	n.Settle("never shown")
	n.Info("welcome", "welcome", "")
	n.Warn("gh", "gh", "")
	n.Warn("work", "work", "")
	d.expect(t, "banner welcome", "banner gh", "banner work")
	n.Settle("gh")
	n.Settle("gh")
	d.expect(t, "banner welcome", "banner gh", "banner work", "settle gh")
	clock.pass(infoStays)
	d.expect(t, "banner welcome", "banner gh", "banner work", "settle gh", "settle welcome")
	clock.pass(warnStays)
	d.expect(t, "banner welcome", "banner gh", "banner work", "settle gh", "settle welcome", "settle work")
	n.Warn("gh", "gh", "")
	n.Close()
	d.expect(t, "banner welcome", "banner gh", "banner work", "settle gh", "settle welcome", "settle work", "banner gh", "settle gh", "close")
}

func TestTheButtonActsOnceAndTakesTheNotificationAway(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	acted := make(chan string, 10)
	n.ReconnectRequired(dead("gh"), func() { acted <- "gh" })
	d.expect(t, "show gh")
	d.happens(pressed, "gh")
	d.happens(pressed, "gh")
	if got := <-acted; got != "gh" {
		t.Error(got)
	}
	d.expect(t, "show gh", "withdraw gh")
	d.to.post(event{kind: renewed})
	n.Info("after", "after", "")
	d.expect(t, "show gh", "withdraw gh", "banner after")
	if len(acted) > 0 {
		t.Error("acted twice")
	}
}

func TestAPressOfAReplacedNotificationDoesNothing(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	n.ReconnectRequired(dead("gh"), func() { t.Error("acted") })
	d.expect(t, "show gh")
	old := d.marks["gh"]
	n.ReconnectRequired(dead("gh"), func() { t.Error("acted") })
	d.expect(t, "show gh", "show gh")
	d.to.post(event{kind: pressed, name: "gh", mark: old})
	n.Info("after", "after", "")
	d.expect(t, "show gh", "show gh", "banner after")
}

func TestANewServerShowsWhatIsStillTrue(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	n.ReconnectRequired(dead("a"), func() {})
	d.expect(t, "show a")
	n.ReconnectRequired(dead("b"), func() {})
	d.expect(t, "show a", "show b")
	d.happens(dismissed, "a")
	d.expect(t, "show a", "show b", "withdraw a")
	d.happens(lost, "a")
	d.happens(lost, "b")
	d.to.post(event{kind: renewed})
	d.expect(t, "show a", "show b", "withdraw a", "show b")
	d.to.post(event{kind: renewed}) // one that took nothing along
	n.Info("after", "after", "")
	d.expect(t, "show a", "show b", "withdraw a", "show b", "banner after")
}

func TestNotificationsCanBeTurnedOffAndOn(t *testing.T) {
	n, d, _ := startFake(t, Options{})
	n.ReconnectRequired(dead("gh"), func() {})
	n.Warn("unseen", "unseen", "")
	n.Configure(true, false)
	d.expect(t, "show gh")
	n.Configure(false, false)
	d.expect(t, "show gh", "withdraw gh")
}

func TestRemindersComeOnlyIfAskedAndADayLater(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true, Reminders: true})
	acted := make(chan int, 10)
	n.ReconnectRequired(dead("gh"), func() { acted <- 1 })
	d.expect(t, "show gh")
	d.happens(dismissed, "gh")
	d.expect(t, "show gh", "withdraw gh")
	clock.pass(23 * time.Hour)
	clock.pass(59 * time.Minute)
	clock.pass(time.Minute)
	d.expect(t, "show gh", "withdraw gh", "show gh")
	d.happens(pressed, "gh")
	<-acted

	n.Configure(true, false)
	n.Info("mark", "mark", "")
	d.expect(t, "show gh", "withdraw gh", "show gh", "withdraw gh", "banner mark")
	n.Settle("mark")
	d.expect(t, "show gh", "withdraw gh", "show gh", "withdraw gh", "banner mark", "settle mark")
	select {
	case clock.waits <- clock.Now():
		t.Error("it waits for the clock without reminders")
	default:
	}
}

func TestCloseTakesEverythingOffTheScreen(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	n.ReconnectRequired(dead("gh"), func() {})
	d.expect(t, "show gh")
	n.Close()
	d.expect(t, "show gh", "withdraw gh", "close")
}

func TestWithoutAServerTheNextOneIsWaitedFor(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	d.breaks(fmt.Errorf("%w: really", errNobody))
	n.ReconnectRequired(dead("gh"), func() {})
	d.expect(t, "show gh")
	n.Info("one", "one", "")
	d.expect(t, "show gh", "banner one")
	d.breaks(nil)
	d.to.post(event{kind: renewed})
	d.expect(t, "show gh", "banner one", "show gh")
	d.to.post(event{kind: renewed}) // shown is shown
	n.Info("two", "two", "")
	d.expect(t, "show gh", "banner one", "show gh", "banner two")
}

// settled waits until the notifier has done everything that it was asked so far.
func settled(t *testing.T, n *Notifier, d *fakeDesk) {
	t.Helper()
	before := strings.Count(d.did(), "banner settled")
	n.post(event{banner: &message{title: "settled"}}) // shown also where notifications are off
	bustest.Eventually(t, d.did, func() bool { return strings.Count(d.did(), "banner settled") > before })
}

func (d *fakeDesk) shows(t *testing.T, name string, want int) {
	t.Helper()
	if got := strings.Count(d.did(), "show "+name); got != want {
		t.Errorf("shown %d times, not %d: %s", got, want, d.did())
	}
}

func TestAServerThatDoesNotShowItIsAskedAgainLater(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true})
	later := func(after time.Duration, shows int) {
		t.Helper()
		clock.pass(after)
		settled(t, n, d)
		settled(t, n, d) // what came with the first is done
		d.shows(t, "gh", shows)
	}
	d.breaks(errSlow)
	n.ReconnectRequired(dead("gh"), func() {})
	d.expect(t, "show gh")
	settled(t, n, d)
	later(firstShowing-time.Second, 1)
	later(time.Second, 2)
	later(2*firstShowing-time.Second, 2)
	d.breaks(nil)
	later(time.Second, 3)
	n.Settle("")
	bustest.Eventually(t, d.did, func() bool { return strings.HasSuffix(d.did(), "settle ") })
	select {
	case clock.waits <- clock.Now():
		t.Error("it waits for the clock with everything shown")
	default:
	}
}

func TestAServerThatFallsOverWhatWeSendIsNotKeptBusy(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	d.breaks(errSlow)
	n.ReconnectRequired(dead("gh"), func() {})
	d.expect(t, "show gh")
	for range 10 {
		d.to.post(event{kind: renewed})
		settled(t, n, d)
	}
	d.shows(t, "gh", maxFails)
}

// It answers, draws, and falls over that.
func TestAServerThatFallsOverWhatItShowsIsNotFedForEver(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true, Reminders: true}) // which has it wait for the clock
	falls := func(times int) {
		t.Helper()
		for range times {
			d.happens(lost, "gh")
			d.to.post(event{kind: renewed})
			settled(t, n, d)
			settled(t, n, d)
		}
	}
	n.ReconnectRequired(dead("gh"), func() {})
	settled(t, n, d)
	falls(2)
	clock.pass(stays) // this one was well
	falls(1)
	d.shows(t, "gh", 4)
	falls(10)
	d.shows(t, "gh", 3+maxFails)

	d.breaks(errSlow) // what another one waits for is not for this one
	n.ReconnectRequired(dead("work"), func() {})
	settled(t, n, d)
	settled(t, n, d)
	d.breaks(nil)
	clock.pass(firstShowing)
	settled(t, n, d)
	settled(t, n, d)
	d.shows(t, "work", 2)
	d.shows(t, "gh", 3+maxFails)

	n.ReconnectRequired(dead("gh"), func() {}) // it died again
	settled(t, n, d)
	falls(10)
	d.shows(t, "gh", 3+2*maxFails)
}

func TestItIsToldWhenItIsShownAndNotBefore(t *testing.T) {
	n, d, _ := startFake(t, Options{})
	told := make(chan string, 10)
	n.OnShown(func(st tokens.Status) { told <- st.Name + " " + st.Detail })
	quiet := func(why string) {
		t.Helper()
		n.Configure(true, false)
		settled(t, n, d)
		settled(t, n, d)
		if len(told) > 0 {
			t.Errorf("%s: told %s", why, <-told)
		}
	}
	d.breaks(errNobody)
	n.ReconnectRequired(dead("gh"), func() {}) // notifications are off
	settled(t, n, d)
	d.shows(t, "gh", 0)
	quiet("without a server")
	second := dead("gh")
	second.Detail = "Another death."
	n.ReconnectRequired(second, func() {}) // in place of the first, which nobody saw
	quiet("still without a server")
	n.ReconnectRequired(dead("gone"), func() {})
	n.Withdraw("gone")
	d.breaks(nil)
	d.to.post(event{kind: renewed})
	if got := <-told; got != "gh Another death." {
		t.Errorf("told %s", got)
	}
	quiet("once it was told")
}

func TestADeskThatEndedIsReplaced(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), waits: make(chan time.Time)}
	desks := make(chan *fakeDesk, 10)
	made := 0
	n := start(Options{Enabled: true, Clock: clock, Log: slog.New(slog.DiscardHandler)}, func(_ Options, to reporter) desk {
		made++
		d := &fakeDesk{to: to, marks: map[string]uint64{}}
		if made == 2 { // no better
			to.post(event{kind: ended})
		}
		desks <- d
		return d
	})
	t.Cleanup(n.Close)
	first := <-desks
	n.ReconnectRequired(dead("shown"), func() {})
	first.expect(t, "show shown")
	first.breaks(errNobody)
	first.happens(lost, "shown")
	first.to.post(event{kind: ended})
	n.ReconnectRequired(dead("since"), func() {})
	bustest.Eventually(t, first.did, func() bool { return strings.Contains(first.did(), "show since") })
	settled(t, n, first)

	clock.pass(firstRevival)
	second := <-desks
	second.breaks(errNobody)
	settled(t, n, second)
	clock.pass(firstRevival) // it waits twice as long for the next
	settled(t, n, second)
	if len(desks) > 0 {
		t.Fatal("it did not wait longer")
	}
	clock.pass(firstRevival)
	third := <-desks
	bustest.Eventually(t, third.did, func() bool {
		return strings.Count(third.did(), "show ") == 2 && strings.Contains(third.did(), "show shown") && strings.Contains(third.did(), "show since")
	})
}

// A bus may let us in, and drop us at once.
func TestADeskThatEndsAgainAndAgainIsReplacedEverMoreRarely(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), waits: make(chan time.Time)}
	desks := make(chan *fakeDesk, 10)
	n := start(Options{Enabled: true, Clock: clock, Log: slog.New(slog.DiscardHandler)}, func(_ Options, to reporter) desk {
		d := &fakeDesk{to: to, marks: map[string]uint64{}}
		desks <- d
		return d
	})
	t.Cleanup(n.Close)
	d := <-desks
	next := func(after time.Duration) {
		t.Helper()
		d.to.post(event{kind: ended})
		settled(t, n, d)
		settled(t, n, d)
		clock.pass(after - 1)
		settled(t, n, d)
		settled(t, n, d)
		if len(desks) > 0 {
			t.Fatalf("it did not wait for %v", after)
		}
		clock.pass(1)
		select {
		case d = <-desks:
		case <-time.After(3 * time.Minute):
			t.Fatalf("there is no other after %v", after)
		}
		settled(t, n, d)
	}
	for _, pause := range []time.Duration{1, 2, 4, 8} {
		next(pause * firstRevival)
	}
	clock.mu.Lock()
	clock.now = clock.now.Add(8*firstRevival + 1) // this one lives
	clock.mu.Unlock()
	next(firstRevival)
	next(2 * firstRevival)
}

// TestBannersOfAKindAreOneNotification: a folder that is replaced concerns every
// connection in it, and the user is told once.
func TestBannersOfAKindAreOneNotification(t *testing.T) {
	for kind := range severalOf {
		t.Run(kind, func(t *testing.T) {
			n, d, clock := startFake(t, Options{Enabled: true})
			for i := range 192 {
				n.Warn(fmt.Sprintf("svc-%03d %s", i, kind), fmt.Sprintf("svc-%03d", i), "one")
			}
			settled(t, n, d)
			clock.pass(gatherFor)
			settled(t, n, d)
			if strings.Count(d.did(), "banner svc") != 0 || strings.Count(d.did(), "192") != 1 {
				t.Fatalf("did %s", d.did())
			}
			n.Warn("later "+kind, "later", "one more")
			settled(t, n, d)
			clock.pass(kindPause - time.Millisecond)
			if strings.Contains(d.did(), "193") {
				t.Errorf("told again at once: %s", d.did())
			}
			clock.pass(time.Millisecond)
			bustest.Eventually(t, d.did, func() bool { return strings.Count(d.did(), "193") == 1 })
			for i := range 192 {
				n.Settle(fmt.Sprintf("svc-%03d %s", i, kind))
			}
			settled(t, n, d)
			if strings.Contains(d.did(), "settle "+kind) {
				t.Errorf("taken back with one still true: %s", d.did())
			}
			n.Settle("later " + kind)
			bustest.Eventually(t, d.did, func() bool { return strings.HasSuffix(d.did(), "settle "+kind) })
		})
	}
}

func TestOneBannerOfAKindSaysWhatItIs(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true})
	n.Warn("gh file", "the file of gh", "")
	n.Warn("work file", "the file of work", "")
	n.Settle("gh file") // before it could be told
	settled(t, n, d)
	clock.pass(gatherFor)
	bustest.Eventually(t, d.did, func() bool { return strings.HasSuffix(d.did(), "banner the file of work") })
}

func TestBannerAboutSeveralNamesThreeAndCountsTheRest(t *testing.T) {
	for want, names := range map[string][]string{
		"a, b. ":              {"b", "a"},
		"a, b, c. ":           {"c", "b", "a"},
		"a, b, c and 2 more.": {"e", "d", "c", "b", "a"},
	} {
		m := several("file", names, nil)
		if !strings.HasPrefix(m.body, want) || m.title != fmt.Sprintf("%d connection files cannot be used", len(names)) {
			t.Errorf("%q %q", m.title, m.body)
		}
	}
}

// From the third sign-in that ends within half a minute they are one notification.
func TestSignInsThatEndTogetherAreOneNotification(t *testing.T) {
	n, d, clock := startFake(t, Options{Enabled: true})
	opened := make(chan bool, 1)
	n.OnShow(func() { opened <- true })
	told := make(chan string, 16)
	n.OnShown(func(st tokens.Status) { told <- st.Name })
	var log []string
	expect := func(more ...string) {
		t.Helper()
		log = append(log, more...)
		d.expect(t, log...)
	}
	ends := func(name string) { n.ReconnectRequired(dead(name), func() {}) }
	ends("a")
	expect("show a")
	clock.later(20 * time.Second)
	ends("b")
	expect("show b")
	clock.later(40 * time.Second)
	ends("c") // two within half a minute, at most
	expect("show c")
	clock.later(29 * time.Second)
	ends("d")
	expect("show d")
	ends("e")
	bustest.Eventually(t, bustest.Said("c, d and e are not one"), func() bool {
		did := d.did()
		return strings.Contains(did, "withdraw c") && strings.Contains(did, "withdraw d") && strings.HasSuffix(did, "show  together") && !strings.Contains(did, "show e")
	})
	if got := d.shown(togetherName); got.title != "3 sign-ins ended: c, d, e" || got.button != "Show" || !strings.Contains(got.body, "window") {
		t.Errorf("%+v", got)
	}
	ends("f") // joins
	bustest.Eventually(t, func() string { return d.did() }, func() bool { return strings.HasPrefix(d.shown(togetherName).title, "4 sign-ins ended: ") })
	n.Withdraw("c")
	n.Withdraw("d")
	bustest.Eventually(t, func() string { return d.did() }, func() bool {
		return d.shown(togetherName).title == "2 sign-ins ended: e, f"
	})
	d.happens(pressed, togetherName)
	<-opened
	bustest.Eventually(t, func() string { return d.did() }, func() bool { return strings.HasSuffix(d.did(), "withdraw "+togetherName) })
	n.Withdraw("e") // and nothing is shown again
	n.Withdraw("f")
	ends("g")
	bustest.Eventually(t, func() string { return d.did() }, func() bool { return strings.HasSuffix(d.did(), "show g") })
	seen := map[string]bool{}
	for len(told) > 0 {
		seen[<-told] = true
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if !seen[name] {
			t.Errorf("%s does not count as told", name)
		}
	}
	if seen[togetherName] {
		t.Error("something that is no connection counts as told")
	}
}

func TestWithoutAWindowTheTrayNamesThem(t *testing.T) {
	n, d, _ := startFake(t, Options{Enabled: true})
	for _, name := range []string{"a", "b", "c"} {
		n.ReconnectRequired(dead(name), func() {})
	}
	bustest.Eventually(t, func() string { return d.did() }, func() bool { return d.shown(togetherName).title != "" })
	if got := d.shown(togetherName); got.button != "" || !strings.Contains(got.body, "menu of the Authtray icon: a, b, c") {
		t.Errorf("%+v", got)
	}
}
