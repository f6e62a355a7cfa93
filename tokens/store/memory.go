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

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		return nil, ErrAbsent
	}
	return bytes.Clone(value), nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *memory) Check(context.Context) error  { return nil }
func (m *memory) Unlock(context.Context) error { return nil }
func (m *memory) Changed() <-chan struct{}     { return nil }
func (m *memory) Kind() Kind                   { return KindMemory }
func (m *memory) Close() error                 { return nil }
