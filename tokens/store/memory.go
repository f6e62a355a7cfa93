package store

import (
	"bytes"
	"context"
	"sync"
)

// Memory is a store that forgets everything when the process ends.
func Memory() Store { return serialize(&memory{values: map[string][]byte{}}) }

type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		return nil, ErrAbsent
	}
	return bytes.Clone(value), nil
}

func (m *memory) set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

func (m *memory) remove(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *memory) check(context.Context) error  { return nil }
func (m *memory) unlock(context.Context) error { return nil }
func (m *memory) changed() <-chan struct{}     { return nil }
func (m *memory) kind() Kind                   { return KindMemory }
func (m *memory) close() error                 { return nil }
