package store

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

// Memory is a store that forgets everything when the process ends.
func Memory() Store { return &memory{values: map[string][]byte{}} }

type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := usable(ctx, key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		return nil, ErrAbsent
	}
	return bytes.Clone(value), nil
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	if err := errors.Join(usable(ctx, key), checkValue(value)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = append([]byte{}, value...)
	return nil
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := usable(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *memory) Check(context.Context) error  { return nil }
func (m *memory) Unlock(context.Context) error { return nil }
func (m *memory) Changed() <-chan struct{}     { return nil }
func (m *memory) Kind() string                 { return "memory" }
func (m *memory) Close() error                 { return nil }

// usable refuses a bad key and a context that has ended.
func usable(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return outOfTime(ctx)
	}
	return checkKey(key)
}
