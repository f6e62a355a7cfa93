package faultkit

import (
	"io"
	"net"
	"net/http"
	"time"
)

// ResetBefore resets the connection (RST) before the provider hears of the
// request.
func ResetBefore() Fault {
	return Fault{Name: "reset before processing", do: func(x *Exchange) { x.Cut(true) }}
}

// ResetAfter lets the provider act, then resets the connection: the answer is
// lost, and with it a rotated refresh token.
func ResetAfter() Fault {
	return Fault{Name: "reset after processing", Reaches: true, Loses: true, do: func(x *Exchange) {
		x.Provider()
		x.Cut(true)
	}}
}

// DropAnswer lets the provider act and closes the connection in good order
// without an answer: what a proxy that is shutting down does.
func DropAnswer() Fault {
	return Fault{Name: "answer dropped", Reaches: true, Loses: true, do: func(x *Exchange) {
		x.Provider()
		x.Cut(false)
	}}
}

// CutShort lets the provider act, promises its whole answer and closes after
// half of it.
func CutShort() Fault {
	return Fault{Name: "answer cut short", Reaches: true, Loses: true, do: func(x *Exchange) {
		a := x.Provider()
		a.sendHead(x.W, len(a.Body))
		x.W.Write(a.Body[:len(a.Body)/2])
		x.flush()
		x.Cut(false)
	}}
}

// Replay lets the provider act, hands its answer on, and sends the same request
// to it once more, as a thief or a second process would: a provider that
// detects reuse kills the family.
func Replay() Fault {
	return Fault{Name: "replayed", Reaches: true, do: func(x *Exchange) {
		a := x.Provider()
		x.Provider()
		a.Send(x.W)
	}}
}

// SlowHeaders lets the provider act and keeps its whole answer back for d, or
// until the client goes away.
func SlowHeaders(d time.Duration) Fault {
	return Fault{Name: "slow headers", Reaches: true, do: func(x *Exchange) {
		a := x.Provider()
		if x.wait(time.After(d)) {
			a.Send(x.W)
		}
	}}
}

// slowPieces is how many pieces a slow body comes in.
const slowPieces = 10

// SlowBody lets the provider act, sends the head at once and the body in pieces
// over d.
func SlowBody(d time.Duration) Fault {
	return Fault{Name: "slow body", Reaches: true, do: func(x *Exchange) {
		a := x.Provider()
		a.sendHead(x.W, len(a.Body))
		for i := range slowPieces {
			x.W.Write(a.Body[len(a.Body)*i/slowPieces : len(a.Body)*(i+1)/slowPieces])
			x.flush()
			if i < slowPieces-1 && !x.wait(time.After(d/(slowPieces-1))) {
				return
			}
		}
	}}
}

// Hold lets the provider act and keeps its answer back until release is closed,
// or until the client goes away. held, if it is not nil, is sent to when the
// provider has acted.
func Hold(held chan<- struct{}, release <-chan struct{}) Fault {
	return Fault{Name: "held", Reaches: true, do: func(x *Exchange) {
		a := x.Provider()
		if x.tell(held) && await(x, release) {
			a.Send(x.W)
		}
	}}
}

// HoldBefore keeps the request from the provider until release is closed, or
// until the client goes away. held is sent to when the request is there.
func HoldBefore(held chan<- struct{}, release <-chan struct{}) Fault {
	return Fault{Name: "held before processing", Reaches: true, do: func(x *Exchange) {
		if x.tell(held) && await(x, release) {
			x.Provider().Send(x.W)
		}
	}}
}

func (x *Exchange) tell(held chan<- struct{}) bool {
	if held == nil {
		return true
	}
	select {
	case held <- struct{}{}:
		return true
	case <-x.R.Context().Done():
		return false
	}
}

func (x *Exchange) wait(t <-chan time.Time) bool { return await(x, t) }

func await[T any](x *Exchange, c <-chan T) bool {
	select {
	case <-c:
		return true
	case <-x.R.Context().Done():
		return false
	}
}

func (x *Exchange) flush() { http.NewResponseController(x.W).Flush() }

// Cut closes the connection under the request, with a reset or in good order.
func (x *Exchange) Cut(reset bool) {
	conn, _, err := http.NewResponseController(x.W).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the stream is all that can be cut
	}
	closeConn(conn, reset)
}

func closeConn(conn net.Conn, reset bool) {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok && reset {
		conn = wrapped.NetConn() // a TLS close would say goodbye first
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// Conn is what happens to a connection before any request is read from it. It
// owns the connection.
type Conn func(net.Conn)

// ScriptConns appends faults for the next connections to a listener that Listen
// gave. A nil Conn lets one through.
func (k *Kit) ScriptConns(faults ...Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conns = append(k.conns, faults...)
}

func (k *Kit) drawConn() Conn {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.conns) == 0 {
		return nil
	}
	f := k.conns[0]
	k.conns = k.conns[1:]
	return f
}

// Listen lets scripted faults meet the connections to a listener.
func (k *Kit) Listen(l net.Listener) net.Listener { return &listener{l, k} }

type listener struct {
	net.Listener
	kit *Kit
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		f := l.kit.drawConn()
		if f == nil {
			return c, nil
		}
		go f(c)
	}
}

// ConnReset resets the connection at once.
func ConnReset(c net.Conn) { closeConn(c, true) }

// ConnClose closes it at once, in good order.
func ConnClose(c net.Conn) { closeConn(c, false) }

// ConnGarbage waits for the client's first bytes and answers what is neither
// HTTP nor TLS.
func ConnGarbage(c net.Conn) {
	defer c.Close()
	c.Read(make([]byte, 1))
	c.Write([]byte("220 smtp.practice.example ready\r\n"))
}

// ConnAbort waits for the client's first bytes (with TLS, its hello) and hangs
// up.
func ConnAbort(c net.Conn) {
	c.Read(make([]byte, 1))
	closeConn(c, false)
}

// ConnSilent takes everything and never says a word, until the client goes away.
func ConnSilent(c net.Conn) {
	defer c.Close()
	io.Copy(io.Discard, c)
}
