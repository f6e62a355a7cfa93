package agent

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authtray/authtray/app/api"
)

const (
	// busyPercent is how much the heap grows between two collections: it is a
	// megabyte, and collecting it more often costs nothing.
	busyPercent = 50
	// quietTime is how long nobody asks and no connection changes before memory is
	// given back: what it took to start, to sign in, to renew or to answer is not
	// needed until the next time.
	quietTime = 10 * time.Second
	// longestRest bounds what the little that an idle agent does leaves uncollected.
	longestRest = 30 * time.Minute
	// restRoom is how much may come to lie about meanwhile: what nobody tells of, such as
	// a page that floods the address of a sign-in, is collected all the same.
	restRoom = 16 << 20
)

// memory gives memory back to the system when the agent has become idle, and then has
// nothing collected until it is used again: the run-time would collect every two
// minutes, which was most of what woke an idle agent's processor.
type memory struct {
	free    func()             // debug.FreeOSMemory
	collect func(resting bool) // collect

	asked atomic.Bool // since the last look

	mu    sync.Mutex
	wake  func() // ends a rest; nil: there is none
	rests atomic.Bool
}

// ownMemory is that of a process in which nothing runs but an agent.
func ownMemory() *memory {
	return &memory{free: debug.FreeOSMemory, collect: collect}
}

// collect says when the run-time collects: as the heap grows, or only beyond restRoom.
func collect(resting bool) {
	if !resting {
		debug.SetGCPercent(busyPercent)
		debug.SetMemoryLimit(math.MaxInt64)
		return
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetMemoryLimit(int64(now.Sys-now.HeapReleased) + restRoom)
	debug.SetGCPercent(-1)
}

// used says that somebody asks. It may be called on any goroutine, and costs next to
// nothing but after a rest.
func (m *memory) used() {
	m.asked.Store(true)
	if m.rests.Load() {
		m.endRest()
	}
}

func (m *memory) endRest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rests.CompareAndSwap(true, false) {
		m.collect(false)
		m.wake()
	}
}

// follow lets the agent rest after each stretch of use, until ctx ends.
func (m *memory) follow(ctx context.Context, changes api.Changes) {
	defer m.endRest()
	for ctx.Err() == nil {
		m.asked.Store(false)
		quiet, cancel := context.WithTimeout(ctx, quietTime)
		_, err := changes.Wait(quiet)
		cancel()
		if err == nil || m.asked.Load() || ctx.Err() != nil {
			continue
		}
		m.free()
		m.rest(ctx, changes)
	}
}

// rest ends with the first change or question.
func (m *memory) rest(ctx context.Context, changes api.Changes) {
	ctx, cancel := context.WithTimeout(ctx, longestRest)
	defer cancel()
	m.mu.Lock()
	m.wake = cancel
	m.collect(true)
	m.rests.Store(true)
	m.mu.Unlock()
	if m.asked.Load() { // while it was about to rest
		m.endRest()
	}
	_, _ = changes.Wait(ctx)
	m.endRest()
}

func (a *Agent) followMemory() {
	changes := a.manager.Subscribe()
	defer changes.Stop()
	a.opts.memory.follow(a.ended, changes)
}

// Used implements api.Agent.
func (a *Agent) Used() { a.opts.memory.used() }
