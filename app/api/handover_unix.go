//go:build !windows

package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/authtray/authtray/tokens/client"
)

// maxSockets is more than an agent listens on.
const maxSockets = 8

// handOver answers with the sockets: as rights (SCM_RIGHTS) that go with the bytes of
// the answer.
func (s *Server) handOver(c call) error {
	if len(s.sockets) == 0 {
		return s.end(c)
	}
	given, rights, err := s.rights()
	defer closeAll(rights)
	if err != nil {
		return fmt.Errorf("the sockets cannot be handed over: %w", err)
	}
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		return fmt.Errorf("the sockets cannot be handed over: %w", err)
	}
	defer conn.Close()
	to := unixConn(conn)
	if to == nil {
		return errors.New("the sockets cannot be handed over")
	}
	unlinkOnClose(given, false) // their files are the next agent's
	const answer = "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
	if _, _, err := to.WriteMsgUnix([]byte(answer), syscall.UnixRights(rights...), nil); err != nil {
		unlinkOnClose(given, true)
		s.log.Warn("the agent that was to take over has gone", "err", err)
		return nil
	}
	select {
	case s.handed <- struct{}{}:
	default: // by another request already
	}
	return nil
}

// rights are the sockets, and a descriptor of each that is the caller's to close.
func (s *Server) rights() (given []*net.UnixListener, rights []int, err error) {
	for _, l := range s.sockets {
		socket := l.(*listener).Listener.(*net.UnixListener)
		raw, err := socket.SyscallConn()
		if err != nil {
			return nil, rights, err
		}
		var n int
		var failed error
		err = raw.Control(func(fd uintptr) { n, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }) // File().Fd() would make accept block
		if err = errors.Join(err, failed); err != nil {
			return nil, rights, err
		}
		given, rights = append(given, socket), append(rights, n)
	}
	return given, rights, nil
}

func closeAll(descriptors []int) {
	for _, n := range descriptors {
		_ = syscall.Close(n)
	}
}

func unlinkOnClose(sockets []*net.UnixListener, on bool) {
	for _, s := range sockets {
		s.SetUnlinkOnClose(on)
	}
}

// unixConn is the connection below those that wrap it.
func unixConn(c net.Conn) *net.UnixConn {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = wrapped.NetConn()
	}
	if p, ok := c.(*peerConn); ok {
		c = p.Conn
	}
	u, _ := c.(*net.UnixConn)
	return u
}

// TakeOver asks an agent to end, and takes its sockets: none of one that knows no
// handing over.
func TakeOver(ctx context.Context, old client.Agent) (Sockets, error) {
	conn, err := old.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write([]byte("POST /v1/quit?hand_over=true HTTP/1.1\r\nHost: agent\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")); err != nil {
		return nil, fmt.Errorf("%w: %w", client.ErrNoAnswer, err)
	}
	answer, sockets, err := readRights(conn.(*net.UnixConn))
	if err == nil {
		_, err = client.ReadAnswer(answer)
	}
	if err != nil {
		sockets.Close()
		return nil, err
	}
	return sockets, nil
}

// readRights reads until the other end closes, and makes listeners of the sockets
// that came with it.
func readRights(conn *net.UnixConn) (answer []byte, sockets Sockets, err error) {
	sockets = Sockets{}
	buf, rights := make([]byte, 4<<10), make([]byte, syscall.CmsgSpace(maxSockets*4))
	for {
		n, m, _, _, err := conn.ReadMsgUnix(buf, rights)
		answer = append(answer, buf[:n]...)
		for _, f := range files(rights[:m]) {
			sockets.adopt(f)
		}
		if n == 0 || err != nil {
			if len(answer) > 0 {
				err = nil
			}
			return answer, sockets, err
		}
	}
}

// files are those that a message brought.
func files(rights []byte) (all []*os.File) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for _, message := range messages {
		numbers, err := syscall.ParseUnixRights(&message)
		if err != nil {
			continue
		}
		for _, n := range numbers {
			all = append(all, os.NewFile(uintptr(n), "socket"))
		}
	}
	return all
}

// adopt takes a socket that listens at its address still. Another one was moved or
// removed, and is let go.
func (s Sockets) adopt(f *os.File) {
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return
	}
	socket, ok := l.(*net.UnixListener)
	if !ok {
		l.Close()
		return
	}
	address := socket.Addr().String()
	if info, err := os.Lstat(address); err != nil || info.Mode().Type() != fs.ModeSocket || s[address] != nil {
		l.Close()
		return
	}
	socket.SetUnlinkOnClose(true)
	s[address] = socket
}

// claim makes this process the one that clients are told listens (SO_PEERCRED): it is
// the one that called listen(2) last.
func claim(l net.Listener) {
	if raw, err := l.(*net.UnixListener).SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Listen(int(fd), maxLocal) })
	}
}
