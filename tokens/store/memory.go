package store

import (
	"bytes"
	"context"
	"sync"
)

// Memory is a store that forgets everything when the process ends.
func Memory() Store { return serialize(&memory{}) }

type memory struct{ values sync.Map }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	value, ok := m.values.Load(key)
	if !ok {
		return nil, ErrAbsent
	}
	return bytes.Clone(value.([]byte)), nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.values.Store(key, value)
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.values.Delete(key)
	return nil
}

func (m *memory) Check(context.Context) error  { return nil }
func (m *memory) Unlock(context.Context) error { return nil }
func (m *memory) Changed() chan struct{}       { return nil }
func (m *memory) Kind() Kind                   { return KindMemory }
func (m *memory) Close() error                 { return nil }
