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
	m.store.reading, m.store.slow = false, false
	defer func() { m.wanted = false }()
	if m.store.read {
		return
	}
	switch {
	case err == nil:
		m.store.read = true
		g = g.shifted(m.store.skew)
		if fromFuture(g, now) && m.policy.refreshable(g) && !g.ExpiresAt.IsZero() {
			g = g.ended(now)
		}
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
		m.store.read, m.store.damaged = true, true
		if m.verdict != nil && m.verdict.Reason == ReasonNone {
			m.store.erase = true
			m.tickStore(now)
		}
		if m.served == nil && !m.condemned() {
			m.stand(now, ReconnectRequired, ReasonRecordDamaged, err.Error(), time.Time{})
		}
	}
}

// condemned: a verdict stands, or is foreseen. Where it covers a record, the
// record is not used (Verdict.covers).
func (m *machine) condemned() bool { return m.verdict != nil }

// found takes the stored grant into use, if no verdict covers it and no newer
// one came while the keychain was locked.
func (m *machine) found(now time.Time, g *Grant) {
	switch {
	case m.served != nil || m.next != nil:
	case m.verdict.covers(g):
		if m.verdict.All {
			v := *m.verdict
			v.Generation = max(v.Generation, g.Generation)
			m.verdict = &v
		}
		if m.verdict.Reason == ReasonNone {
			m.back.grants = append(m.back.grants, g) // it could not be, or was not for certain
		}
		m.store.erase = true
		m.tickStore(now)
		m.absent(now)
	default:
		told := m.verdict != nil && m.verdict.Announced
		m.pardon()
		m.adopt(now, g)
		m.lost = m.sent == g.Generation
		if m.told == ReasonRecordDamaged || m.told == ReasonExpired && !m.expiredForGood(now) {
			m.untold()
		}
		if m.store.skew != 0 {
			m.store.unsaved, m.store.writeAt = true, now
		}
		m.stand(now, Connected, ReasonNone, "", time.Time{})
		m.do(effect{kind: compareBinding, grant: g})
		m.tick(now)
		if told && m.lapsed() { // of the lost sign-in that was to follow it
			m.announced(now)
		}
		m.takeUpLost(now)
	}
}

// takeUpLost sends the same refresh token again where the last process ended
// before it had the answer. It does not wait for the timer: providers that
// allow this do so for seconds. A refresh that the user asked for before the
// record was read is made here too.
func (m *machine) takeUpLost(now time.Time) {
	if (m.lost || m.wanted) && m.base == Connected {
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
	m.lived(g.lifetime())
	m.late = m.rnd()
	m.afterRejection, m.rejection = m.rejection, false
	m.fails, m.suspects, m.lost, m.quick = 0, 0, false, false
	m.probes = probing{}
	m.schedule(now)
	for k, n := range m.narrow {
		if n.undecided {
			n.undecided, n.at = false, now
			m.narrow[k] = n
		}
	}
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
	if m.served == nil && m.next == nil { // disconnected meanwhile, perhaps after the erasing
		m.store.erase, m.store.eraseAt = true, now
		m.tickStore(now)
	}
	if m.served == nil || m.served.Generation != generation {
		return
	}
	m.store.unsaved = err != nil || m.store.again
	if err == nil {
		m.store.writes, m.store.read, m.store.erase, m.store.damaged = 0, true, false, false
		m.store.again, m.store.writeAt = false, now
		m.pardon()
		return
	}
	m.store.writes++
	m.store.writeAt = now.Add(backoff(m.store.writes, 0, m.rnd()))
}

// pardon forgets the verdict: a grant above its generation is in use.
func (m *machine) pardon() {
	if m.verdict != nil {
		m.verdict, m.store.verdict = nil, false
		if m.told == ReasonNone {
			m.do(effect{kind: clearVerdict})
		} else {
			m.remark()
		}
		if m.policy.single {
			m.back.grants = nil // revoking the old grant would end the new one
		}
		m.giveBack()
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

func (m *machine) judge(v *Verdict) {
	m.store.judging++
	m.do(effect{kind: saveVerdict, verdict: v})
}

// verdictSaved is the answer to saveVerdict.
func (m *machine) verdictSaved(now time.Time, err error) {
	m.store.judging--
	if err != nil {
		m.store.verdict = m.verdict != nil
		m.store.verdictAt = now.Add(storeRetry)
		return
	}
	m.tickStore(now)
}

// giveBack revokes a grant at the provider. What comes of it changes nothing here.
func (m *machine) giveBack() {
	for _, g := range m.back.grants {
		m.back.under++
		m.do(effect{kind: revokeGrant, grant: g})
	}
	m.back.grants = nil
}

// givenBack is the answer to revokeGrant.
func (m *machine) givenBack(now time.Time, err error) {
	m.back.under--
	m.back.err = err
	m.tickStore(now)
}

// storeChanged says that the store may have opened: what waits for it is tried now.
func (m *machine) storeChanged(now time.Time) {
	m.store.writeAt, m.store.eraseAt = now, now
	if !m.store.reading {
		m.store.readAt = now
	}
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
	if m.hangs() && !now.Before(s.readAt) {
		s.slow = true
		m.stand(now, KeychainLocked, ReasonKeychainUnavailable, "", s.readAt.Add(storeRetry))
	}
	if s.unsaved && !s.writing && m.served != nil && m.next == nil && !now.Before(s.writeAt) {
		m.save(m.served)
	}
	if s.verdict && !now.Before(s.verdictAt) {
		s.verdict = false
		m.judge(m.verdict)
	}
	if !s.verdict && s.judging == 0 {
		m.giveBack()
	}
	if m.mayErase() && !now.Before(s.eraseAt) {
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
	if s.unsaved && !s.writing && m.served != nil && m.next == nil {
		at = earlier(at, s.writeAt)
	}
	if m.hangs() {
		at = earlier(at, s.readAt)
	}
	if s.verdict {
		at = earlier(at, s.verdictAt)
	}
	if m.mayErase() {
		at = earlier(at, s.eraseAt)
	}
	return at
}

// hangs: the store has not said yet whether there is a record.
func (m *machine) hangs() bool {
	return m.store.reading && !m.store.read && !m.store.slow && m.base == Disconnected && m.verdict == nil
}

// settled: nothing is under way, and the store holds nothing that must go.
func (m *machine) settled() bool {
	s := &m.store
	return m.busy == idle && s.read && !s.reading && !s.writing && !s.erase && !s.erasing && !s.verdict && s.judging == 0 &&
		len(m.back.grants) == 0 && m.back.under == 0
}

// mayErase: the verdict comes first, or a death could be forgotten.
func (m *machine) mayErase() bool {
	s := &m.store
	unread := !s.read && m.verdict != nil && m.verdict.Reason == ReasonNone // what is to be given back must be read first
	giving := len(m.back.grants) > 0 || m.back.under > 0                    // …and sent, or a crash could leave it alive there
	return s.erase && !s.erasing && !s.verdict && s.judging == 0 && !unread && !giving && m.served == nil && m.next == nil
}

// condemn ends the grant: the verdict is written, then the grant erased from
// memory and store. Nothing is asked of the provider until the user acts.
func (m *machine) condemn(now time.Time, r Reason, detail string) {
	told := m.told == r
	m.sentence(now, r, detail)
	m.verdict.Announced = told
	m.stand(now, ReconnectRequired, r, detail, time.Time{})
}

// sentence writes the verdict and erases every grant up to now.
func (m *machine) sentence(now time.Time, r Reason, detail string) {
	m.verdict = &Verdict{Reason: r, Detail: detail, Generation: m.generation(now), Time: now, All: m.unknown()}
	m.told = ReasonNone
	m.served, m.next, m.narrow, m.nextNarrow = nil, nil, nil, nil
	m.busy, m.request = idle, effect{}
	m.probes = probing{}
	m.rejection = false
	m.store.unsaved, m.store.erase, m.store.writes = false, true, 0
	m.store.verdictAt, m.store.eraseAt = now, now
	m.store.verdict = true
	m.tickStore(now)
}

// connect takes a grant that the user just brought.
func (m *machine) connect(now time.Time, g *Grant) {
	m.busy, m.request = saving, effect{}
	m.next, m.narrow, m.nextNarrow = g, nil, nil
	m.rejection = false
	m.foresee(now, g)
	m.save(g)
}

// foresee writes down what the next process is to say if this one ends before
// the store has the grant that the user brought. It covers no record that is not
// over already: an older one that still lives is used again.
func (m *machine) foresee(now time.Time, g *Grant) {
	v := Verdict{Reason: ReasonNotKept, Time: now}
	if m.verdict != nil {
		v.Generation = m.verdict.Generation
		if m.verdict.All {
			v.Generation = g.Generation - 1
		}
	}
	m.verdict, m.store.verdict = &v, false
	m.judge(m.verdict)
}

// foreseen: the store does not have the grant that the user brought.
func (m *machine) foreseen() bool { return m.verdict != nil && m.verdict.Reason == ReasonNotKept }

// disconnect gives up the grant, and has it revoked at the provider as soon as
// the verdict is on disk. It says whether there is one in memory.
func (m *machine) disconnect(now time.Time) bool {
	g := m.served
	if m.next != nil {
		g = m.next
	}
	if m.back.err = nil; g != nil {
		m.back.grants = append(m.back.grants, g)
	}
	m.store.readAt = now
	m.sentence(now, ReasonNone, "")
	m.stand(now, Disconnected, ReasonNone, "", time.Time{})
	return g != nil
}

// untold forgets that the user has been told of something that is over.
func (m *machine) untold() {
	if m.told == ReasonNone {
		return
	}
	m.told = ReasonNone
	if m.verdict == nil {
		m.do(effect{kind: clearVerdict})
	}
}

// announced remembers that the user has been told.
func (m *machine) announced(now time.Time) {
	if m.kept() && m.base == ReconnectRequired && m.told != m.reason {
		if m.told = m.reason; m.verdict == nil {
			m.remark()
		}
	}
	if m.verdict != nil && !m.verdict.Announced && m.base == ReconnectRequired {
		v := *m.verdict
		v.Announced = true
		m.verdict = &v
		m.store.verdict, m.store.verdictAt = true, now
		m.tickStore(now)
	}
}

// announce: the user must hear of this state, and has not yet.
func (m *machine) announce() bool {
	if m.base != ReconnectRequired || m.flow || m.next != nil || m.store.reading && !m.store.read { // the record may be newer than the verdict
		return false
	}
	if m.kept() {
		return m.told != m.reason
	}
	return !m.verdict.Announced
}

// kept: there is no verdict on the grant, but for one that is foreseen.
func (m *machine) kept() bool {
	return m.verdict == nil || m.served != nil && m.foreseen()
}

// remark writes down what the user has been told of a grant that is kept.
func (m *machine) remark() { m.judge(&Verdict{Reason: m.told, Told: true}) }

func storeReason(err error) Reason {
	if errors.Is(err, store.ErrLocked) {
		return ReasonKeychainLocked
	}
	return ReasonKeychainUnavailable
}
