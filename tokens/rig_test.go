package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// rig is a manager with everything around it in memory, so that it may run in
// a synctest bubble: hours pass at once.
type rig struct {
	t        *testing.T
	m        *Manager
	store    *rigStore
	notes    *memoryNotes
	provider *rigProvider
	clock    *rigClock
	stop     context.CancelFunc
	ended    chan struct{}
	entry    catalog.Entry
	config   catalog.Connection
}

// inBubble runs a test on fake time with a connection that holds a grant of
// that lifetime (0: never expires).
func inBubble(t *testing.T, lifetime time.Duration, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, lifetime)
		r.start()
		defer r.quit()
		r.connect()
		f(t, r)
	})
}

func newRig(t *testing.T, lifetime time.Duration) *rig {
	r := &rig{
		t: t, store: &rigStore{values: map[string][]byte{}, changed: make(chan struct{}, 1)},
		notes: newMemoryNotes(), clock: &rigClock{start: time.Now()},
		entry: catalog.Entry{ID: "p", Name: "Provider", Whoami: catalog.WhoamiRules{URL: "https://p.example/me"}},
	}
	r.provider = &rigProvider{clock: r.clock, lifetime: lifetime, refreshable: true, binding: rigBinding}
	return r
}

var rigBinding = providers.Binding{ClientID: "client", Origins: []string{"https://p.example"}}

// start is a process that begins: a manager with what store and verdicts hold.
func (r *rig) start() {
	r.run()
	r.put()
	synctest.Wait()
}

// run is a process that knows of no connection.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.m = New(Options{Store: r.store, Notes: r.notes, Clock: r.clock, Jumped: r.clock.jumped})
	r.m.rnd = func() float64 { return 0.5 }
	r.stop, r.ended = cancel, make(chan struct{})
	m, ended := r.m, r.ended
	go func() { m.Run(ctx); close(ended) }()
}

func (r *rig) put() {
	r.m.Put(Connection{Name: "work", Config: r.config, Entry: r.entry, Provider: r.provider})
}

func (r *rig) quit() {
	r.stop()
	<-r.ended
}

// kill ends the process with -9: nothing of it reaches the store any more.
func (r *rig) kill() {
	r.m.mu.Lock()
	r.m.ended = true
	close(r.m.quiet)
	r.m.mu.Unlock()
	r.m.cancel()
	r.quit()
}

func (r *rig) restart() {
	r.quit()
	r.start()
}

func (r *rig) connect() { r.adopt() }

// adopt connects, with scopes as far as the provider states them.
func (r *rig) adopt(scopes ...string) {
	r.t.Helper()
	answer := r.provider.issue()
	answer.Scopes = scopes
	_, err := r.m.Adopt(r.t.Context(), "work", providers.Result{Answer: answer, Binding: rigBinding, Account: providers.Account{ID: "1", Label: "ada"}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// pass lets time go by, with timers.
func (r *rig) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// resume is what a sleep that was too short to be seen would be.
func (r *rig) resume() {
	k, err := r.m.find("work")
	if err != nil {
		r.t.Fatal(err)
	}
	r.m.event(k, func(now time.Time) { k.m.resumed(now) })
}

func (r *rig) token() string {
	r.t.Helper()
	tok, err := r.ask(Want{})
	if err != nil {
		r.t.Fatalf("no token: %v", err)
	}
	return tok.AccessToken
}

func (r *rig) ask(w Want) (Token, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), DefaultTimeout)
	defer cancel()
	return r.m.Token(ctx, "work", w)
}

func (r *rig) reject(token string) (Token, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), DefaultTimeout)
	defer cancel()
	return r.m.Rejected(ctx, "work", token)
}

func (r *rig) status() Status {
	r.t.Helper()
	s, err := r.m.Status("work")
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) wantState(s State, reason Reason) {
	r.t.Helper()
	if got := r.status(); got.State != s || got.Reason != reason {
		r.t.Fatalf("state is %s/%s (%s), want %s/%s", got.State, got.Reason, got.Detail, s, reason)
	}
}

func (r *rig) wantCode(err error, c Code) {
	r.t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != c {
		r.t.Fatalf("error is %v, want code %s", err, c)
	}
	if e.Detail == "" {
		r.t.Fatalf("code %s has no sentence", c)
	}
}

func (r *rig) wantHits(n int) {
	r.t.Helper()
	if got := r.provider.count(); got != n {
		r.t.Fatalf("%d requests to the token endpoint, want %d", got, n)
	}
}

func (r *rig) stored() *Grant {
	r.t.Helper()
	b, err := r.store.Get(r.t.Context(), "work")
	if errors.Is(err, store.ErrAbsent) {
		return nil
	}
	if err != nil {
		r.t.Fatal(err)
	}
	g, err := decodeGrant(b)
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

// rigClock is the bubble's clock, whose wall can be set and which can sleep.
type rigClock struct {
	start  time.Time
	jumped chan struct{} // nil: nothing tells of a jump
	mu     sync.Mutex
	set    time.Duration
	waits  int
}

func (c *rigClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.set).Round(0).UTC()
}
func (c *rigClock) Elapsed() time.Duration { return time.Since(c.start) }
func (c *rigClock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	c.waits++
	c.mu.Unlock()
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// waited is how often somebody has waited for a time.
func (c *rigClock) waited() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waits
}

// jump moves the wall clock: someone set it, or, forward, the machine slept.
func (c *rigClock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set += d
	hint(c.jumped)
}

// rigProvider is a provider that rotates, and fails as told.
type rigProvider struct {
	clock       *rigClock
	mu          sync.Mutex
	lifetime    time.Duration
	refreshable bool
	serial      int
	hits        int
	asked       []string      // the scopes of each refresh
	answers     []error       // of the next refreshes; nil: a token
	always      error         // of every refresh
	slow        time.Duration // how long an answer takes
	revoked     int
	gone        []string // the refresh tokens of those revocations
	liveness    providers.Liveness
	probes      int
	binding     providers.Binding
	current     string
	over        bool                                 // gives tokens that are over as they come
	stamp       time.Time                            // when the next answer's request was sent; zero: when it comes
	ignores     []string                             // the scopes of every answer, whatever was asked
	refreshEnds time.Duration                        // how long it says that its refresh tokens last; 0: it does not say
	unstated    bool                                 // answers state no scopes
	shows       []string                             // the scopes that a token itself shows; nil: none
	proofs      int                                  // how often it was asked for them
	narrowKeeps bool                                 // a narrower token does not rotate the refresh token
	refuses     func(providers.RefreshRequest) error // of refreshes that are refused for what they ask; nil: none
}

func (p *rigProvider) issue() providers.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	a := providers.Answer{
		AccessToken: fmt.Sprintf("access-%d", p.serial), TokenType: "Bearer",
		ExpiresIn: p.lifetime, Never: p.lifetime == 0, SentAt: p.clock.Now(),
	}
	if p.over {
		a.ExpiresIn, a.Never = 0, false
	}
	if p.refreshable {
		a.RefreshToken = fmt.Sprintf("refresh-%d", p.serial)
	}
	if a.RefreshExpiresIn = p.refreshEnds; !p.stamp.IsZero() {
		a.SentAt, p.stamp = p.stamp, time.Time{}
	}
	p.current = a.RefreshToken
	return a
}

func (p *rigProvider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

func (p *rigProvider) askedScopes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func (p *rigProvider) with(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *rigProvider) Refresh(ctx context.Context, req providers.RefreshRequest) (providers.Answer, error) {
	p.mu.Lock()
	p.hits++
	p.asked = append(p.asked, strings.Join(req.Scopes, " "))
	slow, err := p.slow, p.always
	if len(p.answers) > 0 {
		err, p.answers = p.answers[0], p.answers[1:]
	}
	if err == nil && p.refuses != nil {
		err = p.refuses(req)
	}
	stale := req.RefreshToken != p.current
	changed := req.Binding.Origins[0] != p.binding.Origins[0]
	p.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "canceled", Lost: true, Err: ctx.Err()}
	}
	switch {
	case changed:
		p.with(func() { p.hits-- })
		return providers.Answer{}, refusal.ErrBindingChanged
	case err != nil:
		return providers.Answer{}, err
	case stale:
		return providers.Answer{}, failure(refusal.Dead, "invalid_grant")
	}
	a := p.issue()
	if a.Scopes = req.Scopes; p.ignores != nil {
		a.Scopes = p.ignores
	}
	if p.unstated {
		a.Scopes = nil
	}
	if p.narrowKeeps && len(req.Scopes) > 0 {
		p.with(func() { p.current = req.RefreshToken })
		a.RefreshToken = ""
	}
	return a, nil
}

func (p *rigProvider) Binding(context.Context) (providers.Binding, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.binding, nil
}

func (p *rigProvider) Revoke(_ context.Context, r providers.Revocation) error {
	p.with(func() { p.revoked, p.gone = p.revoked+1, append(p.gone, r.RefreshToken) })
	return nil
}

func (p *rigProvider) Probe(context.Context, string, map[string]json.RawMessage) providers.Liveness {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probes++
	return p.liveness
}

func (p *rigProvider) Scopes(_ context.Context, accessToken string, _ providers.Binding) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proofs++
	return p.shows
}

func failure(c refusal.Class, code string) *refusal.Failure {
	return &refusal.Failure{Class: c, Code: code, Status: 400, Detail: "The provider said " + code + "."}
}

// rigStore is a store in memory that can be locked, broken and looked into.
type rigStore struct {
	mu      sync.Mutex
	values  map[string][]byte
	err     error // of every operation
	setErr  error // of Set alone
	getErr  error // of Get alone
	changed chan struct{}
	sets    int
	nobody  bool            // answers the dialog
	dialogs int             // how often it was asked for
	took    []time.Duration // how long the next writes take
	errs    []error         // …and what they say
	slowGet time.Duration   // how long reading takes
	slowDel time.Duration   // …and erasing
	max     int             // the largest value that it takes; 0: any
}

func (s *rigStore) fail(err error) {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	if err == nil {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
	synctest.Wait()
}

func (s *rigStore) slowDown(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowGet = d
}

func (s *rigStore) failSet(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setErr = err
}

func (s *rigStore) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	slow := s.slowGet
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, store.Timeout)
	defer cancel()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, context.Cause(ctx))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.err, s.getErr); err != nil {
		return nil, err
	}
	v, ok := s.values[key]
	if !ok {
		return nil, store.ErrAbsent
	}
	return v, nil
}

func (s *rigStore) Set(_ context.Context, key string, v []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.took) > 0 {
		d, err := s.took[0], s.errs[0]
		s.took, s.errs = s.took[1:], s.errs[1:]
		s.mu.Unlock()
		time.Sleep(d)
		s.mu.Lock()
		if err != nil {
			return err
		}
	}
	s.sets++
	if s.max > 0 && len(v) > s.max {
		return store.ErrTooLarge
	}
	if err := errors.Join(s.err, s.setErr); err != nil {
		return err
	}
	s.values[key] = v
	return nil
}

func (s *rigStore) Delete(_ context.Context, key string) error {
	time.Sleep(s.slowDel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	delete(s.values, key)
	return nil
}

func (s *rigStore) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *rigStore) Unlock(ctx context.Context) error {
	s.dialogs++
	if s.nobody {
		<-ctx.Done()
	}
	return s.Check(ctx)
}

func (s *rigStore) Changed() chan struct{} { return s.changed }
func (s *rigStore) Kind() store.Kind       { return store.KindMemory }
func (s *rigStore) Close() error           { return nil }

// rigAnswer is a good answer that states no scopes and rotates nothing.
func rigAnswer(now time.Time) providers.Answer {
	return providers.Answer{AccessToken: "less", TokenType: "Bearer", ExpiresIn: time.Hour, SentAt: now}
}
