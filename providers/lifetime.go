package providers

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// expiry is the access token's lifetime, first match:
//
//	expires_in is a number of seconds, or a moment   that
//	expires_at is a moment to come                   the time until then (Strava, Sentry)
//	the entry has a default                          the default
//	neither is stated                                never
//	what is stated makes no sense                    unclear: guessedLifetime where the grant
//	                                                 can be renewed, else never
//
// What makes no sense: text ("3600s", "3,600"), nothing left (0, -1, a moment that
// has passed). A token that is said to be over is not taken at its word, which
// would renew it without a pause, nor served for ever; but without a refresh token
// there is nothing better than to serve it until a tool says that it is rejected.
func expiry(t TokenRules, m any, sentAt time.Time) (in time.Duration, never, unclear bool) {
	stated := member(m, first(t.ExpiresIn, "expires_in"))
	if d, ok := lifetime(stated, t.unit(), sentAt); ok {
		return d, false, false
	}
	at := member(m, "expires_at")
	if d, ok := until(at, sentAt); ok {
		return d, false, false
	}
	if t.DefaultExpiresIn > 0 {
		return time.Duration(t.DefaultExpiresIn) * time.Second, false, false
	}
	return 0, true, isStated(stated) || isStated(at)
}

// guessedLifetime is usual enough, and a token that lives on is only renewed
// early. One that does not is told by the tool that is turned away with it.
const guessedLifetime = time.Hour

// renewable is the answer for a grant that has a refresh token: a lifetime that
// nobody could read must not become "for ever" there.
func (a Answer) renewable() Answer {
	if a.unclear {
		a.ExpiresIn, a.Never = guessedLifetime, false
	}
	return a
}

func isStated(v any) bool { return v != nil && v != "" }

func (t TokenRules) unit() time.Duration {
	if t.ExpiresUnit == "ms" {
		return time.Millisecond
	}
	return time.Second
}

// A lifetime in an answer is bounded by a century, and one below a second is none.
const (
	maxLifetime = 100 * 365 * 24 * time.Hour
	minLifetime = time.Second
)

// Numbers from here on are moments in seconds since 1970 (from 2001 on), and in
// milliseconds: a lifetime of thirty years is somebody's expires_at under the
// wrong name.
const (
	firstMoment   = 1e9
	firstMomentMs = 1e12
	lastMomentMs  = 1e15
)

// lifetime reads a positive number of units, in whatever dress.
func lifetime(v any, unit time.Duration, sentAt time.Time) (time.Duration, bool) {
	n, ok := number(v)
	if !ok || n*unit.Seconds() >= firstMoment && n < lastMomentMs {
		return until(v, sentAt)
	}
	d := time.Duration(min(n*float64(unit), float64(maxLifetime)))
	return d, d >= minLifetime
}

// until is the time to a moment that is yet to come.
func until(v any, sentAt time.Time) (time.Duration, bool) {
	at, ok := moment(v)
	d := min(at.Sub(sentAt), maxLifetime)
	return d, ok && d >= minLifetime
}

// moment reads seconds or milliseconds since 1970, or RFC 3339.
func moment(v any) (time.Time, bool) {
	if n, ok := number(v); ok {
		if n >= firstMomentMs {
			return time.UnixMilli(int64(min(n, lastMomentMs))), n < lastMomentMs
		}
		seconds, rest := math.Modf(n)
		return time.Unix(int64(seconds), int64(rest*1e9)), n >= firstMoment
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(text(v)))
	return t, err == nil
}

// number reads a number that is more than zero; one too large for any type is
// infinite.
func number(v any) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text(v)), 64)
	return n, (err == nil || math.IsInf(n, 1)) && n > 0
}

func refreshLifetime(t TokenRules, m any, sentAt time.Time) time.Duration {
	for _, name := range t.RefreshExpiresIn {
		if d, ok := lifetime(lookup(m, name), time.Second, sentAt); ok {
			return d
		}
	}
	return 0
}
