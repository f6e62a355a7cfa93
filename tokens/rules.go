package tokens

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// The numbers of a grant's life; the package comment gives the argument.
const (
	maxBuffer     = 5 * time.Minute  // refresh this long before expiry, at most
	refreshFloor  = 5 * time.Second  // the timer never refreshes sooner after the last answer
	justRenewed   = 10 * time.Second // a token this new is handed out whatever it has left
	maxEarly      = 6                // renewals an hour for callers that want a token to last longer than the timer does
	quickRetry    = 4 * time.Second  // after a lost answer, once
	atOnce        = time.Second      // …where the connection is known to be dead, or the provider takes the refresh token again for a while
	repeatCheck   = 2 * time.Second  // …which waits no longer for a store that does not answer
	callerPause   = 10 * time.Second // between tries that callers without a usable token bring about
	firstBackoff  = 5 * time.Second
	lastBackoff   = 5 * time.Minute
	maxRetryAfter = time.Hour
	slowRetry     = time.Hour        // misconfigured, refused for now, or led elsewhere: look again
	storeRetry    = 30 * time.Second // keychain locked or out of reach: look again
	secondLook    = 5 * time.Second  // between two probes that together make a verdict
	probeEvery    = time.Hour
	warnAhead     = 7 * 24 * time.Hour
	keepAlive     = 7 * 24 * time.Hour // an idle grant is renewed this often where the provider's limit is not known
	clockSlack    = time.Minute        // a grant obtained later than now+slack: the clock was set back while we were not running
	slowRead      = time.Second        // a keychain that takes longer to answer at the start is said to be out of reach
	lapseTime     = 24 * time.Hour     // a token that ended for good is kept this long: the clock may be wrong
	tellAfter     = 24 * time.Hour     // a policy that is to pass has refused for so long: the user is told
	abortAfter    = 3 * time.Second    // what a request that was under way when the machine slept is given after it
)

// suspectPauses are the pauses after the first, second… unknown refusal; the
// refusal after the last pause parks the grant.
var suspectPauses = []time.Duration{30 * time.Second, 2 * time.Minute, 8 * time.Minute, 30 * time.Minute}

// Buffer is how early, before its end, a token of that lifetime is renewed: five
// minutes, but never more than a quarter of its life, or a five-minute token
// would be renewed for ever.
func Buffer(lifetime time.Duration) time.Duration { return min(maxBuffer, lifetime/4) }

// lifetime is the access token's; 0: never expires.
func (g *Grant) lifetime() time.Duration {
	if g.ExpiresAt.IsZero() {
		return 0
	}
	return g.ExpiresAt.Sub(g.ObtainedAt)
}

// left is how long the token may still be handed out: 0 where there is none, where
// it has expired, and where it is from the future, so that nobody knows its age.
func (g *Grant) left(now time.Time) time.Duration {
	switch {
	case g == nil:
		return 0
	case g.ExpiresAt.IsZero():
		return math.MaxInt64
	case fromFuture(g, now):
		return 0
	}
	return max(g.ExpiresAt.Sub(now), 0)
}

// freshIsBetter reports whether a fresh token, which usually lives that long,
// would serve a caller better that wants minValid and has been found too little
// left: it is long enough, or the present one has used up a quarter of its life.
func freshIsBetter(g *Grant, now time.Time, usual, minValid time.Duration) bool {
	return usual > minValid || now.Sub(g.ObtainedAt) >= g.lifetime()/4
}

// provokedPause is how long after a refresh that a tool's refusal brought about,
// and that brought g, another refusal of the same kind brings about none.
func provokedPause(g *Grant) time.Duration {
	if life := g.lifetime(); life > 0 {
		return max(justRenewed, Buffer(life))
	}
	return maxBuffer
}

// wasOver reports whether nothing was left of the token as it came.
func (g *Grant) wasOver() bool { return !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(g.ObtainedAt) }

// fromFuture reports whether the clock was ahead when the grant was obtained, or is
// behind now.
func fromFuture(g *Grant, now time.Time) bool { return g.ObtainedAt.Sub(now) > clockSlack }

// policy is what a connection's configuration means for its grant.
type policy struct {
	name         string        // the connection's
	id           string        // the provider's, as configured
	provider     string        // …and its name, for sentences
	onDemand     bool          // callers refresh, not the timer
	idle         time.Duration // the grant dies when unused that long; 0: unknown
	absolute     time.Duration // the grant dies that long after consent; 0: unknown
	grace        time.Duration // a used refresh token is accepted again that long; 0: unknown
	probe        bool          // ask now and then whether the token still works
	canProbe     bool          // there is somebody to ask
	exchanges    bool          // the access token itself is renewed (no refresh token)
	keepID       bool
	neverNarrows bool // the provider gives no token for less
	single       bool // the provider keeps one grant per user and client
	resources    providers.Resources
	replaced     string // a client id that the provider no longer knew; see Connection.Replaced
	broken       string // why the configuration cannot be used; "": it can
}

func (p policy) refreshable(g *Grant) bool { return g.RefreshToken != "" || p.exchanges }

// refreshAt is when the timer renews g; zero: never. late moves it by up to a
// tenth of the buffer, so that fifty grants made together do not renew together.
func refreshAt(g *Grant, p policy, late float64) time.Time {
	if !p.refreshable(g) {
		return time.Time{}
	}
	at := aliveUntil(g, p)
	if !p.onDemand && !g.ExpiresAt.IsZero() {
		b := Buffer(g.lifetime())
		at = earlier(at, g.ExpiresAt.Add(-b).Add(time.Duration(late*float64(b)/10)))
	}
	if floor := g.ObtainedAt.Add(refreshFloor); !at.IsZero() && at.Before(floor) {
		return floor
	}
	return at
}

// aliveUntil is when an idle grant must be renewed to stay alive: half way
// through the shortest limit that is known.
func aliveUntil(g *Grant, p policy) time.Time {
	limit := p.idle
	if !g.RefreshUntil.IsZero() {
		if d := g.RefreshUntil.Sub(g.ObtainedAt); limit == 0 || d < limit {
			limit = d
		}
	}
	if limit > 0 {
		return g.ObtainedAt.Add(limit / 2)
	}
	return g.ObtainedAt.Add(keepAlive)
}

// endsAt is the grant's absolute end; zero: none known.
func endsAt(g *Grant, p policy) time.Time {
	if p.absolute == 0 {
		return time.Time{}
	}
	return g.ConsentedAt.Add(p.absolute)
}

// backoff is the pause after the n-th failure in a row (n ≥ 1): 5 s doubling to
// 5 min, each between 80 and 120 %, and never less than the provider asked for.
func backoff(n int, retryAfter time.Duration, jitter float64) time.Duration {
	d := min(firstBackoff<<min(n-1, 7), lastBackoff) // 7: far enough, and no overflow
	d = time.Duration(float64(d) * (0.8 + 0.4*jitter))
	return max(d, min(retryAfter, maxRetryAfter))
}

// deathReason says why a grant that the provider calls dead has died.
func deathReason(g *Grant, p policy, now time.Time, lost bool) Reason {
	switch end := endsAt(g, p); {
	case lost:
		return ReasonAnswerLost
	case !end.IsZero() && !now.Before(end):
		return ReasonAbsoluteLimit
	case !g.RefreshUntil.IsZero() && now.After(g.RefreshUntil),
		p.idle > 0 && now.Sub(g.ObtainedAt) > p.idle:
		return ReasonIdleLimit
	}
	return ReasonRevoked
}

// tellingCodes say more about an end than that access was revoked.
var tellingCodes = []string{
	"interaction_required", "login_required", "consent_required", "inactive_user", "inactive_org", "account_inactive",
}

// misconfiguredReason tells a refused client from a refused request.
func misconfiguredReason(f *refusal.Failure) Reason {
	if field := f.Field(); field == "client_id" || field == "client_secret" {
		return ReasonClientRefused
	}
	return ReasonRequestRefused
}

// waitReason tells no answer from a passing one.
func waitReason(f *refusal.Failure) Reason {
	switch {
	case f.Class == refusal.RefusedForNow:
		return ReasonRefusedForNow
	case f.Status == 0:
		return ReasonNetwork
	}
	return ReasonProviderTrouble
}

// earlier is the earlier of two times, where zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// policyOf is what a connection's configuration and entry mean for its grant.
func policyOf(c Connection) policy {
	e := c.Entry
	p := policy{
		name:         c.Name,
		id:           c.Config.Provider,
		provider:     cmp.Or(e.Name, c.Config.Provider, c.Name),
		onDemand:     c.Config.Refresh == "on-demand",
		idle:         catalog.Span(e.Tokens.RefreshIdle),
		absolute:     catalog.Span(e.Tokens.RefreshAbsolute),
		grace:        catalog.Span(e.Tokens.Grace),
		canProbe:     e.Whoami.URL != "" || e.Issuer != "" || c.Config.MCP != "" || e.MCP != "",
		exchanges:    slices.Contains(e.Quirks, "meta_exchange"),
		keepID:       c.Config.KeepIDToken,
		single:       e.Tokens.SingleGrant,
		neverNarrows: e.Tokens.NeverNarrows,
		resources:    c.Resources,
		replaced:     c.Replaced,
	}
	p.probe = p.canProbe && (c.Config.Probe == "on" || e.Whoami.Probe && c.Config.Probe != "off")
	if c.Broken != nil {
		p.broken = c.Broken.Error()
	}
	return p
}
