package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// operate begins the one operation on the store, or on the note outside it, that is
// under way at a time.
func (m *machine) operate(e effect) {
	m.store.under = e
	m.emit(e)
}

// ended takes note that it has been answered.
func (s *storing) ended() (e effect) {
	e, s.under = s.under, effect{}
	return e
}

// reading reports whether nobody knows yet what the store holds, and it is being read.
func (m *machine) reading() bool { return m.store.under.kind == readRecord && !m.store.read }

// unsaved reports whether what the store is to hold is not what it holds.
func (m *machine) unsaved() bool { return m.kept() != nil && m.kept() != m.store.held }

// recordRead is the answer to readRecord.
func (m *machine) recordRead(now time.Time, g *Grant, err error) {
	s := &m.store
	s.ended()
	s.slow = false
	defer func() { m.refreshOnceRead = false }()
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrUnavailable):
		s.at = now.Add(storeRetry)
		if m.kept() == nil && !m.noteDecides() {
			m.setState(now, KeychainLocked, storeReason(err), "", s.at)
		}
		m.tickStore(now)
		return
	case err == nil:
		m.learnGiven(g.Given)
		m.highest = max(m.highest, g.Generation) // also of one that a note covers
		s.held = g
		if s.skew != 0 {
			g = g.shifted(s.skew)
		}
		if fromFuture(g, now) && m.policy.refreshable(g) && !g.ExpiresAt.IsZero() {
			g = g.ended(now)
			s.held = g
		}
	case !errors.Is(err, store.ErrAbsent):
		s.damaged = true
	}
	s.read, s.at = true, now
	if m.kept() == nil && m.next == nil && !s.note.damaged() {
		m.found(now, s.note.takeOver(g), err)
	} // else the user brought a newer one meanwhile, or there is no telling what the note covers
	m.tickStore(now)
}

// found takes up the record as it is after what a note says of it.
func (m *machine) found(now time.Time, g *Grant, err error) {
	s := &m.store
	if g != nil {
		m.highest = max(m.highest, g.Generation)
	}
	switch {
	case g == nil && s.damaged && !s.erase:
		m.setState(now, ReconnectRequired, ReasonRecordDamaged, err.Error(), time.Time{})
	case g == nil:
		s.erase = s.erase && (s.damaged || s.held != nil)
		m.setState(now, Disconnected, ReasonNone, "", time.Time{})
	case g.givenUp():
		m.revocations.grants = append(m.revocations.grants, g) // it could not be, or was not for certain
		if s.erase = true; s.note == nil {                     // else that says it
			m.over = g
		}
		m.setState(now, Disconnected, ReasonNone, "", time.Time{})
	case g.AccessToken == "":
		m.over, s.erase = g, false
		m.setState(now, g.End.State, g.End.Reason, g.End.Detail, time.Time{})
		m.told = g.Told
	default:
		m.adopt(now, g)
		m.told, s.erase = g.Told, false
		m.setStateOfGrant(now)
		m.bindResources(now)
		m.emit(effect{kind: compareBinding, grant: m.served})
		if m.told == ReasonRecordDamaged || m.told == ReasonExpired && !m.expiredForGood(now) {
			m.setTold(now, ReasonNone)
		}
	}
	m.refreshIfDue(now)
}

// refreshIfDue does at once what is due of a grant that was just read, or what the user
// asked for before it was: after a lost answer a provider takes the same refresh token
// again for seconds.
func (m *machine) refreshIfDue(now time.Time) {
	m.tick(now)
	if m.base != Connected && !m.parked() {
		return
	}
	due := refreshAt(m.served, m.policy, 0)
	if m.refreshOnceRead || m.base == Connected && !due.IsZero() && !now.Before(due) {
		m.start(now, Want{})
	}
}

// adopt makes g the grant that callers get, with a clean history.
func (m *machine) adopt(now time.Time, g *Grant) {
	if m.served == nil || !same(m.served.AccessToken, g.AccessToken) { // a request for less leaves the grant's own token
		m.lives = [...]time.Duration{g.lifetime(), m.lives[0], m.lives[1]}
	}
	m.served, m.next, m.over = g, nil, nil
	m.jitter = m.rnd()
	m.afterRejection, m.rejection = m.rejection, false
	m.fails, m.suspects, m.answerLost, m.quickRetryUsed, m.graceEnds = 0, 0, false, false, time.Time{}
	m.probes = probing{}
	m.schedule(now)
	for _, n := range m.narrow {
		if n.undecided {
			n.undecided, n.at = false, now
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
	m.served, m.over = m.served.changed(f), m.over.changed(f)
	m.rewrite(now)
}

// rewrite has what is kept written as soon as can be.
func (m *machine) rewrite(now time.Time) {
	m.highest = max(m.highest, m.kept().Generation)
	m.store.at = now
	m.tickStore(now)
}

// save has a new grant written, and served after that.
func (m *machine) save(now time.Time, g *Grant) {
	m.next, m.busy, m.highest = g, saving, max(m.highest, g.Generation)
	m.tickStore(now)
}

// saved is the answer to saveRecord. A new grant is served now, whatever the
// store said: a token that is only in memory is better than none.
func (m *machine) saved(now time.Time, generation uint64, err error) {
	s := &m.store
	g := s.ended().grant
	s.held, s.at = nil, now
	if err == nil {
		s.held, s.read, s.damaged, s.writes, s.erase = g, true, false, 0, g.givenUp()
		m.signedIn = m.signedIn && m.next != nil && m.next.Generation != generation
	}
	if m.next != nil && m.next.Generation == generation {
		if n := m.nextNarrow; n != nil && n.err == nil && err != nil {
			n.fail(errUnkept)
		}
		m.renewed(now)
	}
	switch over := m.kept(); {
	case over == nil && m.next == nil: // disconnected meanwhile
		s.erase = true
	case err != nil:
		s.writes++
		s.at = now.Add(backoff(s.writes, 0, m.rnd()))
		if over.givenUp() && s.note == nil {
			m.writeNote(now)
		}
	}
	m.tickStore(now)
}

// storeChanged says that the store may have opened: what waits for it is tried now.
func (m *machine) storeChanged(now time.Time) {
	if m.store.under.kind == nothing {
		m.store.at = now
	}
	if m.base == KeychainLocked && m.store.read {
		m.retryAt = now
	}
	m.tick(now)
}

// A new grant is written at once; a note that it says it came after, before it: a
// process that ends between the two would leave a note that covers the grant. One
// that could not be written is tried again later, and the grant does not wait for it.
var (
	saveNow     = time.Unix(0, 0)
	aheadOfSave = time.Unix(-1, 0)
)

// wants is the next operation on the store, and when it is to be begun; zero: there
// is none. The note does not wait for a store that cannot be reached.
func (m *machine) wants() (e effect, at time.Time) {
	s := &m.store
	switch {
	case s.under.kind != nothing:
		return effect{}, time.Time{}
	case m.next != nil:
		e, at = effect{kind: saveRecord, grant: m.next}, saveNow
	case !s.read:
		e, at = effect{kind: readRecord}, s.at
	case m.unsaved():
		e, at = effect{kind: saveRecord, grant: m.kept()}, s.at
	case s.erase && m.durable() && len(m.revocations.grants) == 0 && m.revocations.under == 0 && m.revocations.sent == nil && m.served == nil:
		// It was read and revoked, or a crash could leave it alive at the provider.
		e, at = effect{kind: eraseRecord}, s.at
	}
	switch isFirst := at.IsZero() || s.noteAt.Before(at); {
	case s.note == nil || s.note.Damaged || !isFirst:
	case !s.noted:
		return effect{kind: saveNote, note: s.note}, s.noteAt
	case m.quiet(): // the store has everything that the note is about
		return effect{kind: clearNote, note: s.note}, s.noteAt
	}
	return e, at
}

func (m *machine) tickStore(now time.Time) {
	s := &m.store
	if m.firstReadSlow() && !now.Before(s.at) {
		s.slow = true
		m.setState(now, KeychainLocked, ReasonKeychainUnavailable, "", s.at.Add(storeRetry))
	}
	if m.durable() {
		m.revokeGivenUp()
	}
	if e, at := m.wants(); e.kind != nothing && !now.Before(at) {
		m.operate(e)
	}
}

// firstReadSlow reports whether the store has yet to say whether there is a record.
func (m *machine) firstReadSlow() bool {
	return m.reading() && !m.store.slow && m.base == Disconnected && m.store.note == nil && m.next == nil
}

// settled reports whether nothing is under way or to be done, in the store or beside it.
func (m *machine) settled() bool { return m.busy == idle && m.quiet() && m.store.note == nil }

func storeReason(err error) Reason {
	switch {
	case errors.Is(err, store.ErrWithheld):
		return ReasonKeychainWithheld
	case errors.Is(err, store.ErrDenied):
		return ReasonKeychainDenied
	case errors.Is(err, store.ErrNoKeyring):
		return ReasonKeychainMissing
	case errors.Is(err, store.ErrLocked):
		return ReasonKeychainLocked
	}
	return ReasonKeychainUnavailable
}
