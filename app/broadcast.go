package app

import "sync"

// broadcast tells names to whoever listens; who falls behind loses some.
type broadcast struct {
	mu  sync.Mutex
	all map[chan string]bool
}

func (b *broadcast) subscribe() (<-chan string, func()) {
	ch := make(chan string, 16)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[chan string]bool{}
	}
	b.all[ch] = true
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.all, ch)
	}
}

func (b *broadcast) send(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.all {
		select {
		case ch <- name:
		default:
		}
	}
}
