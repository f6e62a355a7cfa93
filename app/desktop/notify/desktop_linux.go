package notify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/esiqveland/notify"
	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/assets"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/store/sessionbus"
)

const (
	serverName = "org.freedesktop.Notifications"
	serverPath = "/org/freedesktop/Notifications"

	actionDefault   = "default" // a click on the notification itself
	actionReconnect = "reconnect"

	closedByTime = 1 // reasons of NotificationClosed
	closedByUser = 2
)

// openTimeout is how long the bus is waited for. Nothing else is done meanwhile,
// and ending waits for it.
const openTimeout = 3 * time.Second

const (
	deafBusDetail  = "The session's D-Bus bus does not answer, so there are no notifications: `authtray status` says what needs you."
	lostBusDetail  = "The session's D-Bus bus went away, so there are no notifications until it is back: `authtray status` says what needs you."
	noBusDetail    = "This session has no D-Bus session bus, so there are no notifications: `authtray status` says what needs you."
	noServerDetail = "No notification server is running, so banners may not be seen: the tray's menu and `authtray status` say what needs you."
	deafDetail     = "The notification server does not answer, so banners may not be seen: the tray's menu and `authtray status` say what needs you."
	atNeedDetail   = "No notification server is running yet; the bus starts one when it is needed."
	plainDetail    = "The notification server shows no buttons: reconnect from the tray's menu."
)

// freedesktop shows notifications through org.freedesktop.Notifications, on a
// connection of its own that stays open: gnome-shell removes the notifications
// of a sender that leaves the bus.
type freedesktop struct {
	conn     *dbus.Conn // nil: no bus
	to       reporter
	patience time.Duration // with the server and the bus
	language *lang.Language

	mu     sync.Mutex // held while a notification is sent, so that what comes of it finds its id
	gone   bool       // the connection is over
	owner  string     // the server's unique name, "" while there is none
	ids    map[string]*onScreen
	told   map[string]uint32 // ids of banners, by what they are about
	name   string            // what the server that nameOf was calls itself
	nameOf string
	taken  []event            // what is not on the screen any more, to be posted when there is another server
	asked  map[uint32]*asking // by the id of their notifications
}

// onScreen is a notification as the server knows it. It stays known after it
// was closed: some servers say so before they say which button was pressed.
type onScreen struct {
	id     uint32
	mark   uint64
	closed bool
}

// newDesk's desk has ended from the beginning where there is no bus, and ends later
// where there is one that does not answer.
func newDesk(o Options, to reporter) desk {
	d := newFreedesktop(to, callTimeout)
	d.language = o.Language
	return d
}

func newFreedesktop(to reporter, patience time.Duration) *freedesktop {
	d := &freedesktop{to: to, patience: patience, ids: map[string]*onScreen{}, told: map[string]uint32{}, asked: map[uint32]*asking{}}
	signals := make(chan *dbus.Signal, 16)
	switch conn, err := d.connectBus(signals); err {
	case nil:
		d.conn = conn
	case errSlow: // open says when it is over
		d.gone = true
		to.setHealth(api.NotificationNone, deafBusDetail)
		return d
	default:
		d.gone = true
		to.setHealth(api.NotificationNone, noBusDetail)
		to.post(event{kind: ended})
		return d
	}
	d.owner = d.askOwner()
	d.report()
	go d.listen(signals)
	return d
}

// connectBus connects to the bus. A bus that is there and says nothing is waited for in
// the background, so that there is never more than one connection that waits; when
// it speaks after all, or goes, the desk has ended, and another one is made.
func (d *freedesktop) connectBus(signals chan<- *dbus.Signal) (*dbus.Conn, error) {
	opened := make(chan *dbus.Conn, 1)
	err := within(min(d.patience, openTimeout), func() error {
		conn, err := subscribed(signals)
		opened <- conn
		return err
	})
	if err == errSlow {
		go func() {
			if conn := <-opened; conn != nil {
				conn.Close()
			}
			d.to.post(event{kind: ended})
		}()
		return nil, err
	}
	return <-opened, err
}

func subscribed(signals chan<- *dbus.Signal) (*dbus.Conn, error) {
	conn, err := sessionbus.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	conn.Signal(signals)
	err = sessionbus.WatchName(conn, serverName)
	if err == nil {
		err = conn.AddMatchSignal(dbus.WithMatchSender(serverName), dbus.WithMatchInterface(serverName), dbus.WithMatchObjectPath(serverPath))
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (d *freedesktop) close() {
	d.mu.Lock()
	d.gone = true
	d.mu.Unlock()
	if d.conn != nil {
		d.conn.Close()
	}
}

// show sends a notification with a button where the server has buttons, and a
// banner that names the tray's menu where not.
func (d *freedesktop) show(name string, mark uint64, m message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.absent() {
		return errNobody
	}
	can := d.capabilities()
	if !can["actions"] {
		err := d.beeep(m.withoutButton(), can)
		if err == nil && d.owner == "" { // the server that comes has a button for it
			d.taken = append(d.taken, event{kind: lost, name: name, mark: mark})
		}
		return err
	}
	if d.hidesButtons() && !m.together {
		m.body = d.language.Tr("Click here to reconnect.") + " " + m.body // first: it may be cut at the end
	}
	note := compose(m, can["body-markup"])
	// The default action is a click on the notification. It has no label, since
	// some servers show it as a button too.
	if m.button != "" {
		note.Actions = []notify.Action{{Key: actionDefault}, {Key: actionReconnect, Label: m.button}}
	}
	note.ExpireTimeout = notify.ExpireTimeoutNever
	if was := d.ids[name]; was != nil && !was.closed {
		note.ReplacesID = was.id
	}
	id, err := d.send(note)
	if err != nil {
		return d.beeep(m.withoutButton(), can)
	}
	d.ids[name] = &onScreen{id: id, mark: mark}
	return nil
}

func (d *freedesktop) withdraw(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.ids[name]
	if was == nil || was.closed || d.owner == "" || d.gone {
		return // a closed one stays known: its button may be reported yet
	}
	delete(d.ids, name)
	d.closeNotification(was.id)
}

func (d *freedesktop) banner(m message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.absent() {
		return errNobody
	}
	can := d.capabilities()
	if !can["actions"] {
		return d.beeep(m, can)
	}
	note := compose(m, can["body-markup"])
	note.ExpireTimeout = onScreenFor      // some servers have none of their own
	note.SetUrgency(notify.UrgencyNormal) // a critical one would stay until it is put away
	note.ReplacesID = d.told[m.about]
	id, err := d.send(note)
	if err == nil {
		d.told[m.about] = id
	}
	return err
}

// onScreenFor is how long a banner is on the screen.
const onScreenFor = 15 * time.Second

func (d *freedesktop) settle(about string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, there := d.told[about]
	delete(d.told, about)
	if !there || d.owner == "" || d.gone {
		return
	}
	d.closeNotification(id)
}

// closeNotification takes one off the screen; that it is gone already is as good.
// The caller holds mu.
func (d *freedesktop) closeNotification(id uint32) {
	within(d.patience, func() error {
		return d.server().Call(serverName+".CloseNotification", dbus.FlagNoAutoStart, id).Err
	})
}

// compose is a notification without buttons. Only its body is ever read as markup.
func compose(m message, isMarkup bool) notify.Notification {
	body := text.Line(m.body, maxBody)
	if isMarkup {
		body = markup(body)
	}
	note := notify.Notification{AppName: appName, Summary: text.Line(m.title, maxTitle), Body: body}
	note.SetUrgency(notify.UrgencyCritical)
	note.AddHint(notify.Hint{ID: "desktop-entry", Variant: dbus.MakeVariant("authtray")})
	if img, err := picture(icon(m)); err == nil {
		note.AddHint(notify.HintImageDataRGBA(img))
	}
	return note
}

// send waits for the server's answer, but not for ever: one that comes later
// belongs to nobody, and its notification is closed.
func (d *freedesktop) send(note notify.Notification) (uint32, error) {
	answer := make(chan uint32, 1)
	err := within(d.patience, func() error {
		id, err := notify.SendNotification(d.conn, note)
		answer <- id
		return err
	})
	if err == errSlow {
		go func() {
			if id := <-answer; id != 0 {
				d.server().Call(serverName+".CloseNotification", dbus.FlagNoAutoStart, id)
			}
		}()
		return 0, err
	}
	return <-answer, err
}

// absent: there is no bus to ask, or none any more. The caller holds mu.
func (d *freedesktop) absent() bool { return d.conn == nil || d.gone }

// beeep is the way without a server that can do buttons; it tries the bus,
// notify-send and kdialog. Without a bus it is not asked: godbus would start one.
// Where there is no server, and it did not find a way either, that is errNobody.
func (d *freedesktop) beeep(m message, can map[string]bool) error {
	m.title, m.body = text.Line(m.title, maxTitle), text.Line(m.body, maxBody)
	if can["body-markup"] {
		m.body = markup(m.body)
	} else {
		m.title, m.body = unmarked(m.title), unmarked(m.body)
	}
	err := beep(m, icon(m))
	if err != nil && d.owner == "" {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	return err
}

func icon(m message) []byte {
	if m.warning {
		return assets.TrayNeedsYou
	}
	return assets.TrayFine
}

func (d *freedesktop) server() dbus.BusObject { return d.conn.Object(serverName, serverPath) }
