package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/stack"
)

// session is one connection to the server, in the SDK's sense. From 2026-07-28 on
// it stands for no session of the server's, only for where answers come in.
type session struct {
	conn      sdk.Connection
	transport *transport
	result    json.RawMessage // of initialize
	offers    map[string]bool // the capabilities that it names; nil: none is known
	greeted   atomic.Bool     // notifications/initialized was sent
	listen    func()          // reads what the server sends by itself; nil: that comes anyway
	stop      context.CancelFunc
	gone      chan struct{} // closed when nothing more can come

	mu      sync.Mutex
	pending map[jsonrpc.ID]chan *jsonrpc.Response
}

// receiver takes what the server sends by itself.
type receiver func(s *session, r *jsonrpc.Request)

// newSession reads from conn until it ends.
func newSession(ctx context.Context, conn sdk.Connection, t *transport, to receiver) *session {
	ctx, stop := context.WithCancel(ctx)
	s := &session{conn: conn, transport: t, stop: stop, gone: make(chan struct{}), pending: map[jsonrpc.ID]chan *jsonrpc.Response{}}
	t.deliver = s.answered
	go func() {
		defer close(s.gone)
		defer stop()
		stack.Grow()
		for {
			msg, err := conn.Read(ctx)
			if err != nil {
				return
			}
			s.deliver(msg, to)
		}
	}()
	return s
}

// deliver hands a message of the server's to who waits for it.
func (s *session) deliver(msg jsonrpc.Message, to receiver) {
	switch msg := msg.(type) {
	case *jsonrpc.Request:
		to(s, msg)
	case *jsonrpc.Response:
		s.answered(msg)
	}
}

func (s *session) answered(msg *jsonrpc.Response) {
	s.mu.Lock()
	waiting := s.pending[msg.ID]
	delete(s.pending, msg.ID)
	s.mu.Unlock()
	if waiting != nil {
		waiting <- msg
	}
}

// tailTime is how long the stream that an answer came in may take to end. To break it
// off at once would break the connection, and the next call would need a new one.
const tailTime = time.Second

// call sends a request and waits for its answer, as long as ctx lasts. The error is
// a *trouble, or ctx's.
func (s *session) call(ctx context.Context, r *jsonrpc.Request, header http.Header) (*jsonrpc.Response, error) {
	sending, end := context.WithCancel(context.WithoutCancel(ctx))
	keep := context.AfterFunc(ctx, end)
	answer, err := s.exchange(ctx, sending, r, header)
	if keep() && err == nil {
		time.AfterFunc(tailTime, end)
	} else {
		end()
	}
	return answer, err
}

// exchange is call with the context of the HTTP request.
func (s *session) exchange(ctx, sending context.Context, r *jsonrpc.Request, header http.Header) (*jsonrpc.Response, error) {
	waiting := make(chan *jsonrpc.Response, 1)
	s.mu.Lock()
	s.pending[r.ID] = waiting
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, r.ID)
		s.mu.Unlock()
	}()
	if err := s.conn.Write(carrying(sending, message{r.Method, r.ID, header}), r); err != nil && !errors.Is(err, errDelivered) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, asTrouble(err)
	}
	select {
	case answer := <-waiting:
		var wire *jsonrpc.Error
		if answer.Error != nil && !errors.As(answer.Error, &wire) {
			return nil, asTrouble(nil) // the SDK's own: the stream ended without an answer
		}
		return answer, nil
	case <-s.gone:
		return nil, asTrouble(nil)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// send sends what has no answer. The error is as that of call.
func (s *session) send(ctx context.Context, msg jsonrpc.Message, header http.Header) error {
	m := message{header: header}
	if r, ok := msg.(*jsonrpc.Request); ok {
		m.method = r.Method
	}
	if err := s.conn.Write(carrying(ctx, m), msg); err != nil {
		return asTrouble(err)
	}
	return nil
}

// over reports whether the session can be used no more.
func (s *session) over() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// closeTime bounds the request that ends a session at the server.
const closeTime = time.Second

// close ends the session, at the server too unless it is slow.
func (s *session) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.conn.Close()
	}()
	select {
	case <-done:
	case <-time.After(closeTime):
	}
	s.stop()
}

// newTransport is a transport for one session.
func (b *bridge) newTransport() *transport {
	return &transport{base: b.Transport, server: b.server, tokens: b.tokens, remote: b.Remote}
}

// httpClient follows no redirect: the transport judges each.
func httpClient(t *transport) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// streamable begins a session of streamable HTTP; nothing is sent yet.
func (b *bridge) streamable() (*session, error) {
	t := b.newTransport()
	conn, err := (&sdk.StreamableClientTransport{Endpoint: b.server.String(), HTTPClient: httpClient(t), DisableStandaloneSSE: true, MaxEventSize: maxMessage}).Connect(b.ctx)
	if err != nil {
		return nil, asTrouble(err)
	}
	s := newSession(b.ctx, conn, t, b.fromServer)
	s.listen = func() { b.listenTo(s) }
	return s, nil
}

// sse begins a session of the transport of 2024-11-05.
func (b *bridge) sse() (*session, error) {
	t := b.newTransport()
	t.anyPath = true
	ctx, cancel := context.WithCancel(b.ctx)
	late := time.AfterFunc(openTime, cancel)
	conn, err := (&sdk.SSEClientTransport{Endpoint: b.server.String(), HTTPClient: httpClient(t), MaxEventSize: maxMessage}).Connect(ctx)
	if !late.Stop() || err != nil {
		cancel()
		return nil, asTrouble(err)
	}
	return newSession(b.ctx, conn, t, b.fromServer), nil
}
