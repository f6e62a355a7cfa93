package api

import (
	"context"
	"fmt"
	"net"
	"net/url"
)

// Peer is the process at the other end of a connection, as the kernel knows it:
// the one that connected. It tells users apart, not programs: any process of
// the same user may connect, and may pass the connection on.
type Peer struct {
	UID int    // -1 on Windows, where the pipe admits this user only
	PID int    // 0: not known
	Exe string // path of its executable; "": not known
	For string // what it says that a token is for; not to be trusted
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

// maxPurpose bounds what is recorded of it, in bytes.
const maxPurpose = 200

// withPurpose notes what the caller says that the token is for.
func withPurpose(ctx context.Context, q url.Values) context.Context {
	p, ok := PeerOf(ctx)
	if said := q.Get("for"); ok && said != "" {
		p.For = said[:min(len(said), maxPurpose)]
		return WithPeer(ctx, p)
	}
	return ctx
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

// peerConn carries the peer from Accept to the request's context.
type peerConn struct {
	net.Conn
	peer Peer
}
