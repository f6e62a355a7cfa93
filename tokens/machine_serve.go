package tokens

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// This file is what callers get: a token, a reason why not, or the word to wait.

// reply is the machine's answer to a caller. With wait, the caller asks again
// after the next event; a token beside it is what there is for one that cannot
// wait. An err that is temporarily_unavailable may be waited out by a caller that
// has the time.
type reply struct {
	token *Grant
	short time.Duration // the token lasts only that long, which is less than the caller wants; 0: it lasts long enough
	err   *Error
	wait  bool
}

// serve answers a caller that wants a token.
func (m *machine) serve(now time.Time, want Want) reply {
	if m.expiredNow(now) {
		m.tick(now)
	}
	switch {
	case m.base == ReconnectRequired:
		return m.unserved(now, Want{})
	case !want.plain():
		return m.serveNarrow(now, want)
	}
	return m.serveFrom(now, m.served, m.usualLife(), want)
}

// serveFrom hands out g, of a kind of token that usually lives that long. For a
// caller that wants more than is left of it, it is renewed first, where that
// helps and is not done too often.
func (m *machine) serveFrom(now time.Time, g *Grant, usual time.Duration, want Want) reply {
	left := g.left(now)
	switch {
	case left == 0:
		return m.unserved(now, want)
	case left >= want.minValid(g):
		return reply{token: g}
	}
	r := reply{token: g, short: left}
	if m.base == Connected && freshIsBetter(g, now, usual, want.minValid(g)) {
		r.wait = m.busy != idle || m.renewEarly(now, g, want)
	}
	return r
}

// renewEarly renews for a caller that wants more than is left of g, and reports
// whether it does. What the timer is about to do anyway is done at once; for
// anything earlier there are maxEarly renewals an hour.
func (m *machine) renewEarly(now time.Time, g *Grant, want Want) bool {
	if now.Sub(g.ObtainedAt) < justRenewed {
		return false
	}
	m.early = slices.DeleteFunc(m.early, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	due := g.left(now) <= m.buffer(g.lifetime())
	if !due && len(m.early) >= maxEarly {
		return false
	}
	m.start(now, want)
	if m.busy == idle {
		return false
	}
	if !due {
		m.early = append(m.early, now)
	}
	return true
}

// usualLife is how long the grant's own tokens live: the longest of the last
// answers. Some providers give less now and then.
func (m *machine) usualLife() (d time.Duration) {
	for _, life := range m.lives {
		d = max(d, life)
	}
	return d
}

// lived remembers how long the tokens of the last answers live.
func (m *machine) lived(life time.Duration) {
	if m.lives = append(m.lives, life); len(m.lives) > usualAnswers {
		m.lives = m.lives[1:]
	}
}

// expiredNow: a token without refresh token has ended, and the timer has not
// come to it yet.
func (m *machine) expiredNow(now time.Time) bool {
	return m.served != nil && m.busy == idle && m.base != ReconnectRequired && m.expiredForGood(now)
}

// unserved says why there is no token in memory that is good enough, after
// starting the refresh that would bring one.
func (m *machine) unserved(now time.Time, want Want) reply {
	if m.busy != idle || m.store.reading && !m.store.read && (m.base != KeychainLocked || m.store.slow) {
		return reply{wait: true}
	}
	if m.flow && m.served == nil {
		return reply{err: m.errorFor(Connecting)}
	}
	if m.served != nil && m.policy.broken != "" {
		return reply{err: m.errorFor(Misconfigured)}
	}
	if m.base == Connected && m.served != nil && m.policy.refreshable(m.served) {
		m.start(now, want)
		return reply{wait: true}
	}
	if m.served != nil {
		if m.hurry(now); m.busy != idle {
			return reply{wait: true}
		}
	}
	return reply{err: m.errorFor(m.state())}
}

// minValid is how long the token handed out from g is to last.
func (w Want) minValid(g *Grant) time.Duration {
	if w.MinValid == 0 {
		return min(DefaultMinValid, g.lifetime()/4)
	}
	return w.MinValid
}

// rejected answers a caller whose API refused the token it used. It is called
// again, with the same token, after each event that it waited for.
func (m *machine) rejected(now time.Time, token string) reply {
	g := m.served
	switch {
	case g == nil || m.base == ReconnectRequired || !same(g.AccessToken, token):
		return m.serve(now, Want{})
	case m.busy != idle:
		return reply{wait: true}
	case !m.policy.refreshable(g):
		return m.rejectedForGood(now)
	case now.Before(m.believedFrom()):
		return reply{err: m.errorAgain(now, m.believedFrom())}
	case m.policy.broken != "":
		return reply{err: m.errorFor(m.state())}
	case m.base == Connected:
		m.start(now, Want{})
	default:
		m.hurry(now)
	}
	if m.busy == idle {
		return reply{err: m.errorFor(m.state())}
	}
	m.note(now, "rejected", ReasonNone, "")
	m.rejection = true
	return reply{wait: true}
}

// believedFrom is when a rejection of the grant's own token renews it. One that a
// sign-in or the timer brought may have been ended by the provider at any time; one
// that a rejection brought is given some time, so that a tool that always gets a 401
// does not renew for ever.
func (m *machine) believedFrom() time.Time {
	if !m.afterRejection {
		return time.Time{}
	}
	return m.served.ObtainedAt.Add(m.provokedPause())
}

// rejectedForGood is a refusal that no refresh can answer: the provider is
// asked, and only its word, twice, ends the grant.
func (m *machine) rejectedForGood(now time.Time) reply {
	p, recent := &m.probes, now.Sub(m.probes.at) < justRenewed
	switch {
	case p.under:
		return reply{wait: true}
	case !m.policy.canProbe:
		return reply{err: m.errorUntold()}
	case recent && p.last == providers.Alive:
		return reply{err: m.errorAgain(now, p.at.Add(justRenewed))}
	case recent && p.last == providers.Unclear:
		return reply{err: m.errorUnclear()}
	case p.dead > 0 && now.Before(p.next):
		return reply{wait: true}
	}
	m.note(now, "rejected", ReasonNone, "")
	m.ask()
	return reply{wait: true}
}

func (m *machine) ask() {
	m.probes.under = true
	m.do(effect{kind: askProvider, grant: m.served})
}

// probed is the answer to askProvider. One bad answer is never a verdict: it is
// a reason to renew, or to look a second time.
func (m *machine) probed(now time.Time, generation uint64, l providers.Liveness) {
	p := &m.probes
	if m.served == nil || m.served.Generation != generation {
		return
	}
	p.under, p.at, p.last, p.next = false, now, l, time.Time{}
	m.schedule(now)
	switch {
	case l == providers.Alive:
		p.dead = 0
	case l == providers.DeadToken && m.policy.refreshable(m.served):
		if m.base == Connected { // else the next try is planned already, and a probe is no reason to hurry it
			m.start(now, Want{})
		}
	case l == providers.DeadToken:
		p.dead++
		p.next = now.Add(secondLook)
	}
	if p.dead >= 2 {
		m.condemn(now, ReasonTokenRejected, "")
	}
}

// serveNarrow answers a caller that wants a token for less than the grant.
func (m *machine) serveNarrow(now time.Time, want Want) reply {
	n, ok := m.narrow[want.key()]
	switch {
	case ok && n.err == nil && n.token.left(now) > 0:
		return m.serveFrom(now, &n.token, n.token.lifetime(), want)
	case ok && n.err != nil && !n.undecided && now.Sub(n.at) < justRenewed:
		return reply{err: m.errorNarrow(want, n.err)}
	case m.served != nil && !m.policy.refreshable(m.served):
		return reply{err: m.errorNarrow(want, nil)}
	}
	return m.unserved(now, want)
}

// answeredNarrow keeps the narrower token beside the grant. Where that refresh
// rotated, the grant's new refresh token goes to the store first, as ever.
func (m *machine) answeredNarrow(now time.Time, want Want, a providers.Answer, err error) {
	m.busy = idle
	if err != nil {
		m.refusedNarrow(now, want, err)
		return
	}
	if m.served.notNarrowed(want, a) {
		m.next, m.busy = m.served.renewed(a, m.policy.keepID), saving
		m.nextNarrow = func() { m.remember(want, narrowed{err: errNotNarrowed, at: now}) }
		m.save(m.next)
		return
	}
	token := *m.served.renewed(a, false)
	token.RefreshToken, token.Generation = "", 0
	if a.Scopes == nil && len(want.Scopes) > 0 {
		token.Scopes = want.Scopes // not stated: as asked for (RFC 6749 §5.1)
	}
	less := narrowed{token: token, at: now}
	if !m.served.rotatedBy(a) {
		m.remember(want, less)
		return
	}
	m.next, m.busy = m.served.rotated(a, want), saving
	m.nextNarrow = func() { m.remember(want, less) }
	m.save(m.next)
}

// errNotNarrowed: the provider took no notice of the scopes asked for. Its answer
// is the grant's own token, renewed, and nobody who asked for less is given it.
var errNotNarrowed = &refusal.Failure{Class: refusal.Misconfigured, Code: "not_narrowed"}

// notNarrowed: the answer says that the token has every scope of the grant,
// though fewer were asked for.
func (g *Grant) notNarrowed(want Want, a providers.Answer) bool {
	if len(want.Scopes) == 0 || a.Scopes == nil {
		return false
	}
	fewer := false
	for _, s := range g.Scopes {
		fewer = fewer || !slices.Contains(want.Scopes, s)
		if !slices.Contains(a.Scopes, s) {
			return false
		}
	}
	return fewer
}

// refusedNarrow: the refusal of a token for less says nothing of the grant,
// whatever its class: Microsoft, for one, answers invalid_grant where a scope was
// not consented to. A lost answer concerns the grant, since its refresh token may
// be spent.
func (m *machine) refusedNarrow(now time.Time, want Want, err error) {
	f := asFailure(err)
	less := narrowed{err: f, at: now}
	switch {
	case refusesGrant(f):
		less.undecided = m.decide(now)
	case f.Lost && f.Class == refusal.Transient:
		m.retry(now, f)
	}
	m.remember(want, less)
}

// refusesGrant: to a plain refresh, the answer would be about the grant or the
// client, and not about the scopes or the resource.
func refusesGrant(f *refusal.Failure) bool {
	return f.Class == refusal.Dead || f.Class == refusal.Misconfigured && mendReason(f) == ReasonClientRefused
}

// decide starts the plain refresh that decides what a refused narrower token
// means, and reports whether it did. So that a tool that asks again and again does
// not renew the grant each time, a grant that was just renewed is not renewed, and
// after such a refresh there is none for another refusal during provokedPause.
func (m *machine) decide(now time.Time) bool {
	lately := !m.decideAt.IsZero() && now.Sub(m.decideAt) < m.provokedPause()
	if lately || now.Sub(m.served.ObtainedAt) < justRenewed {
		return false
	}
	m.start(now, Want{})
	if m.busy == idle {
		return false
	}
	m.decideAt = now
	return true
}

// provokedPause is how long after a refresh that a tool's refusal brought about
// another refusal of the same kind brings about none.
func (m *machine) provokedPause() time.Duration {
	life := m.served.lifetime()
	if life == 0 {
		life = 4 * maxBuffer
	}
	return max(justRenewed, Buffer(life))
}

// maxNarrow bounds what callers can make us keep.
const maxNarrow = 32

func (m *machine) remember(want Want, n narrowed) {
	if m.narrow == nil || len(m.narrow) >= maxNarrow {
		m.narrow = map[string]narrowed{}
	}
	m.narrow[want.key()] = n
}

// key is the same for the same scopes in any order.
func (w Want) key() string {
	return strings.Join(slices.Sorted(slices.Values(w.Scopes)), " ") + "\n" + w.Resource
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
