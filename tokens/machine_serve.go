package tokens

import (
	"slices"
	"time"

	"github.com/authtray/authtray/providers"
)

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
	if m.served != nil && m.expiredForGood(now) {
		m.tick(now) // the timer may not have come to it yet
	}
	switch {
	case m.base == ReconnectRequired && !m.parked():
		return m.unserved(now, Want{})
	case !want.plain():
		return m.serveNarrow(now, want)
	}
	return m.serveFrom(now, m.served, slices.Max(m.lives[:]), want)
}

// serveFrom hands out g, of a kind of token that usually lives that long. For a
// caller that wants more than is left of it, it is renewed first, where that
// helps and is not done too often.
func (m *machine) serveFrom(now time.Time, g *Grant, usual time.Duration, want Want) reply {
	left := g.left(now)
	if left == 0 {
		return m.unserved(now, want)
	}
	r := handOut(g, left, want)
	if r.short > 0 && m.base == Connected && freshIsBetter(g, now, usual, want.minValid(g)) {
		r.wait = m.busy != idle || m.renewEarly(now, g, want)
	}
	return r
}

// handOut is g, of which so much is left, for a caller.
func handOut(g *Grant, left time.Duration, want Want) reply {
	if left < want.minValid(g) {
		return reply{token: g, short: left}
	}
	return reply{token: g}
}

// renewEarly renews for a caller that wants more than is left of g, and reports
// whether it does. What the timer is about to do anyway is done at once; for
// anything earlier there are maxEarly renewals an hour.
func (m *machine) renewEarly(now time.Time, g *Grant, want Want) bool {
	if now.Sub(g.ObtainedAt) < justRenewed {
		return false
	}
	m.early = slices.DeleteFunc(m.early, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	due := g.left(now) <= Buffer(g.lifetime())
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

// unserved says why there is no token in memory that is good enough, after
// starting the refresh that would bring one.
func (m *machine) unserved(now time.Time, want Want) reply {
	if m.busy != idle || m.reading() && (m.base != KeychainLocked || m.store.slow) {
		return reply{wait: true}
	}
	if m.tryForCaller(now, want); m.busy != idle {
		return reply{wait: true}
	}
	return reply{err: m.errorFor()}
}

// minValid is how long the token handed out from g is to last.
func (w Want) minValid(g *Grant) time.Duration {
	if w.MinValid == 0 {
		return min(DefaultMinValid, g.lifetime()/4)
	}
	return w.MinValid
}

// rejected answers a caller whose API refused its token, again after each event that it
// waited for. One for less is answered with another for as much, never with the grant's
// own; which ones of an earlier process were for less only the record tells.
//
// A token that a sign-in or the timer brought may have been ended at any time. One that a
// rejection brought is given some time: who always gets a 401 does not renew for ever.
func (m *machine) rejected(now time.Time, token string) reply {
	g, provoked, less := m.served, m.afterRejection, (*narrowed)(nil)
	want, isNarrow := m.wasNarrow(token)
	if isNarrow {
		less = m.lookUp(want)
		g, provoked = &less.token, less.provoked
	}
	switch {
	case m.served != nil && !m.store.read && !isNarrow && !same(g.AccessToken, token):
		return reply{wait: m.reading(), err: Refusal(m.policy.name, KeychainLocked, ReasonKeychainLocked, m.policy.provider, "")}
	case m.served == nil || m.base == ReconnectRequired && (isNarrow || !m.parked()) || !same(g.AccessToken, token):
		return m.serve(now, want)
	case m.busy != idle:
		return reply{wait: true}
	case isNarrow && less.rejected:
		return m.serve(now, want)
	case !isNarrow && !m.policy.refreshable(g):
		return m.rejectedForGood(now)
	case provoked && now.Before(g.ObtainedAt.Add(provokedPause(g))):
		return reply{err: m.errorAgain(now, g.ObtainedAt.Add(provokedPause(g)))}
	}
	if m.tryForCaller(now, want); m.busy == idle {
		return reply{err: m.errorFor()}
	}
	m.note(now, EventRejected, ReasonNone, "")
	m.rejection = m.request.want.plain() != isNarrow // what is under way brings another one for as much
	if isNarrow {
		less.rejected = m.rejection
	}
	return reply{wait: true}
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
	case recent && p.barred != ReasonNone:
		return reply{err: Refusal(m.policy.name, KeychainLocked, p.barred, m.policy.provider, "")}
	case recent && p.last == providers.Alive:
		return reply{err: m.errorAgain(now, p.at.Add(justRenewed))}
	case recent && p.last == providers.Unclear:
		return reply{err: m.errorUnclear()}
	case p.dead > 0 && now.Before(p.next):
		return reply{wait: true}
	}
	m.note(now, EventRejected, ReasonNone, "")
	m.probe(now)
	return reply{wait: true}
}

// probe has the provider asked about the token, if the store can be written: the end
// that its answer may be must be.
func (m *machine) probe(time.Time) {
	m.probes.under = true
	m.emit(effect{kind: askProvider, grant: m.served})
}

// probed is the answer to askProvider; err is why the store could not be written, so
// that nobody was asked. One bad answer never ends a grant: it is a reason to renew,
// or to look a second time.
func (m *machine) probed(now time.Time, generation uint64, l providers.Liveness, err error) {
	p := &m.probes
	if m.served == nil || m.served.Generation != generation {
		return
	}
	p.under, p.at, p.last, p.barred, p.next = false, now, l, ReasonNone, time.Time{}
	if err != nil {
		p.barred, p.next = storeReason(err), now.Add(storeRetry)
		return
	}
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
		m.markDead(now, ReasonTokenRejected, "")
	}
}
