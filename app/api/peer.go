package api

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// Peer is the process at the other end of a connection, as the kernel knows it:
// the one that connected. It tells users apart, not programs: any process of
// the same user may connect, and may pass the connection on.
type Peer struct {
	UID int    // -1 on Windows, where the pipe admits this user only
	PID int    // 0: not known
	Exe string // path of its executable; "": not known
}

type peerKey struct{}

// PeerOf is the process that a request came from. It is a value that the
// listener put there, never parsed from text.
func PeerOf(ctx context.Context) (Peer, bool) {
	p, ok := ctx.Value(peerKey{}).(Peer)
	return p, ok
}

// WithPeer puts a caller into a context (tests, and the connections of Listen).
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// check wants the other end of c to be this user.
func check(c net.Conn) (Peer, error) {
	p, err := peer(c)
	if err != nil {
		return Peer{}, fmt.Errorf("the other end of the socket cannot be told: %w", err)
	}
	if p.UID != self() {
		return Peer{}, fmt.Errorf("the other end of the socket belongs to another user (uid %d)", p.UID)
	}
	return p, nil
}

// peerConn carries the peer from Accept to the request's context, and tells a
// client that has said all it had to say from one that is gone; see Read.
type peerConn struct {
	net.Conn
	peer Peer
	busy atomic.Bool // a request is being answered
}

// Read ends at the end of what the client says, but not while one of its requests
// is being answered: net/http takes the end for a hang-up then and gives the
// request up, and a client may well close its side once it has asked (nc -N, or
// Python's shutdown). So it goes on until the client has hung up, where that can
// be told, or the deadline has passed. A body that stops short has ended, though:
// what reads it takes as much as there is, and only the look-out for a hang-up,
// which begins once the body is in, reads a single byte.
func (c *peerConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 || err != io.EOF || !c.busy.Load() || len(p) != 1 {
		return n, err
	}
	return 0, awaitHangUp(c.Conn)
}

// follow is the server's ConnState: it tells connections when they are busy.
func follow(c net.Conn, state http.ConnState) {
	if p, ok := c.(*peerConn); ok {
		p.busy.Store(state == http.StateActive)
	}
}
