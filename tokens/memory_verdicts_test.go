package tokens

import "sync"

// memoryVerdicts are Verdicts that live as long as the test.
type memoryVerdicts struct {
	mu   sync.Mutex
	all  map[string]Verdict
	sent map[string]uint64

	cleared func() // called after the next Clear
	damaged error  // what Load says instead
	full    error  // what Save says instead
}

func newMemoryVerdicts() *memoryVerdicts {
	return &memoryVerdicts{all: map[string]Verdict{}, sent: map[string]uint64{}}
}

// trouble makes Load and Save fail; nil: no longer.
func (v *memoryVerdicts) trouble(damaged, full error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.damaged, v.full = damaged, full
}

func (v *memoryVerdicts) Load(name string) (Verdict, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	x, ok := v.all[name]
	return x, ok, v.damaged
}

func (v *memoryVerdicts) Save(name string, x Verdict) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.full == nil {
		v.all[name] = x
	}
	return v.full
}

func (v *memoryVerdicts) Clear(name string) error {
	v.mu.Lock()
	delete(v.all, name)
	then := v.cleared
	v.cleared = nil
	v.mu.Unlock()
	if then != nil {
		then()
	}
	return nil
}

func (v *memoryVerdicts) Sent(name string, generation uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sent[name] = generation
	return nil
}

func (v *memoryVerdicts) LoadSent(name string) uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent[name]
}
