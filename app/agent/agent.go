package agent

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Opener opens a URL in the user's browser. Its error is a sentence for people.
type Opener func(ctx context.Context, url string) error

// Notifier tells the user what cannot wait; see package notify. No method
// waits for the desktop.
type Notifier interface {
	ReconnectRequired(st tokens.Status, onReconnect func())
	Withdraw(name string)
	Info(title, body string)
	Warn(title, body string)
	Configure(enabled, reminders bool)
	Health() (capability, detail string)
}

// Confirmer is a Notifier that says when a death could be seen. One that is no
// Confirmer is taken to have shown what it was given.
type Confirmer interface {
	// OnShown sets who is told; it is called before the first announcement.
	OnShown(f func(st tokens.Status))
}

// Tray shows all connections; see package tray. Health is its state, as in
// /v1/health, and a sentence where it is not seen.
type Tray interface {
	Show(all []tokens.Status)
	SetAutostart(on bool)
	Health() (state, detail string)
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
	// Admit is nil where it may. The error is a *tokens.Error.
	Admit(ctx context.Context, connection string, peer api.Peer) error
	// Forget forgets what was answered about a connection.
	Forget(connection string) error
}

// Options are an Agent's surroundings. Paths, Store and Log are required; what
// is nil of the others is left out, and the agent says so in its health.
type Options struct {
	Paths     config.Paths
	Store     store.Store
	Log       *slog.Logger
	Version   string
	Clock     tokens.Clock
	Open      Opener
	Notify    Notifier
	Tray      Tray
	Autostart Autostart
	Audit     Auditor
	Gate      Gate              // nil: nobody can be asked
	HasWindow bool              // this executable carries the window
	Transport http.RoundTripper // to providers, in tests
	Step      func(name, step string)
}

// Agent puts configuration, manager, flows and socket together. It implements
// api.Agent and tray.Actions. Safe for concurrent use.
type Agent struct {
	opts    Options
	log     *slog.Logger
	manager *tokens.Manager
	flows   *flows
	files   *files
	memory  config.Accounts
	removed *broadcast
	window  window
	beside  beside
	started time.Time
	end     context.CancelFunc
	ended   context.Context
	told    told

	confirms bool // the notifier is a Confirmer
}

var _ api.Agent = (*Agent)(nil)

// NewAgent makes an agent that has read nothing yet; Run starts it.
func NewAgent(o Options) *Agent {
	if o.Clock == nil {
		o.Clock = tokens.System
	}
	o.Log = withoutPanicValues(o.Log)
	if o.Gate == nil {
		o.Gate = gate.New(o.Paths.State, nil, o.Log)
	}
	a := &Agent{
		opts: o, log: o.Log, started: time.Now(),
		memory:  config.NewAccounts(o.Paths.State),
		removed: &broadcast{},
		told:    told{deaths: map[string]telling{}, warned: map[string]bool{}},
	}
	a.manager = tokens.New(tokens.Options{
		Store: o.Store, Verdicts: config.Verdicts(o.Paths.State), Clock: o.Clock, Log: o.Log, Step: o.Step,
	})
	if c, ok := o.Notify.(Confirmer); ok {
		a.confirms = true
		c.OnShown(a.shown)
	}
	a.files = newFiles(a)
	a.flows = newFlows(a)
	a.window = window{agent: a}
	a.ended, a.end = context.WithCancel(context.Background())
	return a
}

// Quit ends Run soon.
func (a *Agent) Quit() { a.end() }

// Run serves until ctx ends or Quit is called, then lets answers that are under
// way reach the keychain. The caller holds the profile's lock (api.Lock).
func (a *Agent) Run(ctx context.Context) error {
	defer a.end()
	defer context.AfterFunc(ctx, a.end)()
	defer a.serveRemote()()
	listener, err := api.Listen(a.opts.Paths.Socket, a.log)
	if err != nil {
		return err
	}
	a.files.reload()
	a.sweep()
	defer a.serveTCP()()
	debug.FreeOSMemory() // what it took to read the catalogue; this process is idle from here on
	var work sync.WaitGroup
	work.Go(func() { a.manager.Run(a.ended) })
	work.Go(func() { a.announceAll(a.ended) })
	work.Go(func() { a.files.watch(a.ended) })
	work.Go(func() { a.mendClients(a.ended) })
	work.Go(func() { watchNetwork(a.ended, a.log, a.manager.NetworkBack) })
	server := api.NewServer(a, a.log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.log.Info("ready", "socket", a.opts.Paths.Socket, "version", a.opts.Version, "store", a.opts.Store.Kind())
	select {
	case err = <-served: // cannot go on without a socket
		a.end()
	case <-a.ended.Done():
	}
	a.flows.cancelAll()
	quick, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	server.Shutdown(quick)
	listener.Close() // where the end came before the server had it: the next agent must not find somebody there
	work.Wait()
	a.log.Info("ended")
	return err
}

// userTime bounds what a user's click may wait for.
const userTime = time.Minute

// asError is err as the socket tells it; the sentence is for what is no
// *tokens.Error yet.
func asError(err error, code tokens.Code, detail, hint string) error {
	var e *tokens.Error
	if errors.As(err, &e) {
		return err
	}
	return &tokens.Error{Code: code, Detail: detail, Hint: hint}
}
