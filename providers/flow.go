package providers

import (
	"context"
	"errors"
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

	// Accept, where given, is asked once the tokens are there and before the
	// flow ends: an error ends the flow with it, and the page in the browser
	// shows that sentence instead of "connected". It may block; ctx ends with
	// the flow.
	Accept func(ctx context.Context, r Result) error

	after func(time.Duration) (<-chan time.Time, func()) // tests; nil: real timers
}

// Result is a flow that ended well.
type Result struct {
	Answer  Answer
	Account Account // empty where the provider cannot say
	Binding Binding
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
