package proxy

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// MaxReplay is how large a body may be, in bytes, that is sent once more after a
// rejection.
const MaxReplay = 1 << 20

// idleBody is how long a tool may pause within the body that it sends.
const idleBody = 2 * time.Minute

// body is a request's body:
//
//	none                                   sent again
//	of a length up to MaxReplay            read first, sent again
//	of a greater length                    streamed, sent once
//	of a length that is not told before    streamed; sent again if it had ended by then, within MaxReplay
type body struct {
	whole  []byte
	stream io.Reader
	copy   *keeper // of stream, where it may be sent again
	length int64
}

func takeBody(r *http.Request) (*body, error) {
	switch {
	case r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0:
		return &body{}, nil
	case r.ContentLength > MaxReplay:
		return &body{stream: r.Body, length: r.ContentLength}, nil
	case r.ContentLength < 0:
		k := &keeper{from: r.Body}
		return &body{stream: k, copy: k, length: -1}, nil
	}
	whole, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, badRequest("The request's body did not arrive whole.")
	}
	return &body{whole: whole, length: int64(len(whole))}, nil
}

func (b *body) first() (io.Reader, int64) {
	if b.stream != nil {
		return b.stream, b.length
	}
	return bytes.NewReader(b.whole), b.length
}

// again gives the body once more, where it can.
func (b *body) again() (*bytes.Reader, bool) {
	switch {
	case b.stream == nil:
		return bytes.NewReader(b.whole), true
	case b.copy == nil:
		return nil, false
	}
	kept, ok := b.copy.all()
	return bytes.NewReader(kept), ok
}

// keeper keeps a copy of what is read through it, up to MaxReplay.
type keeper struct {
	from io.Reader

	mu    sync.Mutex // the transport may still read while the answer is there
	kept  []byte
	over  bool // there was more
	ended bool
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.from.Read(p)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over = k.over || len(k.kept)+n > MaxReplay; k.over {
		k.kept = nil
	} else {
		k.kept = append(k.kept, p[:n]...)
	}
	k.ended = k.ended || err == io.EOF
	return n, err
}

// all is what was read, if that was all of it and not too much.
func (k *keeper) all() ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept, k.ended && !k.over
}

// patiently gives the tool idleBody for each piece of its body, and lets it read
// the answer while it still sends. end takes back what the tool has not sent by
// then.
func patiently(w http.ResponseWriter, r *http.Request) (_ *http.Request, end func()) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a test's recorder has none
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return r, func() {}
	}
	_ = c.EnableFullDuplex() // HTTP/1: else the server reads the whole body before it answers
	p := &patient{ReadCloser: r.Body, line: c}
	r = r.WithContext(r.Context())
	r.Body = p
	return r, func() { p.Close() }
}

// patient is a tool's body.
type patient struct {
	io.ReadCloser
	line *http.ResponseController

	mu     sync.Mutex // of the deadline, and what follows
	ended  bool
	closed bool
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.wait(); err != nil {
		return 0, err
	}
	n, err := p.ReadCloser.Read(b)
	if err == io.EOF {
		p.end()
	}
	return n, err
}

// wait is no EOF after Close: what was sent so far must not look whole.
func (p *patient) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return io.EOF
	case p.closed:
		return http.ErrBodyReadAfterClose
	}
	_ = p.line.SetReadDeadline(time.Now().Add(idleBody))
	return nil
}

// end: from here on the server watches the line for a tool that hangs up.
func (p *patient) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended = true; !p.closed {
		_ = p.line.SetReadDeadline(time.Time{})
	}
}

// Close ends a read that waits for a tool which sends no more: with the answer
// given, nobody wants the rest. The server closes the body itself.
func (p *patient) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed = true; !p.ended {
		_ = p.line.SetReadDeadline(time.Now())
	}
	return nil
}
