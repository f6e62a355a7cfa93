package agent

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// background is the work that goes on after whoever began it was answered: a
// pending sign-in, say. All of it ends with the agent, which waits for it.
type background struct {
	log *slog.Logger

	mu     sync.Mutex
	ending bool
	work   sync.WaitGroup
}

// start runs f in a goroutine of its own, for a connection ("": for none), and
// reports whether it did: an agent that is ending begins nothing. f reads what
// providers send: a panic over that ends the goroutine, and not the agent. The
// panic's value may hold what was read, so only its type is logged.
func (b *background) start(connection string, f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ending {
		return false
	}
	b.work.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				b.log.Error("panic", "connection", connection, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			}
		}()
		f()
	})
	return true
}

// wait lets nothing else begin, and waits until all has ended.
func (b *background) wait() {
	b.mu.Lock()
	b.ending = true
	b.mu.Unlock()
	b.work.Wait()
}
