package faultkit

import (
	"io"
	"net"
)

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
