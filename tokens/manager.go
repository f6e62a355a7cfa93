package tokens

import (
	"context"
	"errors"
	"log/slog"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

// Provider is what a Manager needs of a connection's provider.
// *providers.Client implements it.
type Provider interface {
	Binding(context.Context) (providers.Binding, error)
	Refresh(context.Context, providers.RefreshRequest) (providers.Answer, error)
	Revoke(context.Context, providers.Revocation) error
	Probe(ctx context.Context, g Grant) providers.Liveness
}

// Connection is a connection as its owner configured it.
type Connection struct {
	Name     string
	Config   providers.Connection
	Entry    providers.Entry // resolved
	Provider Provider
	// Broken says that the configuration cannot be used, and why; the grant is
	// kept and its token served while it is good.
	Broken error
}

// Options are a Manager's surroundings.
type Options struct {
	Store    store.Store
	Verdicts Verdicts
	Clock    Clock        // nil: System
	Log      *slog.Logger // nil: discard
	// Step is told each named step between an answer and its serving (crash tests).
	Step func(name, step string)
}

// Manager owns the grants of all connections. Safe for concurrent use.
type Manager struct{ opts Options }

// New makes a manager with no connections. Run starts its timer.
func New(o Options) *Manager { return &Manager{opts: o} }

var errTODO = errors.New("not built yet")

// Run drives timers until ctx ends, then waits for saves under way.
func (m *Manager) Run(ctx context.Context) error { return errTODO }

// Put adds a connection, or takes up its changed configuration. The grant is
// read from the store in the background.
func (m *Manager) Put(c Connection) {}

// Remove forgets a connection that has been disconnected.
func (m *Manager) Remove(name string) {}

// Token returns a token that satisfies w, waiting for a refresh if it must
// until ctx ends. The error is an *Error.
func (m *Manager) Token(ctx context.Context, name string, w Want) (Token, error) {
	return Token{}, errTODO
}

// Rejected says that an API refused accessToken, and returns the token to use
// now. The error is an *Error.
func (m *Manager) Rejected(ctx context.Context, name, accessToken string) (Token, error) {
	return Token{}, errTODO
}

// Refresh renews now, because the user asked: back-off is forgotten. It returns
// when the refresh has been answered.
func (m *Manager) Refresh(ctx context.Context, name string) (Status, error) { return Status{}, errTODO }

// Adopt takes the grant that a flow brought: stores it and serves it. It
// returns when the grant is in the store, or cannot be put there now
// (Status.Unsaved).
func (m *Manager) Adopt(ctx context.Context, name string, r providers.Result) (Status, error) {
	return Status{}, errTODO
}

// FlowStarted and FlowEnded put the state connecting over a connection.
func (m *Manager) FlowStarted(name string)          {}
func (m *Manager) FlowEnded(name string, err error) {}

// Disconnect revokes the grant at the provider and erases it here. The grant is
// erased even when the provider cannot be reached; the error then says so.
func (m *Manager) Disconnect(ctx context.Context, name string) error { return errTODO }

// Status of one connection, and of all, sorted by name.
func (m *Manager) Status(name string) (Status, error) { return Status{}, errTODO }
func (m *Manager) List() []Status                     { return nil }

// Resumed says that the machine woke up or the network came back: whatever
// failed is tried again now.
func (m *Manager) Resumed() {}

// Subscribe sends each change of a connection's Status. A reader that falls
// behind loses the oldest ones.
func (m *Manager) Subscribe() (<-chan Status, func()) { return nil, func() {} }

// Verdicts remembers dead and disconnected grants outside the keychain.
type Verdicts interface {
	Load(name string) (Verdict, bool, error)
	Save(name string, v Verdict) error
	Clear(name string) error
}

// Verdict says that every grant up to Generation is over.
type Verdict struct {
	Reason     Reason `json:"reason"` // ReasonNone: the user disconnected
	Generation uint64 `json:"generation"`
	Time       string `json:"time"`
	Announced  bool   `json:"announced,omitempty"`
}
