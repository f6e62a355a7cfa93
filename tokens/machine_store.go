package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// This file is the machine's dealings with the store: reading the record at the
// start, writing each change of it, and doing it later where the keychain is
// locked. What ends a grant is in machine_end.go.

func (m *machine) read() {
	m.store.reading = true
	m.do(effect{kind: readRecord})
}

// recordRead is the answer to readRecord.
func (m *machine) recordRead(now time.Time, g *Grant, err error) {
	s := &m.store
	s.reading, s.slow = false, false
	defer func() { m.wanted = false }()
	if s.read {
		return
	}
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrUnavailable):
		s.readAt = now.Add(storeRetry)
		if m.kept() == nil && !m.foretold() {
			m.stand(now, KeychainLocked, storeReason(err), "", s.readAt)
		}
		return
	case err == nil:
		g = g.shifted(s.skew)
		if fromFuture(g, now) && m.policy.refreshable(g) && !g.ExpiresAt.IsZero() {
			g = g.ended(now)
		}
	case !errors.Is(err, store.ErrAbsent):
		s.damaged = true
	}
	s.read = true
	if m.kept() != nil || m.next != nil || s.note.damaged() {
		return // the user brought a newer one meanwhile, or there is no telling what the note covers
	}
	m.found(now, s.note.takeOver(g), g, err)
	m.tickStore(now)
}

// found takes up the record as it is after what a note says of it; before is
// as it was read, nil where there was none that could be.
func (m *machine) found(now time.Time, g, before *Grant, err error) {
	s := &m.store
	if g != nil {
		m.highest = max(m.highest, g.Generation)
	}
	switch {
	case g == nil && s.damaged && !s.erase:
		m.stand(now, ReconnectRequired, ReasonRecordDamaged, err.Error(), time.Time{})
		return
	case g == nil:
		s.erase = s.erase && (s.damaged || before != nil)
		m.stand(now, Disconnected, ReasonNone, "", time.Time{})
		return
	case g.givenUp():
		m.back.grants = append(m.back.grants, g) // it could not be, or was not for certain
		m.over, s.erase = g, true
		m.stand(now, Disconnected, ReasonNone, "", time.Time{})
		return
	case g.AccessToken == "":
		m.over, s.erase = g, false
		m.stand(now, g.End.State, g.End.Reason, g.End.Detail, time.Time{})
		if m.told == ReasonNone { // else the user was told of it before it could be read
			m.told = g.Told
		}
		m.setTold(now, m.told)
	default:
		m.adopt(now, g)
		m.told, s.erase = g.Told, false
		m.standByGrant(now)
		m.do(effect{kind: compareBinding, grant: g})
		if m.told == ReasonRecordDamaged || m.told == ReasonExpired && !m.expiredForGood(now) {
			m.setTold(now, ReasonNone)
		}
	}
	if g != before || s.skew != 0 {
		m.rewrite(now)
	}
	m.takenUp(now)
}

// takenUp does at once what is due of a grant that was just read: a process that
// ended before it had the answer to a refresh has one due, and providers that take
// the same refresh token again do so for seconds. A refresh that the user asked
// for before the record was read is made here too.
func (m *machine) takenUp(now time.Time) {
	m.tick(now)
	if m.base != Connected && !m.parked() {
		return
	}
	due := refreshAt(m.served, m.policy, m.buffer, 0)
	if m.wanted || m.base == Connected && !due.IsZero() && !now.Before(due) {
		m.start(now, Want{})
	}
}

// adopt makes g the grant that callers get, with a clean history.
func (m *machine) adopt(now time.Time, g *Grant) {
	m.served, m.next, m.over = g, nil, nil
	m.lived(g.lifetime())
	m.late = m.rnd()
	m.afterRejection, m.rejection = m.rejection, false
	m.fails, m.suspects, m.lost, m.quick, m.graceEnds = 0, 0, false, false, time.Time{}
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

// kept is what the store is to hold: the grant in use, or one that is over; nil: nothing.
func (m *machine) kept() *Grant {
	if m.served != nil {
		return m.served
	}
	return m.over
}

// change makes a changed copy of what is kept, and has it written.
func (m *machine) change(now time.Time, f func(*Grant)) {
	n := *m.kept()
	f(&n)
	if m.served != nil {
		m.served = &n
	} else {
		m.over = &n
	}
	m.rewrite(now)
}

// rewrite has what is kept written as soon as can be.
func (m *machine) rewrite(now time.Time) {
	m.highest = max(m.highest, m.kept().Generation)
	m.store.unsaved, m.store.writeAt = true, now
	m.store.again = m.store.again || m.store.writing
	m.tickStore(now)
}

func (m *machine) save(g *Grant) {
	m.highest = max(m.highest, g.Generation)
	m.store.writing = true
	m.do(effect{kind: saveRecord, grant: g})
}

// saved is the answer to saveRecord. A new grant is served now, whatever the
// store said: a token that is only in memory is better than none.
func (m *machine) saved(now time.Time, generation uint64, err error) {
	s := &m.store
	s.writing = false
	if m.next != nil && m.next.Generation == generation {
		m.renewed(now)
	}
	g := m.kept()
	switch {
	case g == nil && m.next == nil: // disconnected meanwhile, perhaps after the erasing
		s.erase, s.eraseAt = true, now
	case g == nil || g.Generation != generation:
	case err == nil:
		s.unsaved, s.again, s.writes, s.writeAt = s.again, false, 0, now
		s.read, s.damaged = true, false
		s.erase = g.givenUp()
	default:
		s.unsaved = true
		s.writes++
		s.writeAt = now.Add(backoff(s.writes, 0, m.rnd()))
		if g.givenUp() && s.note == nil {
			m.noteDown(now)
		}
	}
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
	if m.mayWrite() && !now.Before(s.writeAt) {
		m.save(m.kept())
	}
	m.tickNote(now)
	if m.durable() {
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
	if !s.read && !s.reading || m.hangs() {
		at = earlier(at, s.readAt)
	}
	if m.mayWrite() {
		at = earlier(at, s.writeAt)
	}
	if _, due := m.noteDue(); due {
		at = earlier(at, s.noteAt)
	}
	if m.mayErase() {
		at = earlier(at, s.eraseAt)
	}
	return at
}

// mayWrite reports whether what is kept is to be written, and nothing is in the way.
func (m *machine) mayWrite() bool {
	return m.store.unsaved && !m.store.writing && m.kept() != nil && m.next == nil
}

// hangs reports that the store has not said yet whether there is a record.
func (m *machine) hangs() bool {
	return m.store.reading && !m.store.read && !m.store.slow && m.base == Disconnected && m.store.note == nil
}

// settled reports that nothing is under way or to be done, in the store or beside it.
func (m *machine) settled() bool {
	return m.busy == idle && m.quiet() && !m.store.reading && m.store.note == nil && m.store.noting == 0
}

func storeReason(err error) Reason {
	if errors.Is(err, store.ErrLocked) {
		return ReasonKeychainLocked
	}
	return ReasonKeychainUnavailable
}
