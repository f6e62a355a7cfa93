package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// callTimeout bounds each operation from within, whatever the caller allows.
const callTimeout = 10 * time.Second

// lanes lets one operation at a time run on each key. An operation keeps its
// lane until it has really ended, also when its caller gave up long before:
// so a late write can never overtake a newer one, and a hung call holds up
// its own key only.
type lanes struct {
	mu    sync.Mutex
	lanes map[string]*lane
}

type lane struct {
	turn  chan struct{} // holds one token while an operation runs
	users int           // operations that run or wait
}

// inLane runs fn when the key's lane is free, and returns its answer, or
// ErrUnavailable when ctx ends first. fn then runs on, and must look at its
// context before each further step.
func inLane[T any](ctx context.Context, l *lanes, key string, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	leave, err := l.enter(ctx, key)
	if err != nil {
		var none T
		return none, err
	}
	return await(ctx, fn, leave)
}

// inLaneOpenEnded is inLane for what waits for a person: only ctx bounds it.
func inLaneOpenEnded(ctx context.Context, l *lanes, key string, fn func(context.Context) error) error {
	leave, err := l.enter(ctx, key)
	if err != nil {
		return err
	}
	_, err = await(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }, leave)
	if err != nil && ctx.Err() != nil {
		return locked("nobody answered in time")
	}
	return err
}

// Lanes of what concerns no key. No key starts with #.
const (
	checkLane  = "#check"
	unlockLane = "#unlock"
)

// await runs fn in a goroutine, which calls ended when fn has ended.
func await[T any](ctx context.Context, fn func(context.Context) (T, error), ended func()) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		defer ended()
		value, err := sheltered(ctx, fn)
		answers <- answer{value, outcome(err)}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	select { // an answer that is there counts
	case a := <-answers:
		return a.value, a.err
	default:
		var none T
		return none, outOfTime(ctx)
	}
}

// sheltered turns a panic of a library below into an error: go-keyring reads
// from a nil signal when the bus goes away while it waits for a prompt.
func sheltered[T any](ctx context.Context, fn func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the keychain library failed", ErrUnavailable)
		}
	}()
	if ctx.Err() != nil {
		return value, outOfTime(ctx)
	}
	return fn(ctx)
}

// enter waits for the key's lane. Waiters are served in the order in which
// they came: a channel's senders queue.
func (l *lanes) enter(ctx context.Context, key string) (leave func(), err error) {
	way := l.hold(key)
	select {
	case way.turn <- struct{}{}:
		return func() { <-way.turn; l.drop(key, way) }, nil
	case <-ctx.Done():
		l.drop(key, way)
		return nil, outOfTime(ctx)
	}
}

func (l *lanes) hold(key string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	way := l.lanes[key]
	if way == nil {
		way = &lane{turn: make(chan struct{}, 1)}
		if l.lanes == nil {
			l.lanes = map[string]*lane{}
		}
		l.lanes[key] = way
	}
	way.users++
	return way
}

func (l *lanes) drop(key string, way *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if way.users--; way.users == 0 {
		delete(l.lanes, key)
	}
}
