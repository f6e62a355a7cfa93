package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
)

// Listen makes the socket, and hands out connections of this user's processes
// only; others are closed unread. The caller holds the profile's Lock.
func Listen(address string, log *slog.Logger) (net.Listener, error) {
	l, err := bind(address)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l, log: log}, nil
}

type listener struct {
	net.Listener
	log  *slog.Logger
	told sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		p, err := check(c)
		if err != nil {
			c.Close()
			l.told.Do(func() { l.log.Warn("a connection to the socket was refused (said once)", "err", err) })
			continue
		}
		return &peerConn{Conn: c, peer: p}, nil
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
