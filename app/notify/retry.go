package notify

import (
	"slices"
	"time"
)

// How long the notifier waits before it tries again, doubling from the first to
// the last. A desk that ended is looked for soon, since a desktop that restarts
// its bus needs it at once; what a server would not show may be shown when it is
// less busy. A server that is not there is not tried: its coming is heard of.
const (
	firstRevival = time.Second
	lastRevival  = 5 * time.Minute
	firstShowing = 30 * time.Second
	lastShowing  = 10 * time.Minute
)

// retry is something that failed and is to be tried again; zero: nothing is.
type retry struct {
	at    time.Time
	times int // how often it failed in a row
}

func (r *retry) failed(now time.Time, first, last time.Duration) {
	pause := last
	if r.times < 12 {
		pause = min(first<<r.times, last)
	}
	r.at, r.times = now.Add(pause), r.times+1
}

// due: a clock that was set back makes nobody wait for longer than the last pause.
func (r *retry) due(now time.Time) bool {
	return !r.at.IsZero() && (!now.Before(r.at) || r.at.Sub(now) > lastShowing)
}

// revive makes a new desk in place of one that ended. What the old one showed
// went with it.
func (r *runner) revive() {
	if !r.revival.due(r.opts.Clock.Now()) {
		return
	}
	r.revival.at = time.Time{}
	r.desk.close()
	r.desk = r.makeDesk()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.events, func(e event) bool { return e.kind == ended }) {
		r.revival = retry{}
		r.tryUnseen(maxFails)
	}
}

// alarm sends when something may be due: a reminder, or another try. With
// nothing to come it never does, so that it wakes nobody.
func (r *runner) alarm() (<-chan time.Time, func()) {
	now := r.opts.Clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	pause := time.Duration(-1)
	sooner := func(d time.Duration) {
		if pause < 0 || d < pause {
			pause = max(d, 0)
		}
	}
	if r.enabled && len(r.deaths) > 0 {
		if r.reminders {
			sooner(reminderCheck)
		}
		if !r.showing.at.IsZero() {
			sooner(r.showing.at.Sub(now))
		}
	}
	if !r.revival.at.IsZero() {
		sooner(r.revival.at.Sub(now))
	}
	if pause < 0 {
		return nil, func() {}
	}
	return r.opts.Clock.After(pause)
}
