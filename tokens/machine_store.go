package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// This file is the machine's dealings with the store: reading the record at the
// start, writing a new grant, erasing a dead one, and doing it later where the
// keychain is locked.

func (m *machine) read() {
	m.store.reading = true
	m.do(effect{kind: readRecord})
}

// recordRead is the answer to readRecord.
func (m *machine) recordRead(now time.Time, g *Grant, err error) {
	m.store.reading = false
	if m.store.read {
		return
	}
	switch {
	case err == nil:
		m.store.read = true
		m.found(now, g)
	case errors.Is(err, store.ErrAbsent):
		m.store.read = true
		m.absent(now)
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrUnavailable):
		m.store.readAt = now.Add(storeRetry)
		if m.served == nil && !m.condemned() {
			m.stand(now, KeychainLocked, storeReason(err), "", m.store.readAt)
		}
	default:
		m.store.read = true
		if m.served == nil && !m.condemned() {
			m.stand(now, ReconnectRequired, ReasonRecordDamaged, err.Error(), time.Time{})
		}
	}
}

// condemned: a verdict stands, and nothing newer has come.
func (m *machine) condemned() bool { return m.verdict != nil }

// found takes the stored grant into use, if no verdict covers it and no newer
// one came while the keychain was locked.
func (m *machine) found(now time.Time, g *Grant) {
	switch {
	case m.served != nil || m.next != nil:
	case m.verdict.covers(g):
		m.store.erase = true
		m.tickStore(now)
		m.absent(now)
	default:
		m.pardon()
		m.adopt(now, g)
		m.lost = m.sent == g.Generation
		m.stand(now, Connected, ReasonNone, "", time.Time{})
		m.do(effect{kind: compareBinding, grant: g})
		m.tick(now)
		m.takeUpLost(now)
	}
}

// takeUpLost sends the same refresh token again where the last process ended
// before it had the answer. It does not wait for the timer: providers that
// allow this do so for seconds.
func (m *machine) takeUpLost(now time.Time) {
	if m.lost && m.base == Connected {
		m.start(now, Want{})
	}
}

func (m *machine) absent(now time.Time) {
	if m.served != nil || m.next != nil || m.condemned() {
		return
	}
	m.stand(now, Disconnected, ReasonNone, "", time.Time{})
}

// adopt makes g the grant that callers get, with a clean history.
func (m *machine) adopt(now time.Time, g *Grant) {
	m.served, m.next = g, nil
	m.late = m.rnd()
	m.afterRejection, m.rejection = m.rejection, false
	m.fails, m.suspects, m.lost, m.quick = 0, 0, false, false
	m.probes = probing{}
	m.schedule(now)
}

// schedule plans the next probe, where there is one.
func (m *machine) schedule(now time.Time) {
	if m.policy.probe && m.policy.canProbe {
		m.probes.next = now.Add(probeEvery + time.Duration(m.rnd()*float64(probeEvery/10)))
	}
}

func (m *machine) save(g *Grant) {
	m.store.writing = true
	m.do(effect{kind: saveRecord, grant: g})
}

// saved is the answer to saveRecord. The grant is served now, whatever the
// store said: a token that is only in memory is better than none.
func (m *machine) saved(now time.Time, generation uint64, err error) {
	m.store.writing = false
	if m.next != nil && m.next.Generation == generation {
		m.renewed(now)
	}
	if m.served == nil || m.served.Generation != generation {
		return
	}
	m.store.unsaved = err != nil
	if err == nil {
		m.store.writes, m.store.read, m.store.erase, m.store.unkept = 0, true, false, false
		m.pardon()
		return
	}
	m.foresee(now)
	m.store.writes++
	m.store.writeAt = now.Add(backoff(m.store.writes, 0, m.rnd()))
}

// foresee writes down what the next process is to say if this one ends before
// the store takes the grant that the user brought. It covers no record that is
// not over already: an older one that still lives is used again.
func (m *machine) foresee(now time.Time) {
	if !m.store.unkept || m.verdict != nil && m.verdict.Reason == ReasonNotKept {
		return
	}
	v := Verdict{Reason: ReasonNotKept, Time: now}
	if m.verdict != nil {
		v.Generation = m.verdict.Generation
	}
	m.verdict, m.store.verdict, m.store.verdictAt = &v, true, now
	m.tickStore(now)
}

// pardon forgets the verdict: a grant above its generation is in use.
func (m *machine) pardon() {
	if m.verdict != nil {
		m.verdict, m.store.verdict = nil, false
		m.do(effect{kind: clearVerdict})
	}
}

// erased is the answer to eraseRecord.
func (m *machine) erased(now time.Time, err error) {
	m.store.erasing = false
	if err != nil {
		m.store.eraseAt = now.Add(storeRetry)
		return
	}
	m.store.erase, m.store.read = false, true
}

// verdictSaved is the answer to saveVerdict.
func (m *machine) verdictSaved(now time.Time, err error) {
	m.store.verdict = err != nil && m.verdict != nil
	m.store.verdictAt = now.Add(storeRetry)
}

// storeChanged says that the store may have opened: what waits for it is tried now.
func (m *machine) storeChanged(now time.Time) {
	m.store.readAt, m.store.writeAt, m.store.eraseAt = now, now, now
	if m.base == KeychainLocked && m.store.read {
		m.retryAt = now
	}
	m.tick(now)
}

func (m *machine) tickStore(now time.Time) {
	s := &m.store
	if !s.read && !s.reading && !now.Before(s.readAt) {
		m.read()
	}
	if s.unsaved && !s.writing && m.served != nil && !now.Before(s.writeAt) {
		m.save(m.served)
	}
	if s.verdict && !now.Before(s.verdictAt) {
		s.verdict = false
		m.do(effect{kind: saveVerdict, verdict: m.verdict})
	}
	if s.erase && !s.erasing && m.served == nil && m.next == nil && !now.Before(s.eraseAt) {
		s.erasing = true
		m.do(effect{kind: eraseRecord})
	}
}

func (m *machine) storeDue() time.Time {
	var at time.Time
	s := &m.store
	if !s.read && !s.reading {
		at = earlier(at, s.readAt)
	}
	if s.unsaved && !s.writing && m.served != nil {
		at = earlier(at, s.writeAt)
	}
	if s.verdict {
		at = earlier(at, s.verdictAt)
	}
	if s.erase && !s.erasing && m.served == nil && m.next == nil {
		at = earlier(at, s.eraseAt)
	}
	return at
}

// condemn ends the grant: the verdict is written, then the grant erased from
// memory and store. Nothing is asked of the provider until the user acts.
func (m *machine) condemn(now time.Time, r Reason) {
	m.sentence(now, r)
	m.stand(now, ReconnectRequired, r, "", time.Time{})
}

// sentence writes the verdict and erases every grant up to now.
func (m *machine) sentence(now time.Time, r Reason) {
	m.verdict = &Verdict{Reason: r, Generation: m.generation(), Time: now}
	m.served, m.next, m.narrow, m.nextNarrow = nil, nil, nil, nil
	m.busy, m.request = idle, effect{}
	m.probes = probing{}
	m.rejection = false
	m.store.unsaved, m.store.unkept, m.store.erase = false, false, true
	m.store.verdictAt, m.store.eraseAt = now, now
	m.store.verdict = true
	m.tickStore(now)
}

// connect takes a grant that the user just brought.
func (m *machine) connect(now time.Time, g *Grant) {
	m.busy, m.request = saving, effect{}
	m.next, m.narrow, m.nextNarrow = g, nil, nil
	m.rejection = false
	m.store.unkept = true
	if m.verdict != nil && m.verdict.All { // or it would cover this grant too, in a process that comes before it is cleared
		v := *m.verdict
		v.All, v.Generation = false, g.Generation-1
		m.verdict = &v
		m.do(effect{kind: saveVerdict, verdict: m.verdict})
	}
	m.save(g)
}

// disconnect gives up the grant, and returns what should be revoked at the
// provider; nil where there is nothing.
func (m *machine) disconnect(now time.Time) *Grant {
	old := m.served
	if m.next != nil {
		old = m.next
	}
	m.sentence(now, ReasonNone)
	m.stand(now, Disconnected, ReasonNone, "", time.Time{})
	return old
}

// announced remembers that the user has been told.
func (m *machine) announced(now time.Time) {
	m.told = true
	if m.verdict != nil && !m.verdict.Announced {
		v := *m.verdict
		v.Announced = true
		m.verdict = &v
		m.store.verdict, m.store.verdictAt = true, now
		m.tickStore(now)
	}
}

// announce: the user must hear of this state, and has not yet.
func (m *machine) announce() bool {
	if m.base != ReconnectRequired || m.flow || m.store.reading && !m.store.read { // the record may be newer than the verdict
		return false
	}
	if m.verdict != nil {
		return !m.verdict.Announced
	}
	return !m.told
}

func storeReason(err error) Reason {
	if errors.Is(err, store.ErrLocked) {
		return ReasonKeychainLocked
	}
	return ReasonKeychainUnavailable
}
