package tokens

import "sync"

// memoryNotes are Notes that live as long as the test.
type memoryNotes struct {
	mu  sync.Mutex
	all map[string]Note

	damaged error // what Load says instead
	full    error // what Save and Clear say instead
}

func newMemoryNotes() *memoryNotes { return &memoryNotes{all: map[string]Note{}} }

// trouble makes Load and Save fail; nil: no longer.
func (n *memoryNotes) trouble(damaged, full error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.damaged, n.full = damaged, full
}

func (n *memoryNotes) Load(name string) (*Note, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	x, ok := n.all[name]
	if !ok {
		return nil, n.damaged
	}
	return &x, n.damaged
}

func (n *memoryNotes) Save(name string, x Note) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full == nil {
		n.all[name] = x
	}
	return n.full
}

func (n *memoryNotes) Clear(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full == nil {
		delete(n.all, name)
	}
	return n.full
}

func (n *memoryNotes) has(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.all[name]
	return ok
}
