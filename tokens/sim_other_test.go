package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// This file is the other process of the simulated workstation: one with a state folder
// of its own, that owns the records while this one's bus is away. What it does it does
// at a stroke, and ends.

// busRestarts takes the records from the agent for a while.
func (w *world) busRestarts() {
	w.away = true
	w.in(w.about(time.Hour)+5*time.Minute, func() {
		if w.away = false; w.rnd.IntN(2) == 0 { // else it is found out at the next try
			w.agent.storeChanged()
		}
	})
	w.in(3*time.Minute, w.otherOwns)
}

// otherMay reports whether the other process may be the owner without harm: none can be
// where a refresh token is under way, or the newest one is with the agent alone. What was
// given up here, and not there, is left out too: nothing revokes what became of it.
func (w *world) otherMay() bool {
	a, c := w.agent, &w.check
	troubled := w.asleep || w.locked || w.stuck || w.moved || !w.online || w.portal
	known := a.m.signedIn || a.m.next == nil && !a.m.unsaved()
	return w.away && !troubled && !a.dead && !a.quitting && w.disk != nil && w.disk.AccessToken != "" && !w.disk.givenUp() &&
		w.wanted && w.note == nil && a.underway == 0 && known && c.losses == 0 && !c.unheard
}

func (w *world) otherOwns() {
	if !w.otherMay() {
		return
	}
	w.check.others++
	signedIn := w.agent.m.signedIn
	switch n := w.rnd.IntN(8); {
	case n == 0 && !signedIn:
		w.otherSignsIn()
	case n == 1 && !signedIn:
		w.otherDisconnects()
	case n == 2:
	default:
		w.otherRenews(1 + w.rnd.IntN(3))
	}
	if w.wanted && w.rnd.IntN(3) == 0 {
		w.in(w.about(5*time.Minute), func() { w.agent.userConnects() })
	}
	if w.rnd.IntN(2) == 0 {
		w.in(w.about(10*time.Minute), w.otherOwns) // another one, or the same again
	}
}

// otherWrites is a record of the other's.
func (w *world) otherWrites(g *Grant) {
	w.tell("another process writes %v", g)
	w.disk, w.check.written, w.unseen = g, g, true
	w.check.onDisk = w.check.onDisk || w.check.current(g)
}

func (w *world) otherRenews(times int) {
	p, d := w.provider, w.disk
	if !p.refreshs || p.alive && d.RefreshToken != p.current() && readSimToken(d.AccessToken).family == p.family {
		return
	}
	a, err := p.refresh(w.agent, d, Want{})
	a.SentAt = w.Now()
	var f *refusal.Failure
	switch errors.As(err, &f); {
	case err == nil:
		w.otherWrites(d.renewed(a, false))
		if times > 1 {
			w.otherRenews(times - 1)
		}
	case f.Class == refusal.Dead:
		over := deadGrant(d.Generation+1, End{State: ReconnectRequired, Reason: ReasonRevoked, Time: w.Now()}, ReasonNone)
		over.After, over.AfterToo, over.Given = d.After, d.AfterToo, d.Given
		if !w.agent.m.signedIn { // else it is the end of the grant before
			w.check.saidDead = true
			if w.rnd.IntN(2) == 0 {
				over.Told = ReasonRevoked
				w.check.told, w.check.toldOf = 1, ReasonRevoked
			}
		}
		w.otherWrites(over)
	}
}

func (w *world) otherSignsIn() {
	r := providers.Result{Answer: w.provider.consent(), Binding: w.disk.Binding}
	w.check.consented()
	w.check.retold++ // of the grant before it too, while this one is not known
	g := firstGrant(r, w.disk.Generation+1, false)
	g.Given = w.disk.Given
	w.otherWrites(g)
}

// otherDisconnects, and ends before the grant is revoked, or after the record is erased.
func (w *world) otherDisconnects() {
	w.wanted, w.check.signedIn = false, false
	w.in(w.about(2*day), func() { w.agent.userConnects() })
	if w.rnd.IntN(2) == 0 {
		w.otherWrites(w.disk.with(End{State: Disconnected, Time: w.Now()}))
		return
	}
	w.provider.revokedForUser(w.disk)
	w.disk, w.check.written, w.unseen = nil, nil, true
	w.check.erasures++
}

// overtaken is Manager.compare, where the simulation runs the machine.
func (a *simAgent) overtaken() {
	if g := a.w.disk; g != nil && a.real == nil && a.w.plant != bugNotCompared {
		a.event("overtaken", func(now time.Time) { a.m.overtaken(now, g) }, nil)
	}
}

// otherErr is the store's while the records are another process's.
func (w *world) otherErr() error {
	if w.away {
		return store.ErrUnavailable
	}
	return nil
}

// seen notes whether the agent knows of what the other wrote.
func (w *world) seen() {
	a := w.agent
	w.unseen = w.unseen && !a.dead && (w.disk == nil && a.m.kept() != nil && a.m.base != ReconnectRequired || w.disk != nil && a.m.highest < w.disk.Generation)
}
