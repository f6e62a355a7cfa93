package agent

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Options are an Agent's surroundings. Paths, Store and Log are required; what
// is nil of the others is left out, and the agent says so in its health.
type Options struct {
	Paths     config.Paths
	Store     store.Store
	Ownership *store.Ownership // of Store; nil: nobody else can reach it
	Log       *slog.Logger
	Sockets   api.Sockets // of the agent that this one takes over from
	Version   string
	Clock     tokens.Clock
	Open      Opener
	Notify    Notifier
	Tray      Tray
	Autostart Autostart
	Audit     Auditor
	Gate      Gate              // nil: nobody can be asked
	HasWindow bool              // this executable carries the window
	Language  *lang.Language    // of notifications and pages; nil: English
	Transport http.RoundTripper // to providers, in tests
	Step      func(name, step string)

	jumped      <-chan struct{} // of the system's clock; a test's tells of no jump
	followClock func(context.Context)
	memory      *memory // nil: the process has more in it than an agent, and is collected as ever
}

// Opener opens a URL in the user's browser. Its error is a sentence for people.
type Opener func(ctx context.Context, url string) error

// Notifier tells the user what cannot wait; see package notify. No method
// waits for the desktop.
type Notifier interface {
	ReconnectRequired(st tokens.Status, onReconnect func())
	// OnShown sets who is told that the user could see such a death; it is called
	// before the first announcement. What nobody was told of counts as not shown.
	OnShown(f func(st tokens.Status))
	Withdraw(name string)
	Info(about, title, body string)
	Warn(about, title, body string)
	Settle(about string)
	// Ask asks the user, and Questions are what is asked of connections now, which
	// Answer answers by what was clicked elsewhere. OnAsked sets who is told that they
	// changed; it is called before the first question.
	Ask(ctx context.Context, q notify.Question) (string, error)
	Questions() []notify.Question
	Answer(id, key string)
	OnAsked(f func(connection string))
	Configure(enabled, reminders bool)
	Health() (state api.NotificationState, detail string)
}

// Tray shows all connections; see package tray. Health is its state, as in
// /v1/health, and a sentence where it is not seen.
type Tray interface {
	Show(all []tokens.Status)
	SetAutostart(on bool)
	Health() (state api.TrayState, detail string)
}

// Autostart is start at login.
type Autostart interface {
	On() (bool, error)
	Set(on bool) error
}

// Auditor is told of every token that was asked for; see package audit.
type Auditor interface {
	// Read is called before the answer is sent; err is nil where a token was
	// given. what is one of audit's words. It does not wait.
	Read(peer api.Peer, connection, what string, err error)
	// Follow gives each the last n reads, and with follow each new one.
	Follow(ctx context.Context, n int, follow bool, each func(audit.Record) error) error
	// Trouble is a sentence where nothing can be recorded.
	Trouble() string
}

// Gate asks the user whether a program may read; see package gate.
type Gate interface {
	// Named sets what a question calls a connection; it is called before Admit.
	Named(named func(connection string) string)
	// Admit is nil where it may. The error is a *tokens.Error.
	Admit(ctx context.Context, connection string, peer api.Peer) error
	// AdmitChange is Admit for who wants to change the connection's settings.
	AdmitChange(ctx context.Context, connection string, peer api.Peer) error
	// Forget forgets what was answered about a connection.
	Forget(connection string) error
}

// withDefaults puts something that does nothing in the place of what is left out.
func (o Options) withDefaults() Options {
	o.followClock = func(context.Context) {}
	if o.Clock == nil {
		o.Clock = tokens.System
		o.jumped, o.followClock = clockJumps(o.Log)
	}
	if o.memory == nil {
		o.memory = &memory{free: debug.FreeOSMemory, collect: func(bool) {}}
	}
	if o.Notify == nil {
		o.Notify = noNotifier{}
	}
	if o.Tray == nil {
		o.Tray = noTray{}
	}
	if o.Autostart == nil {
		o.Autostart = noAutostart{}
	}
	if o.Audit == nil {
		o.Audit = noAuditor{o.Paths.State}
	}
	if o.Gate == nil {
		o.Gate = gate.New(o.Paths.State, nil, o.Log, o.Language)
	}
	return o
}

// noNotifier shows nothing, so no death counts as shown, and nobody can be asked.
type noNotifier struct{}

func (noNotifier) ReconnectRequired(tokens.Status, func()) {}
func (noNotifier) OnShown(func(tokens.Status))             {}
func (noNotifier) Withdraw(string)                         {}
func (noNotifier) Info(string, string, string)             {}
func (noNotifier) Warn(string, string, string)             {}
func (noNotifier) Settle(string)                           {}
func (noNotifier) Questions() []notify.Question            { return nil }
func (noNotifier) Answer(string, string)                   {}
func (noNotifier) OnAsked(func(string))                    {}
func (noNotifier) Configure(bool, bool)                    {}
func (noNotifier) Health() (api.NotificationState, string) { return api.NotificationNone, "" }

func (noNotifier) Ask(context.Context, notify.Question) (string, error) {
	return "", notify.ErrCannotAsk
}

type noTray struct{}

func (noTray) Show([]tokens.Status)            {}
func (noTray) SetAutostart(bool)               {}
func (noTray) Health() (api.TrayState, string) { return api.TrayOff, "" }

type noAutostart struct{}

func (noAutostart) On() (bool, error) { return false, nil }
func (noAutostart) Set(bool) error {
	return &tokens.Error{Code: codeFailed, Detail: "Authtray cannot be started at login here."}
}

// noAuditor records nothing, and tells what was recorded before.
type noAuditor struct{ state string }

func (noAuditor) Read(api.Peer, string, string, error) {}
func (noAuditor) Trouble() string                      { return "" }
func (n noAuditor) Follow(_ context.Context, most int, _ bool, each func(audit.Record) error) error {
	last, err := audit.Tail(n.state, most)
	for i := 0; i < len(last) && err == nil; i++ {
		err = each(last[i])
	}
	return err
}
