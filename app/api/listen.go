package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
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
	if p, ok := c.(*peerConn); ok {
		return WithPeer(ctx, p.peer)
	}
	return ctx
}

// NewTCPServer makes a server for tools that cannot speak to a Unix socket. It
// serves api/ alone, so that no token goes over it, to those who bring secret as
// their bearer token; TCP does not tell who the other end is. Web pages are
// refused: by Origin, by Sec-Fetch-Site, and by a Host that is a name, since a
// page can make its own name mean this machine.
func NewTCPServer(a Agent, secret string, log *slog.Logger) *Server {
	s := NewServer(a, log)
	s.bearer = secret
	s.http.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return WithPeer(ctx, Peer{UID: -1}) // nobody can tell
	}
	return s
}

// ErrNotLoopback: the address is not one of this machine alone.
var ErrNotLoopback = errors.New("api_listen must be a loopback address with a port, such as 127.0.0.1:47812")

// ListenTCP listens on a loopback address, such as 127.0.0.1:47812.
func ListenTCP(address string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("%w, not %q", ErrNotLoopback, address)
	}
	return net.Listen("tcp", at.String())
}

// overTCP is nil where the request may come over TCP.
func (s *Server) overTCP(r *http.Request) error {
	if s.bearer == "" {
		return nil
	}
	host, err := netip.ParseAddrPort(r.Host)
	_, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ") // some tools say "token" where others say "Bearer"
	_, _, isAPI := apiTarget(r.URL)
	switch {
	case r.Header.Get("Sec-Fetch-Site") != "" || err != nil || !host.Addr().IsLoopback():
		return notAllowed("Web pages may not ask Authtray, and tools must use its address, not a name.")
	case subtle.ConstantTimeCompare([]byte(strings.TrimSpace(bearer)), []byte(s.bearer)) != 1:
		return notAllowed("Send the secret in api-secret, in Authtray's state folder, as the bearer token (authtray doctor says where it is).")
	case !isAPI:
		return notAllowed("Over TCP there is only /v1/connections/NAME/api/PATH; for the rest use the socket.")
	}
	return nil
}

// ErrRunning: another agent of this profile runs.
var ErrRunning = errors.New("another agent is running")
