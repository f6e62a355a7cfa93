package refusal

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Class is what a failed request means for the grant. The table that gives it
// stands in classify.go.
type Class int

const (
	// Transient: a passing trouble (network, time-out, 5xx, a firewall's page).
	// Says nothing about the grant.
	Transient Class = iota
	// Dead: the provider says that the grant is over.
	Dead
	// Misconfigured: the provider refuses our client, scope or URL. The tokens
	// are kept; a person must fix something.
	Misconfigured
	// Suspect: the provider refuses in words that neither the standard nor the
	// entry knows, or in none. It may mean anything, also the grant's end.
	Suspect
	// RefusedForNow: a policy that passes (network, conditional access, a limit,
	// maintenance) refuses the renewal, by the entry's rule. The grant is good:
	// it is kept and sent again when the network changes, when the user asks, and
	// once in a while. Policy says what is refused.
	RefusedForNow
)

func (c Class) String() string {
	return [...]string{"transient", "dead", "misconfigured", "suspect", "refused_for_now"}[c]
}

// Failure is a request to a provider that did not succeed. No field holds a
// secret; Code and Detail are safe to show and to log.
type Failure struct {
	Class      Class
	Code       string        // the provider's short code through SafeCode ("invalid_grant"), or ours ("network", "timeout", "tls", "redirect", "not_oauth", "no_code")
	Status     int           // HTTP status; 0 when there was no answer
	RetryAfter time.Duration // what the provider asked for; 0: nothing
	Lost       bool          // the request may have reached the provider and its answer was lost
	Proof      bool          // Lost, and the connection broke: no answer will come on it. Without Proof it was silence, or a gateway's answer in the provider's place
	Policy     string        // with RefusedForNow: what is refused, in the entry's words ("renewals from this network")
	Detail     string        // one sentence for people: what happened and, if something must be fixed, what
	Said       string        // what the provider said itself, for people alone: never in a log, a notification or a record; "" for nothing
	Hint       string        // the command that fixes it, where Detail does not name it; "" for the caller's own
	Err        error         // the cause, if there is one below; its text holds no secret
}

func (f *Failure) Error() string {
	if f.Status != 0 {
		return fmt.Sprintf("%s (%s, HTTP %d)", f.Detail, f.Code, f.Status)
	}
	return fmt.Sprintf("%s (%s)", f.Detail, f.Code)
}

func (f *Failure) Unwrap() error { return f.Err }

// NothingThere reports whether there is nothing at the URL that was asked: it is
// wrong, or a proxy answers for a server that is being started again.
func (f *Failure) NothingThere() bool {
	return f.Status == http.StatusNotFound || f.Status == http.StatusMethodNotAllowed
}

// ErrBindingChanged: the issuer, client id or an endpoint origin is no longer
// the one that the grant was made with, so nothing was sent.
var ErrBindingChanged = errors.New("the connection's endpoints changed since it was connected")

// maxRetryAfter bounds what a provider can ask for: a mistaken header must not
// put a connection to sleep for a week.
const maxRetryAfter = time.Hour

// retryAfter reads Retry-After (RFC 9110 §10.2.3): seconds, or a date, which is
// counted from the answer's own Date so that a wrong clock here does no harm.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return clampRetry(seconds)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return clampRetry(until.Sub(now).Seconds())
}

func clampRetry(seconds float64) time.Duration {
	if !(seconds > 0) { // NaN too
		return 0
	}
	return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
}
