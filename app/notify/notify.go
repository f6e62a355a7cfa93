package notify

import (
	"log/slog"
	"time"

	"github.com/authtray/authtray/tokens"
)

// Options are a Notifier's surroundings.
type Options struct {
	Enabled   bool         // notifications are wanted
	Reminders bool         // a dead connection is announced again every ReminderAfter
	IconFile  string       // a PNG that stays where it is; needed on Windows, where it is written if absent
	Clock     tokens.Clock // nil: tokens.System
	Log       *slog.Logger // nil: slog.Default
}

// ReminderAfter is how long a reminder waits, by the wall clock.
const ReminderAfter = 24 * time.Hour

// How notifications can be shown, as in /v1/health.
const (
	WithActions = "actions" // with a Reconnect button
	Plain       = "plain"   // banners without a button
	None        = "none"
)

// Notifier shows notifications. Safe for concurrent use; no method waits for
// the desktop.
type Notifier struct{}

// New starts a notifier. Close it.
func New(o Options) *Notifier { return &Notifier{} }

// ReconnectRequired announces that a grant is dead. onReconnect is called, at
// most once, in a goroutine of its own, when the button is pressed.
func (n *Notifier) ReconnectRequired(st tokens.Status, onReconnect func()) {}

// Withdraw takes back what is announced of a connection: it is well again, or gone.
func (n *Notifier) Withdraw(name string) {}

// Info and Warn show a banner without a button that goes by itself. Title and
// body may hold foreign text.
func (n *Notifier) Info(title, body string) {}
func (n *Notifier) Warn(title, body string) {}

// Configure follows the settings. Turning notifications off withdraws all.
func (n *Notifier) Configure(enabled, reminders bool) {}

// Health says how notifications can be shown now: WithActions, Plain or None,
// and for the last two why, in a sentence.
func (n *Notifier) Health() (capability, detail string) { return None, "" }

// Close withdraws everything and stops.
func (n *Notifier) Close() {}
