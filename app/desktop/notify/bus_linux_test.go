package notify

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// onBus starts a notifier on the test's bus, with no program in PATH but those
// in dir, so that beeep finds no notify-send of the machine.
func onBus(t *testing.T) (n *Notifier, dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("PATH", dir)
	n = New(Options{Enabled: true, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(n.Close)
	return n, dir
}

func awaitHealth(t *testing.T, n *Notifier, want api.NotificationState) {
	t.Helper()
	bustest.Eventually(t, func() string { c, d := n.Health(); return "health is " + string(c) + ": " + d }, func() bool {
		c, _ := n.Health()
		return c == want
	})
}

func TestDesktopNotificationHasTheButtonAndNeverExpires(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions", "body", "body-markup")
	n, _ := onBus(t)
	awaitHealth(t, n, api.NotificationActions)
	st := dead("gh")
	st.Detail = "<b>GitHub</b> & co"
	n.ReconnectRequired(st, func() {})
	got := s.nth(t, 1)
	if !slices.Equal(got.Actions, []string{"default", "", "reconnect", "Reconnect"}) {
		t.Errorf("actions %v", got.Actions)
	}
	if got.Summary != "gh has to be reconnected" || got.Body != "&lt;b&gt;GitHub&lt;/b&gt; &amp; co" || got.Expires != 0 {
		t.Errorf("%+v", got)
	}
	if u, _ := got.Hints["urgency"].Value().(byte); u != 2 {
		t.Errorf("urgency %v", got.Hints["urgency"])
	}
	if e, _ := got.Hints["desktop-entry"].Value().(string); e != "authtray" {
		t.Errorf("desktop entry %v", got.Hints["desktop-entry"])
	}

	n.ReconnectRequired(dead("gh"), func() {}) // it died again: in the same place
	if again := s.nth(t, 2); again.Replaces != got.ID {
		t.Errorf("replaces %d, not %d", again.Replaces, got.ID)
	}
	n.Withdraw("gh")
	s.sawClosed(t, got.ID)
}

func TestDesktopOnlyTheServersWordAboutOurIDCounts(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions")
	n, _ := onBus(t)
	acted := make(chan string, 10)
	n.ReconnectRequired(dead("gh"), func() { acted <- "gh" })
	n.ReconnectRequired(dead("work"), func() { acted <- "work" })
	first, second := s.nth(t, 1), s.nth(t, 2)
	work := second.ID
	if strings.Contains(first.Summary, "work") {
		work = first.ID
	}

	impostor := &dbus.Message{Type: dbus.TypeSignal, Body: []any{work, "reconnect"}, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(ourName(t, s.conn)),
		dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath(serverPath)),
		dbus.FieldInterface:   dbus.MakeVariant(serverName),
		dbus.FieldMember:      dbus.MakeVariant("ActionInvoked"),
		dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(work, "reconnect")),
	}}
	other := bustest.Connect(t, address)
	if err := other.Send(impostor, nil).Err; err != nil {
		t.Fatal(err)
	}
	if err := other.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil { // the bus has passed it on
		t.Fatal(err)
	}
	s.emit("ActionInvoked", uint32(99), "reconnect") // another program's
	s.emit("ActionInvoked", work, "settings")        // no action of ours
	s.emit("ActionInvoked", work)                    // malformed
	s.emit("NotificationClosed", work, uint32(2))    // some servers say this first
	s.emit("ActionInvoked", work, "reconnect")
	s.emit("ActionInvoked", work, "reconnect")
	if got := <-acted; got != "work" {
		t.Errorf("acted for %s", got)
	}
	n.Warn("mark", "mark", "") // comes after everything above
	m := s.nth(t, 3)
	if urgency, _ := m.Hints["urgency"].Value().(byte); m.Summary != "mark" || len(m.Actions) != 0 || urgency != 1 {
		t.Errorf("%+v", m)
	}
	if len(acted) != 0 {
		t.Errorf("acted again for %s", <-acted)
	}
}

// ourName is the notifier's connection: the one unique name that is neither
// the server's nor asks for the list. Notify's sender would say, but only calls
// that took a dbus.Sender know it.
func ourName(t *testing.T, asking *dbus.Conn) string {
	t.Helper()
	var names []string
	if err := asking.BusObject().Call("org.freedesktop.DBus.ListNames", 0).Store(&names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, ":") && name != asking.Names()[0] {
			return name
		}
	}
	t.Fatal("the notifier is not on the bus")
	return ""
}

func TestDesktopServersThatComeLaterAndAgainAreTakenUp(t *testing.T) {
	address := bustest.Start(t, false)
	n, _ := onBus(t)
	awaitHealth(t, n, api.NotificationNone)
	acted := make(chan bool, 1)
	n.ReconnectRequired(dead("gh"), func() { acted <- true })

	s := startFakeServer(t, address, 7, "actions")
	first := s.nth(t, 1)
	awaitHealth(t, n, api.NotificationActions)
	s.conn.Close()
	awaitHealth(t, n, api.NotificationNone)

	again := startFakeServer(t, address, 40, "actions")
	second := again.nth(t, 1)
	if second.Replaces != 0 {
		t.Errorf("replaces %d of the server that is gone", second.Replaces)
	}
	again.emit("ActionInvoked", first.ID, "reconnect") // the old server's id means nothing now
	again.emit("NotificationClosed", second.ID, uint32(2))
	n.Info("mark", "mark", "")
	again.nth(t, 2)
	if len(acted) > 0 {
		t.Error("acted on an id of the server that is gone")
	}

	again.conn.Close() // it was put away: it does not come back
	awaitHealth(t, n, api.NotificationNone)
	third := startFakeServer(t, address, 80, "actions")
	awaitHealth(t, n, api.NotificationActions)
	n.Info("mark", "mark", "")
	if got := third.nth(t, 1); got.Summary != "mark" {
		t.Errorf("shown again: %+v", got)
	}
}

// Two servers, of which one takes the name from the other, as `--replace` does, and
// gives it back when it ends: the one that has it shows what is still true, and is
// believed.
func TestDesktopOfTwoServersTheOneWithTheNameCounts(t *testing.T) {
	address := bustest.Start(t, false)
	n, _ := onBus(t)
	awaitHealth(t, n, api.NotificationNone)
	acted := make(chan bool, 10)
	n.ReconnectRequired(dead("gh"), func() { acted <- true })
	first := startFakeServer(t, address, 7, "actions")
	shown := first.nth(t, 1)
	if _, err := first.conn.RequestName(serverName, dbus.NameFlagAllowReplacement); err != nil {
		t.Fatal(err)
	}
	second := &fakeServer{conn: bustest.Connect(t, address), can: []string{"actions"}, last: 39}
	if err := second.conn.Export(second, serverPath, serverName); err != nil {
		t.Fatal(err)
	}
	if r, err := second.conn.RequestName(serverName, dbus.NameFlagReplaceExisting); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("taking the name over: %v %v", r, err)
	}
	second.nth(t, 1)
	first.emit("ActionInvoked", shown.ID, "reconnect") // it is still there, and its word no more
	n.Info("mark", "mark", "")
	second.nth(t, 2)
	if len(acted) > 0 {
		t.Error("acted on the word of the server that lost the name")
	}
	second.conn.Close() // the first one has waited for the name
	again := first.nth(t, 2)
	first.emit("ActionInvoked", again.ID, "reconnect")
	<-acted
	if n := first.count(); n != 2 {
		t.Errorf("the first server was sent %d notifications, not 2", n)
	}
}

func TestDesktopABusThatComesBackIsTakenUp(t *testing.T) {
	b := storetest.StartBus(t)
	s := startFakeServer(t, b.Address(), 7, "actions")
	n := New(Options{Enabled: true, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(n.Close)
	told := make(chan string, 10)
	n.OnShown(func(st tokens.Status) { told <- st.Name })
	awaitHealth(t, n, api.NotificationActions)
	n.ReconnectRequired(dead("before"), func() {})
	s.nth(t, 1)
	if got := <-told; got != "before" {
		t.Errorf("told %s", got)
	}

	b.Kill()
	awaitHealth(t, n, api.NotificationNone)
	if _, detail := n.Health(); !strings.Contains(detail, "bus") || !strings.HasSuffix(detail, ".") {
		t.Errorf("without a bus: %q", detail)
	}
	acted := make(chan bool, 10)
	n.ReconnectRequired(dead("during"), func() { acted <- true })
	n.Info("mark", "mark", "")
	if len(told) > 0 {
		t.Errorf("told %s with nobody there", <-told)
	}
	b.Start()
	again := startFakeServer(t, b.Address(), 70, "actions")
	awaitHealth(t, n, api.NotificationActions)
	for range 2 { // the one that went with the bus, and the one that came meanwhile
		<-told
	}
	if again.count() != 2 {
		t.Errorf("%d notifications, not two", again.count())
	}
	for i := range 2 {
		got := again.nth(t, i+1)
		if len(got.Actions) == 0 || got.Replaces != 0 {
			t.Errorf("%+v", got)
		}
		if strings.Contains(got.Summary, "during") {
			again.emit("ActionInvoked", got.ID, "reconnect")
		}
	}
	<-acted
}

func TestDesktopABusThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	address := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	came := make(chan net.Conn, 10)
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			came <- c
		}
	}()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+address)
	n := hasty(t)
	first := <-came
	awaitDetail(t, n, deafBusDetail)
	select {
	case <-came:
		t.Error("there is another connection beside the one that waits")
	case <-time.After(2 * firstRevival):
	}
	first.Close() // that bus is over
	second := <-came
	defer second.Close()
	n.Close() // while that bus does not answer either
}

func TestDesktopAServerThatDoesNotAnswerShowsNothing(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions")
	answer := s.hang(t)
	n, _ := onBus(t)
	told := make(chan string, 10)
	n.OnShown(func(st tokens.Status) { told <- st.Name })
	n.ReconnectRequired(dead("gh"), func() {})
	time.Sleep(300 * time.Millisecond)
	if len(told) > 0 {
		t.Error("told that it was shown")
	}
	s.conn.Close() // the next one is well
	close(answer)
	again := startFakeServer(t, address, 70, "actions")
	again.nth(t, 1)
	<-told
	awaitHealth(t, n, api.NotificationActions)
}

// hasty starts a notifier that waits for the desktop for only a moment.
func hasty(t *testing.T) *Notifier {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
	n := start(Options{Enabled: true, Log: slog.New(slog.DiscardHandler)}, func(_ Options, to reporter) desk {
		return newFreedesktop(to, 50*time.Millisecond)
	})
	t.Cleanup(n.Close)
	return n
}

func awaitDetail(t *testing.T, n *Notifier, want string) {
	t.Helper()
	bustest.Eventually(t, func() string { c, d := n.Health(); return "health is " + string(c) + ": " + d }, func() bool {
		_, d := n.Health()
		return d == want
	})
}

func TestDesktopAServerThatWasSlowIsBelievedWhenItAnswers(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions")
	answer := s.hang(t)
	n := hasty(t)
	awaitDetail(t, n, deafDetail)
	s.well()
	close(answer)
	awaitHealth(t, n, api.NotificationActions)
}

func TestDesktopAServerThatHangsLaterIsNotSaidToBeWell(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "actions")
	n := hasty(t)
	awaitHealth(t, n, api.NotificationActions)
	answer := s.hang(t)
	n.Info("mark", "mark", "")
	awaitDetail(t, n, deafDetail)
	s.well()
	n.Info("mark", "mark", "")
	awaitHealth(t, n, api.NotificationActions) // without the late answer
	close(answer)
	time.Sleep(100 * time.Millisecond) // which must not be written to where somebody reads
}

// A banner goes by itself: a server that is started again does not repeat it.
func TestDesktopABannerWithoutAButtonIsShownOnce(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "body")
	n, _ := onBus(t)
	told := make(chan string, 10)
	n.OnShown(func(st tokens.Status) { told <- st.Name })
	n.ReconnectRequired(dead("gh"), func() {})
	s.nth(t, 1)
	<-told
	s.conn.Close()
	awaitHealth(t, n, api.NotificationNone)
	again := startFakeServer(t, address, 70, "actions")
	awaitHealth(t, n, api.NotificationActions)
	n.Info("mark", "mark", "")
	if got := again.nth(t, 1); got.Summary != "mark" {
		t.Errorf("shown again: %+v", got)
	}
}

func TestDesktopServerWithoutButtonsGetsABannerThatNamesTheMenu(t *testing.T) {
	address := bustest.Start(t, false)
	s := startFakeServer(t, address, 7, "body", "body-markup")
	n, _ := onBus(t)
	awaitHealth(t, n, api.NotificationPlain)
	n.ReconnectRequired(dead("gh"), func() {})
	got := s.nth(t, 1)
	if len(got.Actions) != 0 || !strings.Contains(got.Body, "Choose “Reconnect gh” in the menu") {
		t.Errorf("%+v", got)
	}
	n.Info("mark", "mark", "")
	s.nth(t, 2)
	if s.count() != 2 {
		t.Errorf("%d notifications", s.count())
	}
}

func TestDesktopWithoutAServerNotifySendIsTried(t *testing.T) {
	bustest.Start(t, false)
	n, dir := onBus(t)
	mark := filepath.Join(dir, "said")
	script := "#!/bin/sh\nprintf '%s|' \"$@\" > '" + mark + ".tmp'\nread x < /dev/null\n/bin/mv '" + mark + ".tmp' '" + mark + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "notify-send"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	n.ReconnectRequired(dead("gh"), func() {})
	var said []byte
	bustest.Eventually(t, bustest.Said("notify-send was not run"), func() (ok bool) {
		var err error
		said, err = os.ReadFile(mark)
		return err == nil
	})
	if !strings.Contains(string(said), "Choose “Reconnect gh” in the menu") {
		t.Errorf("said %s", said)
	}
}

// godbus, which beeep uses too, would run dbus-launch.
func TestDesktopWithoutABusNothingIsStarted(t *testing.T) {
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil {
		t.Skip("this user's bus is at a place where it is always found; make test as a user without a session")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	for _, program := range []string{"dbus-launch", "notify-send"} {
		script := "#!/bin/sh\n: > '" + filepath.Join(dir, "was-run") + "'\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var log syncBuffer
	n := New(Options{Enabled: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	defer n.Close()
	n.ReconnectRequired(dead("gh"), func() {})
	bustest.Eventually(t, log.String, func() bool { return strings.Contains(log.String(), "could not be shown") })
	if c, detail := n.Health(); c != api.NotificationNone || !strings.Contains(detail, "no D-Bus session bus") {
		t.Errorf("health %s: %s", c, detail)
	}
	if _, err := os.Stat(filepath.Join(dir, "was-run")); err == nil {
		t.Error("a program was run")
	}
}

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
