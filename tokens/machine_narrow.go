package tokens

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// narrowed is what is known of a token for less than the grant: fewer scopes, or one resource.
type narrowed struct {
	want  Want
	token Grant            // generation 0; only the token's own fields; no access token: there is none
	err   *refusal.Failure // why the last request brought none; nil: it brought token
	at    time.Time        // of the last answer

	unstated  bool // the answer did not say what the token may do
	undecided bool // err could be about the grant: the plain refresh that decides has brought no token yet
	rejected  bool // an API refused the token
	provoked  bool // the token came from a rejection
}

// What callers may make us keep, and ask for.
const (
	maxNarrow    = 32              // tokens for less that are kept
	maxGiven     = 128             // kinds of tokens for less of which it is remembered which they were…
	maxGivenSize = 128 << 10       // …in bytes, so that a record never outgrows its store
	maxSums      = 64              // …and how many of each kind
	maxNewNarrow = 10              // requests within…
	narrowWindow = 5 * time.Minute // …that time, for what is not had yet
	refusedFor   = time.Hour       // what a provider cannot do is not asked for again
)

// The ways of a provider not to give less, beside refusing it.
var (
	// errNotNarrowed: it took no notice of the scopes asked for. Its answer is the
	// grant's own token, renewed, and nobody who asked for less is given it.
	errNotNarrowed = &refusal.Failure{Class: refusal.Misconfigured, Code: "not_narrowed"}
	// errUnproven: neither its answer nor the token itself says what the token may do.
	errUnproven = &refusal.Failure{Class: refusal.Misconfigured, Code: "not_stated"}
	// errUnkept: the keychain does not have that it is for less, and the next process
	// would take it for the grant's own.
	errUnkept = &refusal.Failure{Class: refusal.Transient, Code: "not_kept"}
	// errNeverNarrows: its entry says that it never gives less.
	errNeverNarrows = &refusal.Failure{Class: refusal.Misconfigured, Code: "never_narrows"}
)

// left is how long the token may still be handed out.
func (n *narrowed) left(now time.Time) time.Duration {
	if n.token.AccessToken == "" || n.rejected {
		return 0
	}
	return n.token.left(now)
}

// refusedUntil is until when who asks again is given the same answer.
func (n *narrowed) refusedUntil() time.Time {
	switch {
	case n.err == nil || n.undecided:
		return time.Time{}
	case n.err == errNotNarrowed || n.err == errUnproven:
		return n.at.Add(refusedFor)
	}
	return n.at.Add(max(justRenewed, n.err.RetryAfter))
}

// serveNarrow answers a caller that wants a token for less than the grant.
func (m *machine) serveNarrow(now time.Time, want Want) reply {
	switch {
	case m.served == nil:
		return m.unserved(now, want)
	case want.allOf(m.served):
		return m.serveFrom(now, m.served, slices.Max(m.lives[:]), want)
	case m.policy.neverNarrows && len(want.Scopes) > 0:
		return reply{err: m.errorNarrow(want, errNeverNarrows)}
	}
	n := m.lookUp(want)
	switch left := n.left(now); {
	case left > 0 && now.Before(n.refusedUntil()):
		return handOut(&n.token, left, want)
	case left > 0:
		return m.serveFrom(now, &n.token, n.token.lifetime(), want)
	case now.Before(n.refusedUntil()):
		return reply{err: m.errorNarrow(want, n.err)}
	case !m.policy.refreshable(m.served):
		return reply{err: m.errorNarrow(want, nil)}
	case n.err == nil && n.token.AccessToken != "" || m.busy != idle || m.base != Connected:
		return m.unserved(now, want)
	}
	m.newNarrow = slices.DeleteFunc(m.newNarrow, func(at time.Time) bool { return now.Sub(at) >= narrowWindow })
	switch {
	case len(m.newNarrow) < maxNewNarrow:
		m.newNarrow = append(m.newNarrow, now)
		return m.unserved(now, want)
	case n.err != nil:
		return reply{err: m.errorNarrow(want, n.err)}
	}
	return reply{err: m.errorManyNarrow(m.newNarrow[0].Add(narrowWindow))}
}

// answeredNarrow keeps the narrower token beside the grant. That it is for less goes to
// the store first, as does the grant's new refresh token where there is one.
func (m *machine) answeredNarrow(now time.Time, want Want, a providers.Answer, err error) {
	less := &narrowed{want: want, at: now, provoked: m.rejection}
	m.busy, m.rejection = idle, false
	switch {
	case err != nil:
		switch less.err = asFailure(err); {
		case refusesGrant(less.err):
			less.undecided = m.decide(now)
		case less.err.Lost && less.err.Class == refusal.Transient:
			if len(want.Scopes) > 0 && len(m.served.Scopes) > 0 { // the refresh token may be of a narrower token
				m.change(now, func(g *Grant) { g.Narrowed = true })
			}
			m.retry(now, less.err)
		}
		m.remember(less)
		return
	case m.served.notNarrowed(want, a.Scopes):
		less.err, m.nextNarrow = errNotNarrowed, less
		m.save(now, m.served.renewed(a, m.policy.keepID))
		return
	}
	less.token = *m.served.renewed(a, false)
	less.token.RefreshToken, less.token.Generation = "", 0
	if less.unstated = a.Scopes == nil && len(want.Scopes) > 0; less.token.wasOver() {
		less.fail(m.errOver())
	}
	m.nextNarrow = less
	m.given = withGiven(m.given, want, a.AccessToken)
	m.save(now, m.served.forLess(a, want, m.given))
}

// keepNarrow keeps what a request for less brought. Where the answer does not say what
// the token may do, it is asked first: RFC 6749 §5.1 takes that for "as asked for",
// but there are providers that take no notice of the scopes asked for and state none.
func (m *machine) keepNarrow() {
	if less := m.nextNarrow; less.err == nil && less.unstated {
		m.busy = proving
		m.emit(effect{kind: askScopes, grant: &less.token})
		return
	}
	m.remember(m.nextNarrow)
	m.nextNarrow = nil
}

// proven is the answer to askScopes: nil where nobody says.
func (m *machine) proven(accessToken string, scopes []string) {
	less := m.nextNarrow
	if m.busy != proving || less == nil || !same(less.token.AccessToken, accessToken) {
		return
	}
	m.busy, less.unstated = idle, false
	switch {
	case scopes == nil:
		less.fail(errUnproven)
	case m.served.notNarrowed(less.want, scopes):
		less.fail(errNotNarrowed)
	default:
		less.token.Scopes = scopes
	}
	m.keepNarrow()
}

// fail has nobody get the token.
func (n *narrowed) fail(err *refusal.Failure) { n.err, n.token = err, Grant{} }

// notNarrowed reports whether the token has every scope of the grant, though fewer were
// asked for.
func (g *Grant) notNarrowed(want Want, has []string) bool {
	if len(want.Scopes) == 0 || has == nil {
		return false
	}
	fewer := false
	for _, s := range g.Scopes {
		fewer = fewer || !slices.Contains(want.Scopes, s)
		if !slices.Contains(has, s) {
			return false
		}
	}
	return fewer
}

// refusesGrant reports whether, to a plain refresh, the answer would be about the grant
// or the client, and not about the scopes or the resource.
func refusesGrant(f *refusal.Failure) bool {
	return f.Class == refusal.Dead || f.Class == refusal.Misconfigured && misconfiguredReason(f) == ReasonClientRefused
}

// decide starts the plain refresh that decides what a refused narrower token
// means, and reports whether it did. A tool that asks again and again does not have the
// grant renewed each time.
func (m *machine) decide(now time.Time) bool {
	lately := !m.decideAt.IsZero() && now.Sub(m.decideAt) < provokedPause(m.served)
	if lately || now.Sub(m.served.ObtainedAt) < justRenewed {
		return false
	}
	m.start(now, Want{})
	m.decideAt = now
	return m.busy != idle
}

// lookUp is what is known of a token for less, which somebody asks for.
func (m *machine) lookUp(want Want) *narrowed {
	i := slices.IndexFunc(m.narrow, func(n *narrowed) bool { return n.want.key() == want.key() })
	if i < 0 {
		return &narrowed{}
	}
	n := m.narrow[i]
	m.narrow = append(slices.Delete(m.narrow, i, i+1), n)
	return n
}

// remember keeps what came of a request for less, in the place of the one that
// was asked for longest ago. A token that is good stays where there is no new one.
func (m *machine) remember(less *narrowed) {
	n := m.lookUp(less.want)
	if !slices.Contains(m.narrow, n) {
		m.narrow = append(m.narrow, n)
		m.narrow = m.narrow[max(0, len(m.narrow)-maxNarrow):]
	}
	if less.err != nil && !n.rejected {
		less.token, less.provoked = n.token, n.provoked
	}
	*n = *less
}

// given are the tokens for less of one kind that callers were given, in the record.
type given struct {
	Scopes   []string `json:"scopes,omitempty"`
	Resource string   `json:"resource,omitempty"`
	Sums     []byte   `json:"sums"` // of the last tokens, oldest first
}

// sumSize is how much of a token's SHA-256 is kept: enough to tell it from any other.
const sumSize = 12

func sumOf(accessToken string) []byte {
	sum := sha256.Sum256([]byte(accessToken))
	return sum[:sumSize]
}

func (g given) want() Want { return Want{Scopes: g.Scopes, Resource: g.Resource} }

// withGiven is all with one token more. What a record holds already is not changed.
func withGiven(all []given, want Want, accessToken string) []given {
	g := given{Scopes: want.scopes(), Resource: want.Resource}
	all = slices.Clone(all)
	if i := slices.IndexFunc(all, func(g given) bool { return g.want().key() == want.key() }); i >= 0 {
		g.Sums = all[i].Sums
		all = slices.Delete(all, i, i+1)
	}
	g.Sums = slices.Concat(g.Sums, sumOf(accessToken))
	g.Sums = g.Sums[max(0, len(g.Sums)-maxSums*sumSize):]
	all = append(all, g)
	all = all[max(0, len(all)-maxGiven):]
	size := 0
	for i := len(all) - 1; i >= 0; i-- {
		if size += len(all[i].want().key()) + len(all[i].Sums); size > maxGivenSize && i < len(all)-1 {
			return all[i+1:]
		}
	}
	return all
}

// learnGiven takes up what a record says that was just read. A grant that a sign-in
// brought meanwhile takes the record's place, and is to say it too.
func (m *machine) learnGiven(all []given) {
	m.given = slices.Concat(all, m.given)
	m.given = m.given[max(0, len(m.given)-maxGiven):]
	fill := func(g *Grant) { g.Given = m.given }
	m.served, m.next = m.served.changed(fill), m.next.changed(fill)
}

// wasNarrow reports whether a token was handed out for less than the grant, also
// long ago or by an earlier process, and for what.
func (m *machine) wasNarrow(accessToken string) (Want, bool) {
	sum := sumOf(accessToken)
	for _, g := range m.given {
		for one := range slices.Chunk(g.Sums, sumSize) {
			if bytes.Equal(one, sum) {
				return g.want(), true
			}
		}
	}
	return Want{}, false
}

// scopes are each once and sorted.
func (w Want) scopes() []string { return slices.Compact(slices.Sorted(slices.Values(w.Scopes))) }

// key is the same for the same scopes in any order.
func (w Want) key() string {
	return strings.Join(w.scopes(), " ") + "\n" + w.Resource
}

// allOf reports whether w names the scopes of the grant, all of them and no other.
func (w Want) allOf(g *Grant) bool {
	return w.Resource == "" && len(g.Scopes) > 0 && w.key() == Want{Scopes: g.Scopes}.key()
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
