package tokens

import (
	"slices"
	"time"
)

// shift moves every time of the machine by d (negative), after the wall clock
// was set back: a token is as old as it was. The record is written again, or
// the next process would take the token for younger. Where the step undoes one
// forward, a grant from before both has the right times already.
func (m *machine) shift(now time.Time, d time.Duration, undone bool) {
	moved := func(g *Grant) *Grant {
		if g == nil || undone && !g.ObtainedAt.After(now) {
			return g
		}
		return g.shifted(d)
	}
	if !m.store.read && !undone {
		m.store.skew += d
	}
	m.served, m.next, m.request.grant = moved(m.served), moved(m.next), moved(m.request.grant)
	for _, n := range append(slices.Clip(m.narrow), m.nextNarrow) {
		if n != nil {
			n.token, n.at = *moved(&n.token), n.at.Add(d)
		}
	}
	for _, list := range [][]time.Time{m.early, m.newNarrow} {
		for i := range list {
			list[i] = list[i].Add(d)
		}
	}
	for _, t := range []*time.Time{
		&m.retryAt, &m.soonest, &m.sentAt, &m.graceEnds, &m.decideAt, &m.probes.at, &m.probes.next,
		&m.store.at, &m.store.noteAt,
	} {
		if !t.IsZero() {
			*t = t.Add(d)
		}
	}
	if m.expired() && now.Before(m.served.ExpiresAt) {
		m.setTold(now, ReasonNone)
		m.setStateOfGrant(now)
		m.bindResources(now) // nobody compared while it was over
		m.emit(effect{kind: compareBinding, grant: m.served})
	}
}

// networkBack tries soon what could not be reached, and what a policy refuses that
// may be one of networks. What the provider itself put off stays put off: networks
// come back in bursts.
func (m *machine) networkBack(now time.Time) {
	if m.base != Retrying {
		return
	}
	soon := m.soon(now)
	switch m.reason {
	case ReasonNetwork:
		m.retryAt = earlier(soon, m.retryAt)
	case ReasonRefusedForNow:
		next := slices.MaxFunc([]time.Time{soon, m.soonest, m.sentAt.Add(justRenewed)}, time.Time.Compare)
		m.retryAt = earlier(next, m.retryAt)
	}
}

// soon is within a few seconds: not everything at once.
func (m *machine) soon(now time.Time) time.Time {
	return now.Add(time.Duration(m.rnd() * float64(3*time.Second)))
}

// resumed tries at once, within a few seconds, what failed for a passing
// reason: the machine slept. An unknown refusal is none.
func (m *machine) resumed(now time.Time) {
	soon := m.soon(now)
	if m.base == Retrying && m.reason != ReasonUnclearRefusal || m.base == Misconfigured || m.base == KeychainLocked || m.bindingDiffers() {
		m.retryAt = soon
	}
	if m.policy.probe && m.served != nil && !m.probes.under {
		m.probes.next = earlier(soon, m.probes.next)
	}
	m.storeChanged(now)
}
