package mcp

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
)

// polled is in, read by way of the run-time's poller where it is a pipe or a socket, until
// done is called: as it comes, each read of stdin keeps a thread waiting, which has to be
// woken and then waits for its turn, and that is a quarter of what a call takes longer
// through the bridge. Others may hold the same pipe, so it is opened a second time. A
// socket cannot be, and is left as it is where it is one of the others, which are written.
func polled(in io.Reader, others ...any) (out io.Reader, done func()) {
	out, done = in, func() {}
	file, ok := in.(*os.File)
	if !ok {
		return out, done
	}
	info, err := file.Stat()
	if err != nil {
		return out, done
	}
	written := func(other any) bool {
		f, ok := other.(*os.File)
		if !ok {
			return false
		}
		its, err := f.Stat()
		return err == nil && os.SameFile(info, its)
	}
	switch info.Mode().Type() {
	case os.ModeNamedPipe:
		if pipe, err := os.OpenFile(fmt.Sprint("/proc/self/fd/", file.Fd()), os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			return pipe, func() { pipe.Close() }
		}
	case os.ModeSocket:
		if slices.ContainsFunc(others, written) {
			break
		}
		if socket, err := net.FileConn(file); err == nil {
			return socket, func() { socket.Close() }
		}
	}
	return out, done
}
