//go:build !windows

package api

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// awaitHangUp waits until the other end of a connection, which will say no more,
// is closed, and returns io.EOF; or the error of the read deadline. A Unix socket
// shows a closed other end as POLLHUP, and one that is half closed without. The
// runtime's poller wakes for both, so that nothing runs by the clock.
//
// That is tested on Linux alone. macOS tells nothing to who asks for nothing, and
// POLLHUP for half a close too to who asks whether there is something to read; its
// kernel's source has it only for a whole one where it is asked whether there is
// room to write, so that is asked. Nobody has run it there. Were it never told, an
// agent would work on for callers that are gone; were it told too soon, clients that
// close their side would get no answer.
func awaitHangUp(c net.Conn) error {
	u, ok := c.(syscall.Conn)
	if !ok {
		return io.EOF
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Read(hungUp); err != nil {
		return err
	}
	return io.EOF
}

func hungUp(fd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		_, err := unix.Poll(poll, 0)
		if err == unix.EINTR {
			continue
		}
		return err != nil || poll[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
	}
}
