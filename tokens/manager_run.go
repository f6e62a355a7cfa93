package tokens

import (
	"context"
	"reflect"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

// This file runs the machines: events go in under the connection's lock, the
// effects that come out are carried out beside it.

const (
	nearPause = 30 * time.Second // between looks at the clock while something is due within the hour, where nothing tells of jumps
	farPause  = 10 * time.Minute // otherwise
	backStep  = 2 * time.Second  // a wall clock that goes back by more was set
	wrongTime = 10 * time.Minute // a step back within this time may undo one forward
	sleepGap  = 30 * time.Second // wall time that passed beside the monotonic: the machine slept
)

// ShutdownTime is how long Run may go on after its context has ended: an answer
// may be on its way, and has to reach the store.
const ShutdownTime = providers.RequestTimeout + store.Timeout

// Run drives the timers until ctx ends, then waits for answers and saves that
// are under way: an answer that is thrown away is a lost grant.
func (m *Manager) Run(ctx context.Context) error {
	defer m.shutdown()
	for {
		alarm, stop := m.opts.Clock.After(m.pause())
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-alarm:
		case <-m.wake:
		case <-m.opts.Jumped:
		case <-m.opts.Store.Changed():
			m.eachEvent(func(k *conn, now time.Time) { k.m.storeChanged(now) })
		}
		stop()
		m.tickDue()
	}
}

func (m *Manager) shutdown() {
	m.mu.Lock()
	m.closed = true
	m.endIfIdle()
	m.mu.Unlock()
	timeout, stop := m.opts.Clock.After(ShutdownTime)
	defer stop()
	select {
	case <-m.quiet:
	case <-timeout:
	}
	m.cancel()
}

// endIfIdle ends the shutdown where nothing is under way. m is locked.
func (m *Manager) endIfIdle() {
	if m.closed && !m.ended && m.under == 0 {
		m.ended = true
		close(m.quiet)
	}
}

// pause is how long to sleep: until something is due, but never long, since
// timers stand still in suspend.
func (m *Manager) pause() time.Duration {
	var at time.Time
	for _, k := range m.all() {
		k.mu.Lock()
		at = earlier(at, k.m.due())
		k.mu.Unlock()
	}
	left := at.Sub(m.opts.Clock.Now())
	if at.IsZero() || left > time.Hour {
		return farPause
	}
	if m.opts.Jumped == nil {
		left = min(left, nearPause)
	}
	return max(min(left, farPause), 0)
}

func (m *Manager) tickDue() {
	now := m.now()
	for _, k := range m.all() {
		k.mu.Lock()
		at := k.m.due()
		k.mu.Unlock()
		if !at.IsZero() && !now.Before(at) {
			m.event(k, func(now time.Time) { k.m.tick(now) })
		}
	}
}

// NetworkBack says that there may be a network again: what could not be reached
// is tried now. That the machine slept a Manager sees by itself.
func (m *Manager) NetworkBack() {
	m.eachEvent(func(k *conn, now time.Time) { k.m.networkBack(now) })
}

func (m *Manager) eachEvent(f func(*conn, time.Time)) {
	for _, k := range m.all() {
		m.event(k, func(now time.Time) { f(k, now) })
	}
}

// now is the wall time. On the way it sees whether the clock was set back, or
// time passed that no timer counted, and tells the machines.
func (m *Manager) now() time.Time {
	m.clock.Lock()
	defer m.clock.Unlock()
	now, step, undone := m.steps.measure()
	if step >= -backStep && step <= sleepGap {
		return now
	}
	m.opts.Log.Info("the clock was set, or the machine slept", "by", step)
	for _, k := range m.all() {
		k.mu.Lock()
		if step < 0 {
			k.m.shift(now, step, undone)
		} else if k.m.resumed(now); k.m.busy == sending && k.abort != nil {
			m.abortLater(k.abort)
		}
		m.publishChange(k, now)
		k.mu.Unlock()
	}
	hint(m.wake)
	return now
}

// abortLater gives up a request that was under way when the machine slept, if it is
// not answered soon: its connection is most likely dead, and its own time-out
// did not run meanwhile.
func (m *Manager) abortLater(abort func()) {
	alarm, stop := m.opts.Clock.After(abortAfter)
	go func() {
		defer stop()
		select {
		case <-alarm:
			abort()
		case <-m.ctx.Done():
		}
	}()
}

// clockSteps compares the wall clock with the monotonic one. Not safe for
// concurrent use.
type clockSteps struct {
	clock Clock
	wall  time.Time
	mono  time.Duration

	leap   time.Duration // the last step forward that could be a sleep
	leapAt time.Duration // …and when, in monotonic time
}

// measure gives the wall time, and by how much it moved since the last measure beside
// the monotonic time that passed. undone says that it went back by about as much
// as it went forward shortly before: the clock was wrong, and is right again.
func (c *clockSteps) measure() (now time.Time, step time.Duration, undone bool) {
	wall, mono := c.clock.Now(), c.clock.Elapsed()
	if !c.wall.IsZero() {
		step = wall.Sub(c.wall) - (mono - c.mono)
	}
	c.wall, c.mono = wall, mono
	switch {
	case step > sleepGap:
		c.leap, c.leapAt = step, mono
	case step < -backStep:
		if undone = mono-c.leapAt < wrongTime && (step+c.leap).Abs() < c.leap/10; undone {
			c.leap = 0 // a second step back undoes nothing
		}
	}
	return wall, step, undone
}

// event hands an event to a machine, carries out what it wants and tells who
// listens.
func (m *Manager) event(k *conn, f func(now time.Time)) {
	defer hint(m.wake)
	now := m.now()
	k.mu.Lock()
	defer k.mu.Unlock() // whatever f makes of what came from outside
	f(now)
	m.publishChange(k, now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if k.removed && k.m.settled() && m.conns[k.name] == k {
		delete(m.conns, k.name) // nothing of it is left
	}
}

// publishChange carries out what the machine wants, and tells subscribers and those who
// wait; k is locked.
func (m *Manager) publishChange(k *conn, now time.Time) {
	m.carryOut(k)
	close(k.changed)
	k.changed = make(chan struct{})
	old := k.shown
	if k.shown = k.m.status(now); !reflect.DeepEqual(k.shown, old) && !k.removed {
		m.publish(k.name)
	}
}

// serveCaller answers a caller's question. It becomes an event only if the machine started
// something because of it, or will sooner.
func (m *Manager) serveCaller(k *conn, ask func(*conn, time.Time) reply) (r reply, t Token, changed <-chan struct{}) {
	now := m.now()
	k.mu.Lock()
	base, retryAt := k.m.base, k.m.retryAt
	if r = ask(k, now); r.token != nil {
		t = tokenOf(r.token)
	}
	if r.short > 0 {
		t.MinValidMet = new(bool)
	}
	changed, started := k.changed, len(k.m.pending) > 0 || k.m.base != base || !k.m.retryAt.Equal(retryAt)
	k.mu.Unlock()
	if started {
		m.event(k, func(time.Time) {})
	}
	return r, t, changed
}

// hint sends to a channel that holds one hint, if it holds none.
func hint(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// carryOut starts the machine's effects; k is locked.
func (m *Manager) carryOut(k *conn) {
	if k.m.adopted != nil {
		m.opts.Log.Info("the grant's token may be sent to more hosts, as the configuration says now", "connection", k.name, "hosts", k.m.adopted)
		k.m.adopted = nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range k.m.effects() {
		// Once the manager is closed nothing new is begun, but what came of earlier work
		// still goes to the store: a rotated refresh token that is thrown away is a lost grant.
		if m.ended || m.closed && !e.kind.toStore() {
			continue
		}
		m.under++
		go func() {
			defer func() {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.under--
				m.endIfIdle()
			}()
			m.perform(k, e)
		}()
	}
}
