package tokens

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/store"
)

// Provider is what a Manager needs of a connection's provider.
// *providers.Client implements it.
type Provider interface {
	Binding(context.Context) (providers.Binding, error)
	Refresh(context.Context, providers.RefreshRequest) (providers.Answer, error)
	Revoke(context.Context, providers.Revocation) error
	Probe(ctx context.Context, accessToken string, extra map[string]json.RawMessage) providers.Liveness
	// Scopes is what an access token may do, as far as it or the provider says;
	// nil where neither does.
	Scopes(ctx context.Context, accessToken string, b providers.Binding) []string
}

// Connection is a connection as its owner configured it.
type Connection struct {
	Name     string
	Config   catalog.Connection
	Entry    catalog.Entry // resolved
	Provider Provider      // nil only with Broken
	// Broken says that the configuration cannot be used, and why. The grant is
	// kept, and its token served while it is good.
	Broken error
	// Replaced is a client id that the provider no longer knew, and that another
	// one took the place of without the user's doing.
	Replaced string
	// Resources is where its tokens are sent beside the provider's own endpoints.
	Resources providers.Resources
}

// Options are a Manager's surroundings.
type Options struct {
	Store  store.Store
	Notes  Notes
	Clock  Clock           // nil: System
	Log    *slog.Logger    // nil: none
	Jumped <-chan struct{} // the wall clock was set, or the machine slept; nil: Manager looks for that each half minute
	// Step, where set, is called at each named step between a provider's answer
	// and the first caller that is given the new token: "answered", "saving",
	// "saved", "serving". Crash tests stop the process there.
	Step func(name, step string)
}

// Manager owns the grants of all connections: it runs their machines on real
// time, store and providers. Safe for concurrent use. No method waits for
// another connection, and Token waits for nothing where the token in memory is
// good.
type Manager struct {
	opts   Options
	ctx    context.Context // of the effects; ends when Run has shut down
	cancel context.CancelFunc
	wake   chan struct{}
	rnd    func() float64 // jitter

	clock sync.Mutex // held until every machine knows of a step of the clock
	steps clockSteps

	mu     sync.Mutex
	conns  map[string]*conn
	subs   map[*Subscription]struct{}
	under  int           // effects under way
	closed bool          // nothing new is sent, and what is under way may still reach the store
	ended  bool          // nothing is begun any more
	quiet  chan struct{} // closed once closed, and nothing is under way
}

// conn is one connection's machine and what it needs to run. Of the configuration it
// keeps no more: an entry is 2.3 kB, and a Client has it already.
type conn struct {
	name string

	mu      sync.Mutex
	m       *machine
	asks    Provider           // nil only where the configuration cannot be used
	changed chan struct{}      // closed and replaced at each event
	shown   Status             // what subscribers were told of last; the zero value has them told again
	signIn  string             // the access token that the last sign-in brought
	abort   context.CancelFunc // gives up the last refresh, where it is under way
	removed bool               // nobody sees it any more; it goes once the store has nothing of it
}

// New makes a manager with no connections. Run starts its timer.
func New(o Options) *Manager {
	o.Clock, o.Log = cmp.Or(o.Clock, System), cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Step == nil {
		o.Step = func(_, _ string) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Manager{
		opts: o, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1),
		steps: clockSteps{clock: o.Clock}, rnd: rand.Float64,
		conns: map[string]*conn{}, subs: map[*Subscription]struct{}{}, quiet: make(chan struct{}),
	}
}

// Put adds a connection, or takes up its changed configuration. The grant is
// read from the store in the background.
func (m *Manager) Put(c Connection) {
	k, known := m.conn(c)
	m.event(k, func(now time.Time) {
		if !known {
			return
		}
		if c.Provider != nil {
			k.asks = c.Provider
		}
		k.removed, k.shown = false, Status{}
		m.mu.Lock()
		if m.conns[c.Name] == nil { // it was being let go of
			m.conns[c.Name] = k
		}
		m.mu.Unlock()
		k.m.configured(now, policyOf(c))
	})
}

// conn is a connection's machine, and whether there was one already. The disk is
// read before the lock is taken, on which everybody waits.
func (m *Manager) conn(c Connection) (*conn, bool) {
	now := m.now()
	m.mu.Lock()
	k, known := m.conns[c.Name]
	m.mu.Unlock()
	if known {
		return k, true
	}
	k = &conn{name: c.Name, asks: c.Provider, changed: make(chan struct{})}
	k.m = newMachine(now, policyOf(c), m.loadNote(c.Name), m.rnd)
	m.mu.Lock()
	defer m.mu.Unlock()
	if other, known := m.conns[c.Name]; known {
		return other, true
	}
	m.conns[c.Name] = k
	return k, false
}

func (m *Manager) loadNote(name string) *Note {
	n, err := m.opts.Notes.Load(name)
	if err != nil {
		m.opts.Log.Warn("the note of a connection that was given up cannot be read", "connection", name, "err", err)
		return &Note{Damaged: true}
	}
	return n
}

// Remove forgets a connection that has been disconnected. What the keychain
// could not erase yet is erased once it opens; until then the note stays, so
// that it is never used again.
func (m *Manager) Remove(name string) {
	if m.on(name, func(k *conn, _ time.Time) { k.removed = true }) == nil {
		m.publish(name)
	}
}

// Touch has subscribers told of a connection of which something changed that the
// Manager does not hold. A name that is not known is none.
func (m *Manager) Touch(name string) {
	_ = m.on(name, func(k *conn, _ time.Time) { k.shown = Status{} })
}

// Sweep erases what is left in the store of connections that were removed by an
// earlier process, which has the user's own word on them. Others may only have
// lost their file for a while.
func (m *Manager) Sweep(names []string) {
	for _, name := range names {
		if n := m.loadNote(name); n == nil || n.Damaged || n.Old != nil && !n.Old.givenUp() {
			continue
		}
		k, known := m.conn(Connection{Name: name, Broken: errNobody})
		m.event(k, func(time.Time) { k.removed = k.removed || !known })
	}
}

func (m *Manager) find(name string) (*conn, error) {
	m.mu.Lock()
	k, ok := m.conns[name]
	m.mu.Unlock()
	if !ok || k.gone() {
		return nil, errorUnknown(name)
	}
	return k, nil
}

// on hands an event to the machine of a connection. The error is that there is none.
func (m *Manager) on(name string, f func(k *conn, now time.Time)) error {
	k, err := m.find(name)
	if err == nil {
		m.event(k, func(now time.Time) { f(k, now) })
	}
	return err
}

func (k *conn) gone() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.removed
}

func (m *Manager) all() []*conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.conns), func(a, b *conn) int { return strings.Compare(a.name, b.name) })
}

// minAlarm keeps a caller from asking in a loop while the timer that it waits for
// is late.
const minAlarm = 100 * time.Millisecond

// Status of one connection. The error is an *Error.
func (m *Manager) Status(name string) (Status, error) {
	k, err := m.find(name)
	if err != nil {
		return Status{}, err
	}
	return m.statusOf(k), nil
}

// List is the status of all connections, by name.
func (m *Manager) List() []Status {
	var all []Status
	for _, k := range m.all() {
		if !k.gone() {
			all = append(all, m.statusOf(k))
		}
	}
	return all
}

func (m *Manager) statusOf(k *conn) Status {
	now := m.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.statusWithEvents(now)
}

func (k *conn) statusWithEvents(now time.Time) Status {
	s := k.m.status(now)
	s.Events = slices.Clone(k.m.events)
	return s
}

// Subscription tells which connections changed. However slow its reader is, it
// misses none: of the changes of one connection that came since the last Wait it
// is told once, and finds the connection as the last one left it. A connection
// that the Manager does not know any more was removed.
type Subscription struct {
	m       *Manager
	changed chan struct{} // wakes Wait
	names   []string      // in the order of their first change, each once; guarded by m.mu
}

// Subscribe tells of each change of a connection's Status, but for its events,
// and of its configuration.
func (m *Manager) Subscribe() *Subscription {
	s := &Subscription{m: m, changed: make(chan struct{}, 1)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs[s] = struct{}{}
	return s
}

// Wait waits for changes and names their connections, in the order in which they
// changed; none where the last Wait named them. The error is that of ctx.
func (s *Subscription) Wait(ctx context.Context) ([]string, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.changed:
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	names := s.names
	s.names = nil
	return names, nil
}

// Stop ends it.
func (s *Subscription) Stop() {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	delete(s.m.subs, s)
}

// publish tells every subscriber that a connection changed.
func (m *Manager) publish(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.subs {
		if !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
			hint(s.changed)
		}
	}
}
