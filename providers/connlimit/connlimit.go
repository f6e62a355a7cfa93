// Package connlimit keeps an HTTP server usable while somebody opens more connections
// to it than it can have.
//
//	a loopback connection of another user, where the system tells   dropped unread
//	a connection beyond the limit                                    the one goes that has been longest without a whole request head
//	beyond the limit, and every other has a request being answered   it waits until one is free
//
// So places cannot be held by connections that ask for nothing, and a request under
// way is never cut off.
package connlimit

import (
	"container/list"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// MaxHead is what a server's MaxHeaderBytes is to be.
const MaxHead = 8 << 10

// Serve serves l with at most most connections at once. It takes the server's
// ConnState.
func Serve(s *http.Server, l net.Listener, most int) error {
	return serveAs(os.Getuid(), s, l, most)
}

// serveAs is Serve where self is this user.
func serveAs(self int, s *http.Server, l net.Listener, most int) error {
	b := &listener{Listener: l, self: self, most: most, waiting: list.New()}
	b.free.L = &b.mu
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if c, ok := c.(*conn); ok {
			b.changed(c, state)
		}
	}
	return s.Serve(b)
}

// NoBody gives a request's body no time to arrive, for pages that want none: the
// server would wait for what was announced before it takes the connection back.
func NoBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now())
		}
		h.ServeHTTP(w, r)
	})
}

type listener struct {
	net.Listener
	self   int // whose connections are welcome
	owners owners
	most   int

	mu      sync.Mutex
	free    sync.Cond // signalled when one more may come, or one may go
	open    int
	waiting *list.List // of *conn without a whole request head, the oldest first
	closed  bool
}

// Accept hands out connections within the limit. The server calls it in one goroutine,
// until it fails.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			l.owners.close()
			return nil, err
		}
		if l.isForeign(raw) {
			raw.Close()
			continue
		}
		c, err := l.admit(raw)
		if err != nil {
			raw.Close()
			l.owners.close()
			return nil, err
		}
		return c, nil
	}
}

func (l *listener) admit(raw net.Conn) (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open >= l.most && !l.closed {
		oldest := l.waiting.Front()
		if oldest == nil {
			l.free.Wait()
			continue
		}
		c := oldest.Value.(*conn)
		l.release(c)
		c.Conn.Close()
	}
	if l.closed {
		return nil, net.ErrClosed
	}
	c := &conn{Conn: raw, listener: l}
	l.open++
	c.place = l.waiting.PushBack(c)
	return c, nil
}

// changed follows a connection. The server says StateActive once a head is whole.
func (l *listener) changed(c *conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.released:
	case state == http.StateActive && c.place != nil:
		l.waiting.Remove(c.place)
		c.place = nil
	case state == http.StateIdle && c.place == nil:
		c.place = l.waiting.PushBack(c)
		l.free.Signal()
	}
}

// release takes a connection off the books. The caller holds mu.
func (l *listener) release(c *conn) {
	if c.released {
		return
	}
	c.released = true
	if c.place != nil {
		l.waiting.Remove(c.place)
		c.place = nil
	}
	l.open--
	l.free.Signal()
}

// Close ends Accept too where it waits for a place.
func (l *listener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.free.Broadcast()
	return l.Listener.Close()
}

// conn is one of the places.
type conn struct {
	net.Conn
	listener *listener

	place    *list.Element // nil: its request is being answered
	released bool
}

func (c *conn) Close() error {
	c.listener.mu.Lock()
	c.listener.release(c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets the server's last answer go out before it hangs up on what it
// has not read.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// NetConn is the connection that was accepted.
func (c *conn) NetConn() net.Conn { return c.Conn }

// isForeign reports whether a loopback connection is known to be of another user than self.
// Root's are not, since root may do what it likes anyway.
func (l *listener) isForeign(c net.Conn) bool {
	from, ok := c.RemoteAddr().(*net.TCPAddr)
	to, also := c.LocalAddr().(*net.TCPAddr)
	if !ok || !also || !from.IP.IsLoopback() {
		return false
	}
	uid, known := l.owners.of(from.AddrPort(), to.AddrPort())
	return known && uid != 0 && uid != Nobody && uid != l.self
}

// Nobody owns a connection that its program has closed.
const Nobody = -1
