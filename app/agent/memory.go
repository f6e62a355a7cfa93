package agent

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/authtray/authtray/app/api"
)

// quietTime is how long no connection changes before memory is given back: what it
// took to start, to sign in or to renew is not needed until the next time.
const quietTime = 10 * time.Second

// releaseMemory calls free once after each stretch of changes, until ctx ends. An
// agent in which nothing changes is left asleep.
func releaseMemory(ctx context.Context, changes api.Changes, free func()) {
	for {
		quiet, cancel := context.WithTimeout(ctx, quietTime)
		_, err := changes.Wait(quiet)
		cancel()
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return
		}
		free()
		if _, err := changes.Wait(ctx); err != nil {
			return
		}
	}
}

// followMemory gives memory back to the system whenever the agent has become idle.
func (a *Agent) followMemory() {
	changes := a.manager.Subscribe()
	defer changes.Stop()
	releaseMemory(a.ended, changes, debug.FreeOSMemory)
}
