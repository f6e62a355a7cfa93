package notify

import (
	"log/slog"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
)

// Options are a Notifier's surroundings.
type Options struct {
	Enabled   bool         // notifications are wanted
	Reminders bool         // a dead connection is announced again once a day
	IconFile  string       // Windows: where the icon may be kept, as a PNG; it must stay where it is
	Clock     tokens.Clock // nil: tokens.System
	Log       *slog.Logger // nil: nothing is logged
	Language  *lang.Language
}

// reminderAfter is how long a reminder waits, by the wall clock.
const reminderAfter = 24 * time.Hour

// Notifier shows notifications. Safe for concurrent use; no method but Close
// waits for the desktop.
type Notifier struct {
	opts Options
	kick chan struct{} // capacity 1: there is something to do
	stop chan struct{}
	done chan struct{}

	mu        sync.Mutex
	onShown   func(tokens.Status) // nil: nobody asked
	onAsked   func(string)        // nil: nobody asked
	asking    []*asking           // on the screen, or gone by there, the oldest first
	show      func()              // opens the window; nil: there is none
	deaths    map[string]*death
	events    []event
	banners   map[string]time.Time // when a banner is taken back, by what it is about; zero: not shown yet
	enabled   bool
	reminders bool
	health    health

	closing sync.Once
}

type health struct {
	state  api.NotificationState
	detail string
}

// New starts a notifier. Close it.
func New(o Options) *Notifier { return start(o, newDesk) }

func start(o Options, makeDesk func(Options, reporter) desk) *Notifier {
	if o.Clock == nil {
		o.Clock = tokens.System
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &Notifier{opts: o, enabled: o.Enabled, reminders: o.Reminders, deaths: map[string]*death{}, banners: map[string]time.Time{},
		kick: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		health: health{api.NotificationNone, "Notifications are being set up."}}
	go n.run(func() desk { return makeDesk(o, n) })
	return n
}

// ReconnectRequired announces that a grant is dead. onReconnect is called in a
// goroutine of its own when the button is pressed, at most once, and once more
// for each reminder. What is announced of the same connection is replaced.
func (n *Notifier) ReconnectRequired(st tokens.Status, onReconnect func()) {
	n.change(func() {
		n.deaths[st.Name] = &death{status: st, act: onReconnect, at: n.opts.Clock.Now()}
	})
}

// OnShown says who is told, each time, that what ReconnectRequired announced is
// on the screen, or was there in a banner: f gets the status that was announced.
// One that cannot be shown yet (no server, notifications turned off) stays
// announced and is told when it is shown; one that was replaced or withdrawn
// before that is not. f is called in the notifier's own goroutine and must not
// wait for it. Call OnShown before the first announcement.
func (n *Notifier) OnShown(f func(st tokens.Status)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onShown = f
}

// Withdraw takes back what is announced of a connection: it is well again, or gone.
func (n *Notifier) Withdraw(name string) {
	n.change(func() { delete(n.deaths, name) })
}

// Info shows a banner without a button that goes by itself, in place of one about
// the same. Title and body may hold foreign text.
func (n *Notifier) Info(about, title, body string) {
	n.banner(message{about: about, title: title, body: body})
}

// Warn is Info with a warning sign. Some desktops keep it in a list.
func (n *Notifier) Warn(about, title, body string) {
	n.banner(message{about: about, title: title, body: body, warning: true})
}

// Settle takes back the banner about something, wherever it is kept: it says what
// is not so any more.
func (n *Notifier) Settle(about string) {
	n.mu.Lock()
	_, there := n.banners[about]
	delete(n.banners, about)
	n.mu.Unlock()
	if there {
		n.post(event{kind: outdated, name: about})
	}
}

func (n *Notifier) banner(m message) {
	n.change(func() {
		if n.enabled {
			n.events = append(n.events, event{banner: &m})
			n.banners[m.about] = time.Time{}
		}
	})
}

// Configure follows the settings. Turning notifications off withdraws all, and
// off means off: a death that comes then is not shown. It is still owed, so that
// turning them on shows it, if it is still true then.
func (n *Notifier) Configure(enabled, reminders bool) {
	n.change(func() { n.enabled, n.reminders = enabled, reminders })
}

// Health says how notifications can be shown now, and why in a sentence where they
// have no buttons.
func (n *Notifier) Health() (state api.NotificationState, detail string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if off := SwitchedOff(); off != "" {
		return api.NotificationNone, off
	}
	return n.health.state, n.health.detail
}

// Close withdraws everything and stops. It waits for that for a few seconds at
// most. Nobody would hear the button of what stayed, nor take it away when the
// connection is well again. What was shown counts as told all the same, and the
// next notifier is not asked to repeat it: from its first moment the tray's icon,
// and every answer to a tool, say that the connection needs its user.
func (n *Notifier) Close() {
	n.closing.Do(func() { close(n.stop) })
	select {
	case <-n.done:
	case <-time.After(callTimeout):
	}
}

func (n *Notifier) change(f func()) {
	n.mu.Lock()
	f()
	n.mu.Unlock()
	select {
	case n.kick <- struct{}{}:
	default:
	}
}
