package mcp

import (
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ends are a pipe or a socket as a client starts the bridge with it: blocking.
func ends(t *testing.T, make func(fds []int) error) (in, out *os.File) {
	t.Helper()
	fds := []int{0, 0}
	if err := make(fds); err != nil {
		t.Fatal(err)
	}
	in, out = os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out")
	t.Cleanup(func() { in.Close(); out.Close() })
	return in, out
}

func pipe(fds []int) error { return unix.Pipe(fds) }

func socket(fds []int) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	copy(fds, pair[:])
	return err
}

func TestStdinIsReadByTheRunTimesPoller(t *testing.T) {
	for name, make := range map[string]func([]int) error{"pipe": pipe, "socket": socket} {
		t.Run(name, func(t *testing.T) {
			in, out := ends(t, make)
			got, done := polled(in, os.Stdout)
			if err := got.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Errorf("not by the poller: %v", err)
			}
			if _, err := out.WriteString("{}\n"); err != nil {
				t.Fatal(err)
			}
			out.Close()
			if all, err := io.ReadAll(got); string(all) != "{}\n" || err != nil {
				t.Errorf("read %q, %v", all, err)
			}
			done()
		})
	}
}

func TestStdinOfOthersStaysAsItIs(t *testing.T) {
	for name, make := range map[string]func([]int) error{"a pipe": pipe, "a socket that is stdout too": socket} {
		t.Run(name, func(t *testing.T) {
			in, _ := ends(t, make)
			_, done := polled(in, in)
			defer done()
			flags, err := unix.FcntlInt(in.Fd(), unix.F_GETFL, 0)
			if err != nil || flags&unix.O_NONBLOCK != 0 {
				t.Errorf("its flags are %#x now, %v: a read or write of others fails where it waited", flags, err)
			}
		})
	}
}
