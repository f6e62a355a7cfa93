package storetest

import (
	"context"
	"errors"
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

// Fault is what befalls one operation.
type Fault int

const (
	None      Fault = iota
	Fail            // nothing happens; ErrUnavailable
	FailLate        // it takes effect; ErrUnavailable all the same
	Lock            // nothing happens; ErrLocked
	Lie             // nothing happens; a write or deletion is said to have worked
	Hang            // nothing happens until Release, not even when its context ends; then it takes effect
	Crash           // nothing happens, and nothing ever again: the process is dead
	CrashLate       // it takes effect, and nothing ever again
)

func (f Fault) String() string {
	return [...]string{"none", "fail", "fail late", "lock", "lie", "hang", "crash", "crash late"}[f]
}

// ErrFault is in every error that a fault makes.
var ErrFault = errors.New("planned fault")

// Faults is a plan, and the count of operations so far. The zero value lets
// everything through. Safe for concurrent use.
type Faults struct {
	mu      sync.Mutex
	count   int
	plan    map[int]Fault
	always  Fault
	dead    bool
	hanging chan struct{} // closed by Release
	hung    chan struct{} // gets one for each operation that hangs
}

// NewFaults is a plan without faults.
func NewFaults() *Faults {
	return &Faults{plan: map[int]Fault{}, hanging: make(chan struct{}), hung: make(chan struct{}, 1024)}
}

// At plans a fault for the k-th operation from the beginning, counted from 1.
func (f *Faults) At(k int, fault Fault) *Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan[k] = fault
	return f
}

// Next plans a fault for the next operation.
func (f *Faults) Next(fault Fault) { f.At(f.Count()+1, fault) }

// Always plans a fault for every operation that has none of its own; None ends it.
func (f *Faults) Always(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always = fault
}

// Count is how many operations have begun.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Hung receives once for each operation that has begun to hang.
func (f *Faults) Hung() <-chan struct{} { return f.hung }

// Release lets what hangs go on, now and in future.
func (f *Faults) Release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.hanging:
	default:
		close(f.hanging)
	}
}

func (f *Faults) next() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.dead {
		return Crash
	}
	fault, ok := f.plan[f.count]
	if !ok {
		fault = f.always
	}
	f.dead = f.dead || fault == Crash || fault == CrashLate
	return fault
}

// strike does one operation under the plan. lied is what Lie answers.
func (f *Faults) strike(op func() error, lied error) error {
	switch fault := f.next(); fault {
	case Fail, Crash:
		return fmt.Errorf("%w: %w: %v", store.ErrUnavailable, ErrFault, fault)
	case FailLate, CrashLate:
		_ = op()
		return fmt.Errorf("%w: %w: %v", store.ErrUnavailable, ErrFault, fault)
	case Lock:
		return fmt.Errorf("%w: %w", store.ErrLocked, ErrFault)
	case Lie:
		return lied
	case Hang:
		f.hung <- struct{}{}
		<-f.hanging
	}
	return op()
}

// FaultyItems puts f's faults before a raw keychain: each Get, Set and Delete
// of one item is one operation. A Lie of Get is ErrFault itself, an error that
// nobody can classify.
func FaultyItems(inner store.Items, f *Faults) store.Items { return faultyItems{inner, f} }

type faultyItems struct {
	store.Items
	faults *Faults
}

func (i faultyItems) Get(ctx context.Context, name string) (text string, err error) {
	err = i.faults.strike(func() error { text, err = i.Items.Get(ctx, name); return err }, ErrFault)
	return text, err
}

func (i faultyItems) Set(ctx context.Context, name, text string) error {
	return i.faults.strike(func() error { return i.Items.Set(ctx, name, text) }, nil)
}

func (i faultyItems) Delete(ctx context.Context, name string) error {
	return i.faults.strike(func() error { return i.Items.Delete(ctx, name) }, nil)
}
