package store

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// Timeout bounds each operation from within, whatever the caller allows.
const Timeout = 10 * time.Second

// serial has a Store keep what the contract says of all of them. It refuses keys and
// values that no connection has, bounds each operation in time, and lets one at a
// time run on each key. An operation keeps its key's lane until it has really ended,
// also when its caller gave up long before: so a late write can never overtake a
// newer one, and a hung call holds up its own key only. It refuses everything while
// the items are not this process's (Owned).
type serial struct {
	Store
	own *Ownership // of the items; nil: nobody has to own them

	lanes sync.Map // channels by key, for ever; each holds one token while an operation runs
}

func serialize(s Store) Store { return &serial{Store: s} }

// Lanes of what concerns no key. No key starts with #.
const (
	checkLane  = "#check"
	unlockLane = "#unlock"
)

func (s *serial) Get(ctx context.Context, key string) (value []byte, err error) {
	return s.inLane(ctx, key, func(ctx context.Context) ([]byte, error) { return s.Store.Get(ctx, key) })
}

func (s *serial) Set(ctx context.Context, key string, value []byte) error {
	if len(value) > MaxValue {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(value))
	}
	value = bytes.Clone(value) // the write may outlive the call
	_, err := s.inLane(ctx, key, func(ctx context.Context) ([]byte, error) { return nil, s.Store.Set(ctx, key, value) })
	return err
}

func (s *serial) Delete(ctx context.Context, key string) error {
	_, err := s.inLane(ctx, key, func(ctx context.Context) ([]byte, error) { return nil, s.Store.Delete(ctx, key) })
	return err
}

func (s *serial) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	_, err := s.await(ctx, checkLane, func(ctx context.Context) ([]byte, error) { return nil, s.Store.Check(ctx) })
	return err
}

// Unlock waits for a person: only ctx bounds it.
func (s *serial) Unlock(ctx context.Context) error {
	if err := s.own.Lost(); err != nil {
		return err // not that nobody answered in time: nobody was asked
	}
	_, err := s.await(ctx, unlockLane, func(ctx context.Context) ([]byte, error) { return nil, s.Store.Unlock(ctx) })
	if err != nil && ctx.Err() != nil {
		return locked("nobody answered in time")
	}
	return err
}

func (s *serial) Close() error {
	defer s.own.Close()
	return s.Store.Close()
}

// inLane is await for what concerns a value, within Timeout.
func (s *serial) inLane(ctx context.Context, key string, fn func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	return s.await(ctx, key, fn)
}

// await runs fn when the key's lane is free, and returns its answer, or
// ErrUnavailable when ctx ends first. fn then runs on, and must look at its
// context before each further step.
func (s *serial) await(ctx context.Context, key string, fn func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := s.own.Lost(); err != nil {
		return nil, err
	}
	of, _ := s.lanes.LoadOrStore(key, make(chan struct{}, 1))
	lane := of.(chan struct{})
	select { // in the order in which they came: a channel's senders queue
	case lane <- struct{}{}:
	case <-ctx.Done():
		return nil, outOfTime(ctx)
	}
	type answer struct {
		value []byte
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() { <-lane }()
		value, err := sheltered(ctx, fn)
		answers <- answer{value, outcome(err)}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return nil, outOfTime(ctx)
	}
}

// sheltered turns a panic of a library below into an error: go-keyring reads
// from a nil signal when the bus goes away while it waits for a prompt.
func sheltered(ctx context.Context, fn func(context.Context) ([]byte, error)) (value []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the keychain library failed", ErrUnavailable)
		}
	}()
	if ctx.Err() != nil {
		return nil, outOfTime(ctx)
	}
	return fn(ctx)
}
