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

// Place is where a caller is going to send a token. The zero value says nothing.
type Place struct {
	MCP  string   // the MCP server that it speaks with, as the connection's file names it
	URLs []string // addresses of an API, or of what the connection answers for by host
}

type placeKey struct{}

// PlaceOf is where the caller of a request for a token is going to send it.
func PlaceOf(ctx context.Context) Place {
	p, _ := ctx.Value(placeKey{}).(Place)
	return p
}

// Named reports whether the caller said where.
func (p Place) Named() bool { return p.MCP != "" || len(p.URLs) > 0 }

// withUse notes what the caller says that the token is for, and where it is sent.
func withUse(ctx context.Context, q url.Values) context.Context {
	return WithPlace(withPurpose(ctx, q), Place{MCP: q.Get("mcp"), URLs: q["url"]})
}

// WithPlace puts a place into a context.
func WithPlace(ctx context.Context, p Place) context.Context {
	return context.WithValue(ctx, placeKey{}, p)
}

// Query is the place as a request for a token has it.
func (p Place) Query() url.Values {
	q := url.Values{}
	if p.MCP != "" {
		q.Set("mcp", p.MCP)
	}
	if len(p.URLs) > 0 {
		q["url"] = p.URLs
	}
	return q
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
	peer   Peer
	closed func()
}

func (c *peerConn) Close() error {
	c.closed()
	return c.Conn.Close()
}
