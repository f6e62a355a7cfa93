package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// Listen makes the socket, and hands out connections of this user's processes
// only; others are closed unread. The caller holds the profile's Lock.
func Listen(address string, log *slog.Logger) (net.Listener, error) {
	l, err := bind(address)
	if err != nil {
		return nil, err
	}
	return newListener(l, log), nil
}

type listener struct {
	net.Listener
	log  *slog.Logger
	told sync.Once

	closed  chan struct{}
	closing sync.Once

	mu       sync.Mutex
	open     int           // connections that were handed out and are not closed
	draining bool          // none is handed out any more
	drained  chan struct{} // closed once draining, and none is open
	parked   bool          // Accept knows that it is draining
}

func newListener(l net.Listener, log *slog.Logger) *listener {
	return &listener{Listener: l, log: log, closed: make(chan struct{}), drained: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			l.count(func() { l.parked = true })
			<-l.closed
			return nil, net.ErrClosed
		}
		if err != nil {
			return nil, err
		}
		p, err := check(c)
		if err != nil {
			c.Close()
			l.told.Do(func() { l.log.Warn("a connection to the socket was refused (said once)", "err", err) })
			continue
		}
		l.count(func() { l.open++ })
		return &peerConn{Conn: c, peer: p, closed: sync.OnceFunc(func() { l.count(func() { l.open-- }) })}, nil
	}
}

func (l *listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// drain hands out no connection any more, and waits until those that were handed out
// are closed, or ctx ends. The socket goes on listening.
func (l *listener) drain(ctx context.Context) {
	socket, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if !ok {
		return
	}
	l.count(func() { l.draining = true })
	_ = socket.SetDeadline(time.Unix(1, 0))
	select {
	case <-l.drained:
	case <-l.closed:
	case <-ctx.Done():
	}
}

// count changes what is known of the connections.
func (l *listener) count(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	if l.draining && l.parked && l.open == 0 {
		select {
		case <-l.drained:
		default:
			close(l.drained)
		}
	}
}

// introduce puts the peer of a connection into its requests' contexts.
func introduce(ctx context.Context, c net.Conn) context.Context {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = wrapped.NetConn()
	}
	if p, ok := c.(*peerConn); ok {
		return WithPeer(ctx, p.peer)
	}
	return ctx
}

// ErrRunning: another agent of this profile runs.
var ErrRunning = errors.New("another agent is running")
