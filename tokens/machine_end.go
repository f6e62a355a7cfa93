package tokens

import (
	"slices"
	"time"
)

// noteDecides reports whether a note says where the connection stands, though the
// record cannot be read.
func (m *machine) noteDecides() bool {
	n := m.store.note
	return n != nil && (n.Old == nil || n.Old.givenUp())
}

// markDead ends the grant: its tokens go, in memory now and in the store by the same
// write that says why. Until that has worked the end holds in memory. Nothing is
// asked of the provider until the user acts.
func (m *machine) markDead(now time.Time, r Reason, detail string) {
	if m.next != nil {
		return // another one takes its place
	}
	told := m.told
	if told != r {
		told = ReasonNone
	}
	over := deadGrant(m.served.Generation+1, End{State: ReconnectRequired, Reason: r, Detail: detail, Time: now}, told)
	over.After, over.AfterToo = m.served.After, m.served.AfterToo // or a note from before the sign-in would cover it
	over.Given = m.given
	m.drop()
	m.over, m.told = over, told
	m.setState(now, ReconnectRequired, r, detail, time.Time{})
	m.rewrite(now)
}

// stayParked says what came of the user's trying again.
func (m *machine) stayParked(now time.Time, detail string) {
	m.setState(now, ReconnectRequired, m.served.End.Reason, detail, time.Time{})
}

// drop forgets every grant, and what is under way for one.
func (m *machine) drop() {
	m.served, m.next, m.over, m.narrow, m.nextNarrow = nil, nil, nil, nil, nil
	m.busy, m.request = idle, effect{}
	m.probes = probing{}
	m.rejection, m.signedIn = false, false
	m.store.writes = 0
}

// connect takes a grant that the user just brought.
func (m *machine) connect(now time.Time, g *Grant) {
	if n := m.store.note; n != nil {
		if n.Damaged {
			m.writeNote(now)
		}
		g.After, g.AfterToo = m.store.note.Time, slices.Clone(m.store.before)
	}
	g.Given = m.given
	m.request, m.narrow, m.nextNarrow, m.rejection, m.signedIn = effect{}, nil, nil, false, true
	m.save(now, g)
}

// disconnect gives up the grant, and has it revoked at the provider and erased as
// soon as a later process would know of it: by the record, or by a note where the
// record cannot be read or written. It reports whether there is one in memory.
func (m *machine) disconnect(now time.Time) bool {
	s := &m.store
	g, before := m.next, m.over
	if g == nil {
		g = m.served
	}
	if m.busy == sending {
		m.revocations.sent = m.served
	}
	m.drop()
	m.revocations.err, m.told = nil, ReasonNone
	s.at, s.erase = now, true
	m.setState(now, Disconnected, ReasonNone, "", time.Time{})
	if g != nil {
		m.revocations.grants = append(m.revocations.grants, g)
	}
	s.read = s.read && !s.note.damaged() // what that covers is revoked like the rest
	switch {
	case !s.read || s.note != nil:
		m.writeNote(now)
	case g != nil:
		m.over = g.with(End{State: Disconnected, Time: now})
		m.rewrite(now)
	case before.givenUp():
		m.over = before
		m.rewrite(now)
	}
	m.tickStore(now)
	return g != nil
}

// durable reports whether a later process would know of what was given up here.
func (m *machine) durable() bool {
	s := &m.store
	if s.note != nil {
		return s.noted
	}
	return !m.unsaved() && s.under.kind != saveRecord && m.next == nil
}

// revokeGivenUp revokes at the provider what the user gave up. What comes of it changes
// nothing here.
func (m *machine) revokeGivenUp() {
	if (m.served != nil || m.next != nil) && m.policy.single {
		m.revocations.grants = nil // revoking the old grant would end the new one
	}
	for _, g := range m.revocations.grants {
		m.revocations.under++
		m.emit(effect{kind: revokeGrant, grant: g})
	}
	m.revocations.grants = nil
}

// revoked is the answer to revokeGrant.
func (m *machine) revoked(now time.Time, err error) {
	m.revocations.under--
	m.revocations.err = err
	m.tickStore(now)
}

// erased is the answer to eraseRecord.
func (m *machine) erased(now time.Time, err error) {
	s := &m.store
	s.ended()
	s.at = now
	switch another := m.unsaved(); { // another one came, and went, meanwhile
	case err == nil:
		s.held, s.damaged, s.erase = nil, false, another
		if !another {
			m.over = nil
		}
	default:
		s.at = now.Add(storeRetry)
		if s.erase && s.note == nil && m.served == nil && m.next == nil {
			m.writeNote(now)
		}
	}
	m.tickStore(now)
}

// writeNote writes outside the store that every grant up to now was given up.
func (m *machine) writeNote(now time.Time) {
	s := &m.store
	n := Note{Time: now}
	if old := s.note; old != nil {
		if s.before = append(s.before, old.Time); !now.After(old.Time) {
			n.Time = old.Time.Add(1) // each has a time of its own
		}
	}
	s.note, s.noted, s.noteAt = &n, false, aheadOfSave
	m.tickStore(now)
}

// quiet reports whether the store holds what it is to hold, with nothing under way.
func (m *machine) quiet() bool {
	s := &m.store
	return s.read && !m.unsaved() && s.under.kind == nothing && !s.erase && len(m.revocations.grants) == 0 && m.revocations.under == 0 && m.revocations.sent == nil && m.next == nil
}

// noteDone is the answer to saveNote and clearNote.
func (m *machine) noteDone(now time.Time, what effectKind, n *Note, err error) {
	s := &m.store
	s.ended()
	switch {
	case n != s.note: // another one came after it
	case err != nil:
		s.noteAt = now.Add(storeRetry)
	case what == clearNote:
		s.note, s.noted, s.before = nil, false, nil
	default:
		s.noted, s.before = true, nil
		if m.over.givenUp() {
			m.over = nil // the note says it
		}
	}
	m.tickStore(now)
}

// announced remembers that the user has been told.
func (m *machine) announced(now time.Time) {
	if m.base == ReconnectRequired || m.base == Retrying && m.reason == ReasonRefusedForNow {
		m.setTold(now, m.reason)
	}
}

// setTold remembers, in the record where there is one, what the user has been
// told of last; ReasonNone: it is over.
func (m *machine) setTold(now time.Time, r Reason) {
	m.told = r
	if g := m.kept(); g != nil && !g.givenUp() && g.Told != r {
		m.change(now, func(g *Grant) { g.Told = r })
	}
}

// announce reports whether the user must hear of this state, and has not yet.
func (m *machine) announce(now time.Time) bool {
	if m.flow || m.next != nil || m.reading() { // the record may be newer than the note
		return false
	}
	longRefused := m.base == Retrying && m.reason == ReasonRefusedForNow && m.served != nil && now.Sub(m.served.RefusedSince) >= tellAfter
	return (m.base == ReconnectRequired || longRefused) && m.told != m.reason
}
