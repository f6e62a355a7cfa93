package agent

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/text"
)

// signIn is one pending sign-in. It implements api.Pending.
type signIn struct {
	name    string
	kind    string                                    // what it cannot change into: see kindOf
	show    func(name string) (api.Connection, error) // the connection once it is over
	ready   chan struct{}                             // closed when attempt stands, or err does
	done    chan struct{}                             // closed when it is over
	attempt api.Attempt                               // how a person goes on
	flow    providers.Pending
	err     error
	cancel  context.CancelFunc // of one that is not ready
	scopes  []string           // asked for instead of the connection's; nil: those
	fresh   bool               // its client registered itself just now
	over    atomic.Bool        // its grant is there, or it was stopped: it can be shared no more

	why atomic.Pointer[error] // it was stopped; nil: somebody wanted that

	openMu   sync.Mutex
	openedAt time.Time // when its page was opened last; zero: never
}

// kindOf tells requests that can share a sign-in from those that cannot: a flow
// to a loopback address cannot become one with a device code.
func kindOf(r api.ConnectRequest) string {
	kind := "redirect"
	if r.Mode == providers.Device {
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

// stop ends a sign-in, also one that has no URL yet.
func (in *signIn) stop() {
	in.over.Store(true)
	select {
	case <-in.ready:
		if in.flow != nil {
			in.flow.Cancel()
		}
	default:
	}
	in.cancel()
}

// Attempt is what a person needs to go on.
func (in *signIn) Attempt() api.Attempt { return in.attempt }

// Wait returns when the sign-in is over; its error is an *tokens.Error or a
// *api.OtherAccount.
func (in *signIn) Wait(ctx context.Context) (api.Connection, error) {
	select {
	case <-in.done:
	case <-ctx.Done():
		return api.Connection{}, ctx.Err()
	}
	if in.err != nil {
		return api.Connection{}, in.err
	}
	return in.show(in.name)
}

// inBrowser is a sign-in whose page was opened for the caller, or was not.
type inBrowser struct {
	*signIn
	err error
}

// Attempt says why no browser was opened; the sign-in goes on all the same.
func (in inBrowser) Attempt() api.Attempt {
	at := in.attempt
	at.Mode = providers.Browser
	if in.err != nil {
		at.BrowserError = text.Sentence(in.err.Error())
	}
	return at
}

// openOnce opens the page, unless it was opened just now.
func (in *signIn) openOnce(now time.Time, open func() error) error {
	in.openMu.Lock()
	defer in.openMu.Unlock()
	if since := now.Sub(in.openedAt); since >= 0 && since < sameWindowTime {
		return nil
	}
	err := open()
	if err == nil {
		in.openedAt = now
	}
	return err
}
