package providers

import "time"

// flowClock is where a flow gets its time from: the wall clock for what is
// written down, monotonic timers for waiting. A machine that slept is noticed
// by the wall clock when the answer comes.
type flowClock struct {
	now   func() time.Time
	after func(time.Duration) (<-chan time.Time, func())
}

func newFlowClock(c *Client, o AuthorizeOptions) flowClock {
	clock := flowClock{now: c.opts.Now, after: o.after}
	if clock.now == nil {
		clock.now = time.Now
	}
	if clock.after == nil {
		clock.after = startTimer
	}
	wall := clock.now
	clock.now = func() time.Time { return wall().Round(0) }
	return clock
}

func startTimer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
