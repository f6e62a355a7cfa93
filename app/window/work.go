package window

import (
	"context"
	"time"
)

// surroundings are what the window takes from the outside world, so that tests
// can bring their own.
type surroundings struct {
	now    func() time.Time
	after  func(d time.Duration, f func()) (stop func()) // f runs on any goroutine
	do     func(f func())                                // runs f on the UI's goroutine, soon
	browse func(url string) error                        // opens the system browser; may wait
	start  func(ctx context.Context) error               // starts the agent; may wait
}

// ask calls question on a goroutine of its own and then with its answer on the
// UI's. An answer that comes after the window closed is dropped.
func ask[T any](u *ui, question func(context.Context) (T, error), then func(T, error)) {
	go func() {
		answer, err := question(u.ctx)
		if u.ctx.Err() != nil {
			return
		}
		u.out.do(func() { then(answer, err) })
	}()
}

// tell is ask for a question without an answer.
func tell(u *ui, question func(context.Context) error, then func(error)) {
	ask(u, func(ctx context.Context) (struct{}, error) { return struct{}{}, question(ctx) },
		func(_ struct{}, err error) { then(err) })
}
