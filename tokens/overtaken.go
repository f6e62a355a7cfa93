package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// This file is about records that another process wrote. There is one owner of
// them at a time, but it may change while this process lives: where the session
// bus restarts, another agent may be the faster one, renew, and end again. A
// refresh token from before that is spent, and a provider that sees it again ends
// the grant; so the record is read again before anything is sent or written.

// overtakable is a store that tells of which keys that may be so: store.Owned.
type overtakable interface{ Overtaken(key string) bool }

// compare reads the connection's record again where another process may have
// written it, and has the machine take up a newer one. An error says that it
// cannot be read: it may be newer.
func (m *Manager) compare(k *conn) error {
	s, can := m.opts.Store.(overtakable)
	if !can {
		return nil
	}
	k.comparing.Lock()
	defer k.comparing.Unlock()
	if !s.Overtaken(k.name) {
		return nil
	}
	g, err := m.load(k)
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrUnavailable):
		return err
	case err != nil: // it is gone, or damaged: ours is all there is
		return nil
	}
	taken := false
	m.event(k, func(now time.Time) {
		if taken = k.m.overtaken(now, g); taken {
			k.taken = g
		}
	})
	if taken {
		m.opts.Log.Info("another process renewed or ended this grant meanwhile, and its record is used", "connection", k.name)
	}
	return nil
}

// checkStore says whether the store could be written, for a request that may
// bring what is to be kept.
func (m *Manager) checkStore(k *conn) error {
	if err := m.inStore(m.opts.Store.Check); err != nil {
		return err
	}
	return m.compare(k)
}

// errOvertaken is why a grant is not written.
var errOvertaken = errors.New("there is a newer one")

// mayReplace compares, and says whether g may be written in the place of what
// another process wrote.
func (m *Manager) mayReplace(k *conn, g *Grant) error {
	if err := m.compare(k); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if g.olderThan(k.taken) {
		return errOvertaken
	}
	return nil
}

// overtaken takes up a record that another process wrote, if it is newer than
// all that this one knows of, and reports whether it did. What was under way is
// of no concern any more: its answer is about an older generation. What the user
// gave up here stays given up.
func (m *machine) overtaken(now time.Time, g *Grant) bool {
	s := &m.store
	if !s.read || s.damaged || s.note != nil || m.over.givenUp() || !m.newest().olderThan(g) {
		return false
	}
	m.drop()
	s.erase, s.again = false, false
	m.found(now, g, g, nil)
	return true
}

// newest is the last generation that this process knows of; nil: none.
func (m *machine) newest() *Grant {
	if m.next != nil {
		return m.next
	}
	return m.kept()
}

// olderThan reports whether other takes the place of g. Of one generation a
// grant in use takes that of an end: the end is of the generation before.
func (g *Grant) olderThan(other *Grant) bool {
	switch {
	case g == nil || other == nil:
		return other != nil
	case g.Generation == other.Generation:
		return g.End != nil && other.End == nil
	}
	return g.Generation < other.Generation
}
