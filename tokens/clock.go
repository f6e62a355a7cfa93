package tokens

import "time"

// Clock is the only source of time in this package.
type Clock interface {
	// Now is the wall time, without a monotonic reading.
	Now() time.Time
	// Elapsed is monotonic time since some fixed point. Against Now it tells a
	// clock that was set back from time that passed.
	Elapsed() time.Duration
	// After sends once, when about d of monotonic time has passed.
	After(d time.Duration) (<-chan time.Time, func())
}

// System is the machine's own clock.
var System Clock = systemClock{start: time.Now()}

type systemClock struct{ start time.Time }

func (c systemClock) Now() time.Time         { return time.Now().UTC().Round(0) }
func (c systemClock) Elapsed() time.Duration { return time.Since(c.start) }
func (c systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
