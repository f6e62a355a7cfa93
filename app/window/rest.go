// What it waits with is there where the window is.

//go:build cgo || (ci && !darwin)

package window

import (
	"context"
	"runtime"
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// rest has the toolkit wait for events while nothing happens in the window: as long as
// one is open Fyne itself looks 60 times a second whether there are any, which was nearly
// all that an idle window cost. A key, the mouse and what goes through do end a wait at
// once; what Fyne does by itself may come restTime later. A wait stands in Fyne's queue,
// between two of its looks, and so takes part in nothing else.
type rest struct {
	mu      sync.Mutex
	waiting bool
	from    time.Time // when nothing is expected any more
}

const (
	restTime  = 500 * time.Millisecond // how long one wait is
	awakeTime = 100 * time.Millisecond // after an event, which is to be drawn, and more of them are likely
)

// do runs f on the toolkit's goroutine.
func (r *rest) do(f func()) {
	fyne.Do(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = time.Now().Add(awakeTime)
	if r.waiting { // else the toolkit may not have begun yet, or have ended
		endWait()
	}
}

// run waits again and again until ctx ends, on Linux, where it has been measured. The
// window must be open.
func (r *rest) run(ctx context.Context) {
	if runtime.GOOS != "linux" {
		return
	}
	over := make(chan struct{}, 1)
	for ctx.Err() == nil {
		if left := r.left(); left > 0 {
			time.Sleep(left)
			continue
		}
		fyne.Do(func() { r.wait(ctx); over <- struct{}{} })
		select {
		case <-over:
		case <-ctx.Done():
		}
	}
}

// left is how long something is expected yet.
func (r *rest) left() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Until(r.from)
}

func (r *rest) wait(ctx context.Context) {
	r.mu.Lock()
	r.waiting = ctx.Err() == nil && !time.Now().Before(r.from)
	waits, began := r.waiting, time.Now()
	r.mu.Unlock()
	if !waits {
		return
	}
	waitForEvents(restTime)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting = false; time.Since(began) < restTime {
		r.from = time.Now().Add(awakeTime)
	}
}
