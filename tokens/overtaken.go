package tokens

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// This file is about records that another process wrote. There is one owner of
// them at a time (store.Owned), but it may change while this process lives: where
// the session bus restarts, another agent may be the faster one, renew, and end
// again. A refresh token from before that is spent, and a provider that sees it
// again ends the grant; so the record is read again before anything is sent or
// written.

// compare reads the connection's record again, nil where there is none that can be
// read, and has the machine take up a newer one than it knows of. An error says
// that the store cannot be read: its record may be newer.
func (m *Manager) compare(ctx context.Context, k *conn) (*Grant, error) {
	g, err := m.load(ctx, k)
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, store.ErrUnavailable):
		return nil, err
	case err != nil: // it is gone, or damaged: ours is all there is
		return nil, nil
	}
	newer := false
	m.event(k, func(now time.Time) { newer = k.m.overtaken(now, g) })
	if newer {
		m.opts.Log.Info("another process renewed or ended this grant meanwhile, and its record is used", "connection", k.name)
	}
	return g, nil
}

// checkStore says whether the store could be written, for a request that may
// bring what is to be kept, and takes no longer than most; 0: than the store itself does.
func (m *Manager) checkStore(k *conn, most time.Duration) error {
	ctx, cancel := context.WithTimeout(m.ctx, cmp.Or(most, 2*store.Timeout))
	defer cancel()
	if err := m.opts.Store.Check(ctx); err != nil {
		return err
	}
	_, err := m.compare(ctx, k)
	return err
}

// overtaken takes up a record that another process wrote, if it is newer than
// all that this one knows of, and reports whether it did. What was under way is
// of no concern any more: its answer is about an older generation. What the user
// gave up here stays given up, and what a sign-in brought here takes the place of the
// record.
func (m *machine) overtaken(now time.Time, g *Grant) bool {
	s := &m.store
	if !s.read { // a sign-in takes its place
		m.learnGiven(g.Given)
	}
	if m.signedIn {
		m.outrank(g)
		return false
	}
	newer := g.Generation > m.highest || m.kept() != nil && m.kept().olderThan(g)
	if !newer || !s.read || s.damaged || s.note != nil || m.over.givenUp() {
		return false
	}
	m.drop()
	m.given, s.erase, s.held = g.Given, false, g
	m.found(now, g, nil)
	return true
}

// outrank has what a sign-in brought be newer than another process's record, but not
// while it is with the provider: that answer is for the generation that was sent.
func (m *machine) outrank(g *Grant) {
	brought := &m.next
	if m.next == nil {
		brought = &m.served
	}
	if (*brought).Generation > g.Generation || m.busy == sending {
		return
	}
	m.highest = max(m.highest, g.Generation) + 1
	*brought = (*brought).changed(func(n *Grant) { n.Generation = m.highest })
	if m.probes.under = false; m.busy == checking {
		m.request.grant = *brought
	}
	if g.givenUp() {
		m.revocations.grants = append(m.revocations.grants, g) // it could not be, or was not for certain
	}
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
