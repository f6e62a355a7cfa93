package providers

import (
	"context"
	"sync"
	"time"
)

// Flow is one pending authorization; it implements Pending. Safe for
// concurrent use.
//
//	pending ──a good answer──▶ redeeming ──▶ over
//	   └──denied, canceled, timed out, refused──▶ over
type Flow struct {
	client *Client
	clock  flowClock
	accept func(context.Context, Result) error

	url         string
	userCode    string
	redirectURI string
	expires     time.Time
	code        *codeFlow // nil in device mode
	leave       func()    // closes the listener now; it closes by itself later

	ctx    context.Context // of the flow's own requests; ends with the flow
	cancel context.CancelFunc

	mu       sync.Mutex
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
		answered: make(chan struct{}),
		done:     make(chan struct{}),
		leave:    func() {},
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

// conclude ends the flow with the tokens: asks whose they are, and whether the
// flow's owner takes them. Not knowing whose they are costs nothing.
func (f *Flow) conclude(a Answer, b Binding) {
	account, _ := f.client.Whoami(f.ctx, a)
	r := Result{Answer: a, Account: account, Binding: b}
	if f.accept != nil {
		if err := f.accept(f.ctx, r); err != nil {
			f.end(Result{}, err)
			return
		}
	}
	f.end(r, nil)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
