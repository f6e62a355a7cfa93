package tray

import (
	"context"
	"log/slog"
	"sync"

	"github.com/authtray/authtray/tokens"
)

// Actions is what the menu can do. Each is called in a goroutine of its own and
// may take its time; what comes of it is seen in the next Show.
type Actions interface {
	Connect(name string)
	Reconnect(name string)
	Refresh(name string)
	Disconnect(name string)
	CopyToken(name string) // the current access token, to the clipboard
	UnlockKeychain()
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
		health: Health{Off, "The tray has not started."}}
}

// Show says what all connections are like now, in the order of the menu.
func (t *Tray) Show(all []tokens.Status) {
	t.change(func() { t.statuses = append([]tokens.Status(nil), all...) })
}

// SetAutostart says whether start at login is on.
func (t *Tray) SetAutostart(on bool) {
	t.change(func() { t.autostart = on })
}

func (t *Tray) autostartShown() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.autostart
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
