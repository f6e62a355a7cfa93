package agent

import (
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
)

// screen is a notification server that counts what it was asked to show.
type screen struct {
	conn *dbus.Conn
	mu   sync.Mutex
	hung chan struct{} // nothing is answered until it is closed
	sent []string
}

func (s *screen) GetCapabilities() ([]string, *dbus.Error) {
	<-s.hung
	return []string{"actions", "body"}, nil
}

func (s *screen) Notify(_ string, replaces uint32, _, summary, _ string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	<-s.hung
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(actions) > 0 {
		s.sent = append(s.sent, summary)
	}
	return max(replaces, uint32(len(s.sent))), nil
}

func (s *screen) CloseNotification(uint32) *dbus.Error { return nil }

func (s *screen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

// desk is a world whose agent tells the user through a real notifier, on a bus
// of the test's own.
type desk struct {
	*world
	address string
	note    *notify.Notifier
	enabled bool
}

func newDesk(t *testing.T) *desk {
	d := &desk{address: bustest.Start(t, false), enabled: true}
	t.Setenv("PATH", t.TempDir()) // no notify-send
	d.world = newWorld(t, d.notify)
	t.Cleanup(func() { d.note.Close() })
	d.add("work")
	d.connect("work", "ada")
	return d
}

func (d *desk) notify(o *Options) {
	d.note = notify.New(notify.Options{Enabled: d.enabled, Log: o.Log})
	o.Notify = d.note
}

// screen starts a notification server.
func (d *desk) screen(hung bool) *screen {
	d.t.Helper()
	const path, name = "/org/freedesktop/Notifications", "org.freedesktop.Notifications"
	s := &screen{conn: bustest.Connect(d.t, d.address), hung: make(chan struct{})}
	if !hung {
		close(s.hung)
	}
	if err := s.conn.Export(s, path, name); err != nil {
		d.t.Fatal(err)
	}
	if r, err := s.conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		d.t.Fatalf("taking the server's name: %v %v", r, err)
	}
	return s
}

func (d *desk) dies() {
	d.t.Helper()
	d.provider.Revoke("ada")
	d.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
}

// ends ends the agent; what the record says then is what a kill leaves as well.
func (d *desk) ends() {
	d.stop()
	d.note.Close()
}

func (d *desk) restarts() {
	d.t.Helper()
	d.ends()
	d.start(d.notify)
}

func (d *desk) isTold() bool {
	d.t.Helper()
	return d.told("work") == tokens.ReasonRevoked
}

// shows wants n notifications on the screen, and no more after a while.
func (d *desk) shows(s *screen, n int) {
	d.t.Helper()
	eventually(d.t, "the notification is shown", func() bool { return s.count() >= n })
	eventually(d.t, "the record says so", d.isTold)
	d.stays(s, n)
}

func (d *desk) stays(s *screen, n int) {
	d.t.Helper()
	time.Sleep(200 * time.Millisecond)
	if got := s.count(); got != n {
		d.t.Errorf("%d notifications, not %d", got, n)
	}
}

// untold: nobody has seen the death, and the record does not say otherwise.
func (d *desk) untold() {
	d.t.Helper()
	time.Sleep(300 * time.Millisecond)
	if d.isTold() {
		d.t.Error("the record says that the user was told, and nobody was")
	}
}

func TestDesktopADeathIsShownOnceOverRestarts(t *testing.T) {
	d := newDesk(t)
	s := d.screen(false)
	d.dies()
	d.shows(s, 1)
	d.restarts()
	d.stays(s, 1)
	s.conn.Close() // a server of the next login
	d.ends()
	next := d.screen(false)
	d.start(d.notify)
	d.stays(next, 0)

	d.connect("work", "ada")
	d.dies() // another death
	d.shows(next, 1)
}

func TestDesktopADeathThatNobodyCouldShowIsShownLater(t *testing.T) {
	d := newDesk(t)
	d.dies()
	d.untold()
	d.restarts()
	d.untold()
	s := d.screen(false) // comes while the agent runs
	d.shows(s, 1)
	d.restarts()
	d.stays(s, 1)
}

func TestDesktopADeathIsShownByTheNextAgentWhereThisOneCouldNot(t *testing.T) {
	d := newDesk(t)
	hung := d.screen(true)
	d.dies()
	d.untold()
	hung.conn.Close() // the notifier's last calls end with it
	d.ends()
	s := d.screen(false)
	d.start(d.notify)
	d.shows(s, 1)
	d.restarts()
	d.stays(s, 1)
}

func TestDesktopADeathIsOwedWhileNotificationsAreOff(t *testing.T) {
	d := newDesk(t)
	s := d.screen(false)
	off := func(is bool) {
		d.call("PATCH", "/settings", map[string]bool{"notifications": !is}).ok()
	}
	off(true)
	d.dies()
	d.untold()
	d.enabled = false // as main reads it from the settings
	d.restarts()
	d.untold()
	d.stays(s, 0)
	off(false)
	d.shows(s, 1)
}
