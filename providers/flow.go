package providers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"
)

// FlowTimeout is how long a person has to answer in the browser.
const FlowTimeout = 10 * time.Minute

// Mode is how a person is brought to the provider's consent page.
type Mode string

const (
	Browser Mode = "browser" // loopback listener; the caller opens URL in the system browser
	URLOnly Mode = "url"     // loopback listener or paste-back; the caller shows URL
	Device  Mode = "device"  // RFC 8628
)

// AuthorizeOptions are what one flow may ask for beyond its connection.
type AuthorizeOptions struct {
	Mode          Mode
	LoginHint     string   // the account known from before
	SwitchAccount bool     // the user wants to choose another account
	Scopes        []string // step-up: instead of the connection's
	Resource      string
	AcceptHost    string // the host of OtherHost.Page, to which the user agreed

	// Accept, where given, is asked once the tokens are there and before the
	// flow ends: an error ends the flow with it, and the page in the browser
	// shows its sentence instead of "connected", best as a *NotAccepted. It may block; ctx ends with
	// the flow.
	Accept func(ctx context.Context, r Result) error

	// Named, where given, is told whose grant it is where the provider took so
	// long to say it that the flow ended well without.
	Named func(r Result)

	// Ended, where given, is closed when the flow's owner is over: then nobody is
	// asked any more whose the grant is, and the flow's pages go at once.
	Ended <-chan struct{}

	after func(time.Duration) (<-chan time.Time, func()) // tests; nil: real timers
}

// NotAccepted is why a flow's owner did not accept what it brought.
type NotAccepted struct {
	Text string // a sentence for the page in the browser, in its language
	Asks bool   // the owner asks the user how to go on; nothing has failed
	Err  error
}

func (e *NotAccepted) Error() string { return e.Err.Error() }
func (e *NotAccepted) Unwrap() error { return e.Err }

// Result is a flow that ended well.
type Result struct {
	Answer  Answer
	Account Account // empty where the provider cannot say
	Binding Binding

	Withheld []string // scopes that were asked for and that the answer does not name
}

// How a flow can end other than well. Each is one sentence; a *Failure may also
// come, from the token endpoint.
var (
	ErrDenied   = errors.New("access was denied in the browser")
	ErrTimedOut = errors.New("nobody answered in the browser within ten minutes")
	ErrCanceled = errors.New("the connection attempt was canceled")
)

// Pending is what a Flow promises to its owner; *Flow implements it. A flow
// ends once: by the redirect, by the pasted redirect, by a device answer, by
// Cancel, or by its time-out.
type Pending interface {
	// URL is where the person must go: the authorization URL, or the device
	// page (verification_uri_complete where there is one).
	URL() string
	// UserCode is RFC 8628's code to type in; "" in other modes.
	UserCode() string
	// RedirectURI is the one sent to the provider; "" in device mode.
	RedirectURI() string
	// Paste takes the whole redirect URL as the browser showed it. A wrong
	// address or state is a *PasteError and leaves the flow pending. Otherwise
	// it returns how the flow ended, as Wait does.
	Paste(ctx context.Context, rawURL string) error
	// Wait returns how the flow ended; any number of callers may wait.
	Wait(ctx context.Context) (Result, error)
	// Cancel ends a pending flow with ErrCanceled.
	Cancel()
}

// Authorize starts a flow (RFC 8252, RFC 8628). ctx bounds the start alone; the
// flow lives until it ends by itself, or by Cancel. The error is a *Failure, or
// says what in the entry or connection must be fixed.
func (c *Client) Authorize(ctx context.Context, o AuthorizeOptions) (*Flow, error) {
	f := newFlow(ctx, c, o)
	if err := f.start(ctx, o); err != nil {
		f.end(Result{}, err)
		return nil, err
	}
	return f, nil
}

func (f *Flow) start(ctx context.Context, o AuthorizeOptions) error {
	switch o.Mode {
	case Browser, URLOnly:
		return f.startCode(ctx, o)
	case Device:
		return f.startDevice(ctx, o)
	}
	return fmt.Errorf("there is no way to connect called %q; use browser, url or device", o.Mode)
}

// randomText returns n random bytes in base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails; it crashes the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Flow is one pending authorization; it implements Pending. Safe for
// concurrent use.
//
//	pending ──a good answer──▶ redeeming ──▶ over
//	   └──denied, canceled, timed out, refused──▶ over
type Flow struct {
	client *Client
	clock  flowClock
	accept func(context.Context, Result) error
	named  func(Result)
	wait   time.Duration // for whose grant it is

	url         string
	userCode    string
	redirectURI string
	expires     time.Time
	leave       func()          // closes the listener now; it closes by itself later
	ended       <-chan struct{} // the owner's end; nil: never

	ctx    context.Context // of the flow's own requests; ends with the flow
	cancel context.CancelFunc

	mu       sync.Mutex
	code     *codeFlow     // nil in device mode
	asked    []string      // scopes
	added    []string      // those of asked that are left out when they are refused, once
	answered chan struct{} // closed when nobody is waited for any more
	done     chan struct{} // closed when result and err stand
	result   Result
	err      error
}

var _ Pending = (*Flow)(nil)

func newFlow(ctx context.Context, c *Client, o AuthorizeOptions) *Flow {
	f := &Flow{
		client:   c,
		clock:    newFlowClock(c, o),
		accept:   o.Accept,
		named:    o.Named,
		ended:    o.Ended,
		wait:     whoamiWait,
		answered: make(chan struct{}),
		done:     make(chan struct{}),
		leave:    func() {},
	}
	if o.LoginHint != "" && !o.SwitchAccount {
		f.wait = knownWait
	}
	f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return f
}

func (f *Flow) URL() string         { return f.url }
func (f *Flow) UserCode() string    { return f.userCode }
func (f *Flow) RedirectURI() string { return f.redirectURI }

// Expires is when the flow ends by itself, if nobody answers.
func (f *Flow) Expires() time.Time { return f.expires }

// Wait returns how the flow ended, or ctx's error if that comes first.
func (f *Flow) Wait(ctx context.Context) (Result, error) {
	select {
	case <-f.done:
		return f.result, f.err
	default:
	}
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Cancel ends the flow with ErrCanceled, also while its code is being
// exchanged. A flow that is over stays as it ended.
func (f *Flow) Cancel() { f.end(Result{}, ErrCanceled) }

// expireAfter ends the flow with err if nobody has answered after d.
func (f *Flow) expireAfter(d time.Duration, err error) {
	f.expires = f.clock.now().Add(d)
	timer, stop := f.clock.after(d)
	go func() {
		defer stop()
		select {
		case <-timer:
			f.expire(err)
		case <-f.answered:
		}
	}()
}

// endOnPanic is deferred by the goroutines that read a provider's answers.
func (f *Flow) endOnPanic(where string) {
	if r := recover(); r != nil {
		f.end(Result{}, f.client.panicked(where))
	}
}

func (f *Flow) expire(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.takenUp() {
		f.endLocked(Result{}, err)
	}
}

// takeUp claims the one answer that the flow acts on. False: it has been
// claimed, or the flow is over.
func (f *Flow) takeUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.takenUp() {
		return false
	}
	close(f.answered)
	return true
}

func (f *Flow) takenUp() bool { return closed(f.answered) }
func (f *Flow) isOver() bool  { return closed(f.done) }

func (f *Flow) end(r Result, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endLocked(r, err)
}

func (f *Flow) endLocked(r Result, err error) {
	if f.isOver() {
		return
	}
	f.result, f.err = r, err
	if !f.takenUp() {
		close(f.answered)
	}
	close(f.done)
	f.cancel()
}

// How long a flow that has its tokens waits for whose they are. The tokens are good
// meanwhile, and a person looks at a page that does not finish. Where the account is
// known from before, one that signed in as somebody else is to be asked first.
const (
	whoamiWait = 2 * time.Second
	knownWait  = 10 * time.Second
)

// conclude ends the flow with the tokens: asks whose they are, and whether the
// flow's owner takes them. Scopes that are not stated are those asked for. Not
// knowing whose they are costs nothing, and is waited for no longer than f.wait.
func (f *Flow) conclude(a Answer, b Binding) {
	if a.Scopes == nil {
		a.Scopes = f.asked // RFC 6749 §5.1
	}
	whose := make(chan Account, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.ctx)) // it may outlast the flow
	defer cancel()
	go func() {
		account, _ := f.client.Whoami(ctx, a)
		whose <- account
	}()
	go func() {
		select {
		case <-f.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	account, known := f.awaitAccount(whose)
	r := Result{Answer: a, Account: account, Binding: b, Withheld: without(f.asked, a.Scopes)}
	if f.accept != nil {
		if err := f.accept(f.ctx, r); err != nil {
			f.end(Result{}, err)
			return
		}
	}
	f.end(r, nil)
	if known || f.named == nil || f.err != nil {
		return
	}
	if r.Account = <-whose; r.Account != (Account{}) {
		f.named(r)
	}
}

// awaitAccount is whose the tokens are, and whether that was said in time.
func (f *Flow) awaitAccount(whose <-chan Account) (Account, bool) {
	late, stop := f.clock.after(f.wait)
	defer stop()
	select {
	case account := <-whose:
		return account, true
	case <-late:
	case <-f.done: // given up
	}
	return Account{}, false
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// flowClock is where a flow gets its time from: the wall clock for what is
// written down, monotonic timers for waiting. A machine that slept is noticed
// by the wall clock when the answer comes.
type flowClock struct {
	now   func() time.Time
	after func(time.Duration) (<-chan time.Time, func())
}

func newFlowClock(c *Client, o AuthorizeOptions) flowClock {
	clock := flowClock{now: c.opts.Now, after: o.after}
	if clock.now == nil {
		clock.now = time.Now
	}
	if clock.after == nil {
		clock.after = startTimer
	}
	wall := clock.now
	clock.now = func() time.Time { return wall().Round(0) }
	return clock
}

func startTimer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
