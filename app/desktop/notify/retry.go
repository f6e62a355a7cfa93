package notify

import (
	"slices"
	"time"
)

// How long the notifier waits before it tries again, doubling from the first to
// the last. A desk that ended is looked for soon, since a desktop that restarts
// its bus needs it at once; what a server would not show may be shown when it is
// less busy. A server that is not there is not tried: its coming is heard of. A bus
// is looked for even where there never was one, since an agent may be there before
// its session is: that is one attempt to connect every lastRevival, for good.
const (
	firstRevival = time.Second
	lastRevival  = 5 * time.Minute
	firstShowing = 30 * time.Second
	lastShowing  = 10 * time.Minute
)

// retry is something that failed and is to be tried again; zero: nothing is.
type retry struct {
	at    time.Time
	times int           // how often it failed in a row
	pause time.Duration // the last one
}

func (r *retry) failed(now time.Time, first, last time.Duration) {
	r.pause = last
	if r.times < 12 {
		r.pause = min(first<<r.times, last)
	}
	r.at, r.times = now.Add(r.pause), r.times+1
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
	r.desk, r.made = r.makeDesk(), r.opts.Clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.events, func(e event) bool { return e.kind == ended }) {
		r.tryUnseen(maxFails)
	}
}

// deskEnded lets another be made after a while: soon, where this one was of use for
// longer than it was waited for. A bus that lets us in and drops us is none.
func (r *runner) deskEnded() {
	now := r.opts.Clock.Now()
	if now.Sub(r.made) > r.revival.pause {
		r.revival = retry{}
	}
	r.revival.failed(now, firstRevival, lastRevival)
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
	for _, until := range r.banners {
		if !until.IsZero() {
			sooner(until.Sub(now))
		}
	}
	for _, g := range r.gathered {
		if !g.due.IsZero() {
			sooner(g.due.Sub(now))
		}
	}
	if pause < 0 {
		return nil, func() {}
	}
	return r.opts.Clock.After(pause)
}
