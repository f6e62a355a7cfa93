package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
)

// HoldTime is how long the grant of another account waits to be accepted.
const HoldTime = 10 * time.Minute

// flows are the pending authorizations, one per connection, and the grants of
// other accounts that wait for the user's word.
type flows struct {
	agent *Agent

	mu      sync.Mutex
	pending map[string]*flow
	held    map[string]held
}

// held is a grant that the user has not accepted. It is in memory only.
type held struct {
	result providers.Result
	until  time.Time
}

func newFlows(a *Agent) *flows {
	return &flows{agent: a, pending: map[string]*flow{}, held: map[string]held{}}
}

// flow is one pending authorization. It implements api.Pending.
type flow struct {
	agent  *Agent
	name   string
	kind   string        // what it cannot change into: see kindOf
	ready  chan struct{} // closed when at stands, or err does
	done   chan struct{} // closed when it is over
	at     api.Attempt   // how a person goes on
	under  providers.Pending
	err    error
	cancel context.CancelFunc // of a flow that is not ready
	scopes []string           // asked for instead of the connection's; nil: those
	fresh  bool               // its client registered itself just now
	taken  atomic.Bool        // its grant is there: it can be shared no more
}

// kindOf tells requests that can share a flow from those that cannot: a flow to
// a loopback address cannot become one with a device code.
func kindOf(r api.ConnectRequest) string {
	kind := "redirect"
	if providers.Mode(r.Mode) == providers.Device {
		kind = "device"
	}
	if r.SwitchAccount {
		kind += ", switching"
	}
	if len(r.Scopes) > 0 {
		kind += ", with " + strings.Join(r.Scopes, " ")
	}
	return kind
}

// start takes up the connection's pending flow, or begins one, and waits until
// it has a URL. A pending one that cannot be shared ends first.
func (f *flows) start(ctx context.Context, name string, client *providers.Client, r api.ConnectRequest) (*flow, error) {
	fl, err := f.takeUp(ctx, name, client, r)
	if err != nil {
		return nil, err
	}
	select {
	case <-fl.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if fl.under == nil {
		<-fl.done
		return nil, fl.err
	}
	return fl, nil
}

func (f *flows) takeUp(ctx context.Context, name string, client *providers.Client, r api.ConnectRequest) (*flow, error) {
	for {
		f.mu.Lock()
		fl := f.pending[name]
		if fl == nil {
			fl = f.begin(name, client, r)
		}
		f.mu.Unlock()
		switch {
		case fl.taken.Load(): // who comes now wants another one
		case fl.kind == kindOf(r):
			return fl, nil
		default:
			fl.stop()
		}
		select {
		case <-fl.done: // and its port is free
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// begin registers a flow and lets it run; f is locked.
func (f *flows) begin(name string, client *providers.Client, r api.ConnectRequest) *flow {
	ctx, cancel := context.WithTimeout(f.agent.ended, providers.FlowTimeout+time.Minute)
	fl := &flow{
		agent: f.agent, name: name, kind: kindOf(r), cancel: cancel,
		ready: make(chan struct{}), done: make(chan struct{}),
	}
	f.pending[name] = fl
	delete(f.held, name)
	go f.run(ctx, fl, client, r)
	return fl
}

// run sees a flow through from its first request to its end.
func (f *flows) run(ctx context.Context, fl *flow, client *providers.Client, r api.ConnectRequest) {
	defer fl.cancel()
	f.agent.manager.FlowStarted(fl.name)
	err := f.authorize(ctx, fl, client, r)
	close(fl.ready)
	if err == nil {
		_, err = fl.under.Wait(ctx)
		fl.under.Cancel() // where it was ctx that ended
	}
	if err != nil && !fl.fresh {
		f.agent.doubtClient(fl.name, err)
	}
	fl.err = failure(fl.name, err)
	f.agent.manager.FlowEnded(fl.name, fl.err)
	f.mu.Lock()
	delete(f.pending, fl.name)
	f.mu.Unlock()
	if err == nil && fl.scopes != nil {
		f.agent.files.widen(fl.name, fl.scopes)
	}
	close(fl.done)
}

// authorize asks the provider's client for a flow.
func (f *flows) authorize(ctx context.Context, fl *flow, client *providers.Client, r api.ConnectRequest) error {
	o := providers.AuthorizeOptions{
		Mode: providers.Mode(r.Mode), LoginHint: r.LoginHint, SwitchAccount: r.SwitchAccount,
		Accept: func(ctx context.Context, result providers.Result) error {
			fl.taken.Store(true)
			return f.accept(ctx, fl.name, result, r.SwitchAccount)
		},
	}
	if o.LoginHint == "" && !r.SwitchAccount {
		o.LoginHint = f.agent.account(fl.name).Label
	}
	under, err := f.ask(ctx, fl, client, r, o)
	if err != nil {
		return err
	}
	fl.under = under
	fl.at = api.Attempt{
		URL: under.URL(), UserCode: under.UserCode(), Mode: r.Mode,
		RedirectURI: under.RedirectURI(), ExpiresAt: under.Expires().UTC(),
	}
	return nil
}

// ask begins the flow with a client that the provider knows. A registered one
// that turns out to be unknown before the person was sent anywhere is registered
// again, once.
func (f *flows) ask(ctx context.Context, fl *flow, client *providers.Client, r api.ConnectRequest, o providers.AuthorizeOptions) (*providers.Flow, error) {
	client, fresh, err := f.agent.identified(ctx, fl.name, client)
	if err != nil {
		return nil, err
	}
	fl.fresh = fresh
	if len(r.Scopes) > 0 {
		if fl.scopes, err = client.ScopesWith(ctx, r.Scopes); err != nil {
			return nil, err
		}
		o.Scopes = fl.scopes
	}
	under, err := client.Authorize(ctx, o)
	if _, registered := client.Registered(); err == nil || !registered || fresh || !refusesClient(err) {
		return under, err
	}
	if err := f.agent.register(ctx, fl.name, client); err != nil {
		return nil, err
	}
	if client, err = f.agent.usable(fl.name); err != nil {
		return nil, err
	}
	fl.fresh = true
	return client.Authorize(ctx, o)
}

// stop ends a flow, also one that has no URL yet.
func (fl *flow) stop() {
	select {
	case <-fl.ready:
		if fl.under != nil {
			fl.under.Cancel()
		}
	default:
	}
	fl.cancel()
}

// Attempt is what a person needs to go on.
func (fl *flow) Attempt() api.Attempt { return fl.at }

// Wait returns when the flow is over; its error is an *tokens.Error or a
// *api.OtherAccount.
func (fl *flow) Wait(ctx context.Context) (api.Connection, error) {
	select {
	case <-fl.done:
	case <-ctx.Done():
		return api.Connection{}, ctx.Err()
	}
	if fl.err != nil {
		return api.Connection{}, fl.err
	}
	return fl.agent.Connection(fl.name)
}

// of is the connection's pending flow, or nil.
func (f *flows) of(name string) *flow {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pending[name]
}

func (f *flows) cancelOne(name string) {
	if fl := f.of(name); fl != nil {
		fl.stop()
		<-fl.done
	}
}

func (f *flows) cancelAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fl := range f.pending {
		fl.stop()
	}
}

// failure is how a flow that ended other than well is told.
func failure(name string, err error) error {
	var known *tokens.Error
	var answer *refusal.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &answer):
		return connectFailed(name, answer.Detail)
	case errors.Is(err, context.Canceled):
		return connectFailed(name, sentence(providers.ErrCanceled))
	case errors.Is(err, context.DeadlineExceeded):
		return connectFailed(name, sentence(providers.ErrTimedOut))
	}
	return connectFailed(name, sentence(err))
}

func connectFailed(name, detail string) error {
	return &tokens.Error{Code: api.CodeConnectFailed, Detail: detail, Hint: "authtray connect " + name}
}

// sentence makes one of an error's text.
func sentence(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if last := s[len(s)-1]; last != '.' && last != '!' && last != '?' {
		s += "."
	}
	return s
}

// errNothingHeld: accept_account came too late, or nobody signed in as someone
// else.
func errNothingHeld(name string) error {
	return connectFailed(name, fmt.Sprintf("No other account is waiting to be accepted for %s: connect again.", name))
}
