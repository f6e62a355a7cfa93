package storetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/authtray/authtray/tokens/store"
)

// Faulty puts f's faults before a whole store: each Get, Set, Delete and Check
// is one operation. As the contract wants, an operation that hangs is
// ErrUnavailable when its context ends, holds up later ones on its key, and
// takes effect at Release. Lie is Fail here: a store does not lie.
func Faulty(inner store.Store, f *Faults) store.Store {
	return &faulty{Store: inner, faults: f, turns: map[string]chan struct{}{}}
}

type faulty struct {
	store.Store
	faults *Faults

	mu    sync.Mutex
	turns map[string]chan struct{}
}

func (s *faulty) Get(ctx context.Context, key string) ([]byte, error) {
	return strikeIn(ctx, s, key, func(ctx context.Context) ([]byte, error) { return s.Store.Get(ctx, key) })
}

func (s *faulty) Set(ctx context.Context, key string, value []byte) error {
	value = append([]byte(nil), value...)
	_, err := strikeIn(ctx, s, key, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Store.Set(ctx, key, value) })
	return err
}

func (s *faulty) Delete(ctx context.Context, key string) error {
	_, err := strikeIn(ctx, s, key, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Store.Delete(ctx, key) })
	return err
}

func (s *faulty) Check(ctx context.Context) error {
	_, err := strikeIn(ctx, s, "", func(ctx context.Context) (struct{}, error) { return struct{}{}, s.Store.Check(ctx) })
	return err
}

func (s *faulty) turn(key string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns[key] == nil {
		s.turns[key] = make(chan struct{}, 1)
	}
	return s.turns[key]
}

// strikeIn does one operation under the plan, after the earlier ones on its key.
func strikeIn[T any](ctx context.Context, s *faulty, key string, op func(context.Context) (T, error)) (none T, err error) {
	type answer struct {
		value T
		err   error
	}
	late := fmt.Errorf("%w: no answer in time", store.ErrUnavailable)
	if ctx.Err() != nil {
		return none, late
	}
	turn := s.turn(key)
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return none, late
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-turn }()
		var a answer
		a.err = s.faults.strike(func() error { a.value, a.err = op(context.WithoutCancel(ctx)); return a.err },
			fmt.Errorf("%w: %w", store.ErrUnavailable, ErrFault))
		answers <- a
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return none, late
	}
}
