package tray

import (
	"context"
	"log/slog"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
)

// Actions is what the menu can do. Each is called in a goroutine of its own and
// may take its time; what comes of it is seen in the next Show.
type Actions interface {
	Connect(name string)
	Reconnect(name string)
	Refresh(name string)
	CopyToken(name string) // the current access token, to the clipboard
	UnlockKeychain()
	Answer(question, key string)
	Open(name string) // the window; name "" for no connection in particular
	SetAutostart(on bool)
	Quit()
}

// Options are a Tray's surroundings.
type Options struct {
	Actions   Actions
	CanCopy   bool         // a clipboard is to be had
	Autostart bool         // start at login is on now
	Profile   string       // named profile, shown in the tooltip; "" for the default one
	OnHealth  func(Health) // called when Health changes; must not block
	Log       *slog.Logger // nil: nothing is logged
	// MCP is what is known of a connection's MCP server, nil for another connection.
	MCP       func(name string) *api.MCP
	Questions func() []Question // that wait for their answer; nil: there are none
	Language  *lang.Language    // of the menu and the tooltip; nil: English
}

// Tray is the icon. Its methods are safe for concurrent use, and before Run.
type Tray struct {
	opts Options
	kick chan struct{} // capacity 1: something may have to be drawn

	mu        sync.Mutex
	statuses  []tokens.Status
	autostart bool
	health    Health
}

// New makes a tray that shows no connections.
func New(o Options) *Tray {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Tray{opts: o, autostart: o.Autostart, kick: make(chan struct{}, 1),
		health: Health{api.TrayOff, "The tray has not started."}}
}

// Show says what all connections are like now, in the order of the menu.
func (t *Tray) Show(all []tokens.Status) {
	t.change(func() { t.statuses = append([]tokens.Status(nil), all...) })
}

// SetAutostart says whether start at login is on.
func (t *Tray) SetAutostart(on bool) {
	t.change(func() { t.autostart = on })
}

// Run shows the tray until ctx ends; see the package comment for who may call
// it. Where there can be no tray it says so in Health and in the log, once, and
// waits for ctx all the same. The error is about being called twice.
func (t *Tray) Run(ctx context.Context) error { return t.run(ctx) }

func (t *Tray) change(f func()) {
	t.mu.Lock()
	f()
	t.mu.Unlock()
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// sameOutline says that two menus differ in words only: as many entries, of the
// same kinds, and the same questions. Such a menu is changed in place, which keeps it open under the
// user's pointer.
func sameOutline(a, b Menu) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		isOther := (a[i].Do.Verb == Answer || b[i].Do.Verb == Answer) && a[i].Do != b[i].Do // a click was meant for the question that was there
		if isOther || a[i].Separator != b[i].Separator || a[i].Check != b[i].Check || !sameOutline(a[i].Items, b[i].Items) {
			return false
		}
	}
	return true
}

// Health says whether the icon can be seen.
type Health struct {
	State  api.TrayState
	Detail string // one sentence for people; "" when registered
}

// Health says whether the icon can be seen now.
func (t *Tray) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health
}

// setHealth keeps h, and says in the log what changed: each state once, until
// another comes.
func (t *Tray) setHealth(h Health) {
	t.mu.Lock()
	same := t.health == h
	t.health = h
	t.mu.Unlock()
	if same {
		return
	}
	if h.State == api.TrayRegistered {
		t.opts.Log.Info("the tray icon is shown")
	} else {
		t.opts.Log.Warn("the tray icon cannot be seen", "state", h.State, "detail", h.Detail)
	}
	if t.opts.OnHealth != nil {
		t.opts.OnHealth(h)
	}
}
