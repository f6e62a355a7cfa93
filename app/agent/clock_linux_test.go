package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

func TestTheKernelTellsThatTheClockWasSet(t *testing.T) {
	jumped, follow := clockJumps(slog.New(slog.DiscardHandler))
	if jumped == nil {
		t.Fatal("it does not tell")
	}
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	work.Go(func() { follow(ctx) })
	for range 2 {
		select {
		case <-jumped:
			t.Fatal("it told before it was set")
		default:
		}
		var now unix.Timespec
		err := unix.ClockGettime(unix.CLOCK_REALTIME, &now)
		if err == nil {
			err = unix.ClockSettime(unix.CLOCK_REALTIME, &now) // some nanoseconds back
		}
		if errors.Is(err, unix.EPERM) {
			t.Skip("this user may not set the clock")
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-jumped:
		case <-time.After(10 * time.Second):
			t.Fatal("it did not tell")
		}
	}
}

func TestWhereNoJumpCanBeToldOneIsSupposedEachHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer, other, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		other.Close()
		timer.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var supposed atomic.Int32
		var work sync.WaitGroup
		work.Go(func() { followClock(ctx, timer, func() { supposed.Add(1) }) })
		time.Sleep(3*blindLook + time.Second)
		if n := supposed.Load(); n != 3 {
			t.Errorf("%d jumps supposed in a minute and a half", n)
		}
		cancel()
		work.Wait()
	})
}
