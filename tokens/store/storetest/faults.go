package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/authtray/authtray/tokens/store"
)

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
