package agent

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clockJumps is where to hear that the wall clock was set or that the machine slept,
// while follow runs, which ends with its context. It is a timer that never rings, and that
// the kernel cancels then: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. Where there
// is none, it is nil.
func clockJumps(log *slog.Logger) (jumped <-chan struct{}, follow func(context.Context)) {
	timer, err := jumpTimer()
	if err != nil {
		log.Info("the clock is looked at each half minute", "err", err)
		return nil, func(context.Context) {}
	}
	heard := make(chan struct{}, 1)
	return heard, func(ctx context.Context) {
		followClock(ctx, timer, func() {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
	}
}

// blindLook is how often a jump is supposed where none can be told any longer.
const blindLook = 30 * time.Second

func followClock(ctx context.Context, timer *os.File, jump func()) {
	defer context.AfterFunc(ctx, func() { timer.Close() })()
	defer timer.Close()
	for ctx.Err() == nil {
		if _, err := timer.Read(make([]byte, 8)); !errors.Is(err, unix.ECANCELED) {
			select {
			case <-time.After(blindLook):
			case <-ctx.Done():
			}
		}
		jump()
	}
}

func jumpTimer() (*os.File, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	never := unix.ItimerSpec{Value: unix.Timespec{Sec: math.MaxInt32}}
	if err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "timerfd"), nil
}
