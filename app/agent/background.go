package agent

import "sync"

// background is the work that goes on after whoever began it was answered: a
// pending sign-in, say. All of it ends with the agent, which waits for it. The zero
// value is ready to use.
type background struct {
	mu     sync.Mutex
	ending bool
	work   sync.WaitGroup
}

// start runs f in a goroutine of its own, and reports whether it did: an agent that
// is ending begins nothing.
func (b *background) start(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ending {
		b.work.Go(f)
	}
	return !b.ending
}

// wait lets nothing else begin, and waits until all has ended.
func (b *background) wait() {
	b.mu.Lock()
	b.ending = true
	b.mu.Unlock()
	b.work.Wait()
}
