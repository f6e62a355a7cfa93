package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/authtray/authtray/app/stack"
	"github.com/authtray/authtray/providers/text"
)

// link is what began with the client's initialize: it sees to it that there is a
// session with the server whenever that can be had, and tells the client when one
// has come after it had to do without.
type link struct {
	b       *bridge
	request *jsonrpc.Request // the client's initialize
	stop    context.CancelFunc
	poke    chan struct{} // someone waits: try now

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, when one of these changes
	session *session      // nil: there is none
	last    *trouble      // why there is none
	guessed bool          // the client was told capabilities that nobody has named
	told    map[string]bool
	ready   bool               // the client has sent notifications/initialized
	due     bool               // the client is to be told that the lists have changed
	wishes  []*jsonrpc.Request // what the client wished of the session
}

// The times that the first answer may take: where the server has been asked before,
// what it said then will do.
const (
	openTime  = 15 * time.Second
	quickTime = 3 * time.Second
)

// lastOld is the last protocol version that begins with initialize.
const lastOld = "2025-11-25"

// initialize answers the client at once where the server cannot be asked, and goes
// on trying.
func (b *bridge) initialize(ctx context.Context, r *jsonrpc.Request) *jsonrpc.Response {
	linkCtx, stop := context.WithCancel(b.ctx)
	l := &link{b: b, request: r, stop: stop, poke: make(chan struct{}, 1), changed: make(chan struct{})}
	b.mu.Lock()
	old := b.link
	b.link, b.client = l, clientName(r.Params)
	b.mu.Unlock()
	if old != nil {
		old.end()
	}
	b.attend()
	go func() { stack.Grow(); l.run(linkCtx) }()
	remembered := b.remembered(r.Method)
	limit := openTime
	if remembered != nil {
		limit = quickTime
	}
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s, t := l.first(wait)
	switch {
	case s != nil:
		return &jsonrpc.Response{ID: r.ID, Result: l.tell(s.result, false)}
	case ctx.Err() != nil:
		return nil
	case t != nil && t.said != nil:
		return &jsonrpc.Response{ID: r.ID, Error: b.noOldVersion(r, t.said)}
	case t != nil && t.kind == noToken && !t.passing():
		return &jsonrpc.Response{ID: r.ID, Error: t.wire(b.Name)}
	}
	if t != nil {
		b.wanted(t)
	}
	version := asksFor(r.Params)
	if remembered == nil {
		return &jsonrpc.Response{ID: r.ID, Result: l.tell(firstTime(b.Name, min(version, lastOld), b.Version), true)}
	}
	return &jsonrpc.Response{ID: r.ID, Result: l.tell(inVersion(changeable(remembered), version), false)}
}

// tell notes what the client is told.
func (l *link) tell(result json.RawMessage, guessed bool) json.RawMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.guessed = offers(result), guessed
	l.due = l.session == nil
	return result
}

// noOldVersion says which versions are missing where the server takes no initialize.
func (b *bridge) noOldVersion(r *jsonrpc.Request, said *jsonrpc.Error) *jsonrpc.Error {
	if said.Code != jsonrpc.CodeMethodNotFound && said.Code != codeUnsupported {
		return said
	}
	var data struct {
		Supported []string `json:"supported"`
	}
	_ = json.Unmarshal(said.Data, &data)
	speaks := "2026-07-28 and later"
	if len(data.Supported) > 0 {
		speaks = text.Line(strings.Join(data.Supported[:min(len(data.Supported), 8)], ", "), 0)
	}
	return &jsonrpc.Error{Code: said.Code, Data: said.Data, Message: fmt.Sprintf(
		"authtray: the MCP server of %s speaks the protocol versions %s, and this client asks for %s: update the client", b.Name, speaks, text.Line(asksFor(r.Params), 0))}
}

// codeUnsupported is MCP's error for a protocol version that is not supported.
const codeUnsupported = -32022

// asksFor is the version that initialize asks for.
func asksFor(params json.RawMessage) string {
	var p struct {
		Version string `json:"protocolVersion"`
	}
	if json.Unmarshal(params, &p) != nil || p.Version == "" {
		return lastOld
	}
	return p.Version
}

// inVersion is a result of initialize in the version that the client asks for, where
// that is older than the one it was given in.
func inVersion(result json.RawMessage, version string) json.RawMessage {
	var whole map[string]json.RawMessage
	if json.Unmarshal(result, &whole) != nil || version >= asksFor(result) {
		return result
	}
	whole["protocolVersion"] = mustJSON(version)
	return mustJSON(whole)
}

// run opens a session whenever there is none.
func (l *link) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		began := time.Now()
		s, err := l.openSession(ctx)
		if err != nil {
			t := asTrouble(err)
			l.set(nil, t)
			if t.kind != missingScopes || !l.b.stepUp(ctx, t) {
				_ = l.b.await(ctx, t, n, l.poke)
			}
			continue
		}
		l.set(s, nil)
		l.announce()
		select {
		case <-s.gone:
		case <-ctx.Done():
			return
		}
		l.lose()
		l.b.forget(s)
		go s.close()
		if time.Since(began) > time.Second {
			n = -1
			continue
		}
		_ = l.b.await(ctx, asTrouble(nil), n, nil)
	}
}

// set makes s the session, or says why there is none.
func (l *link) set(s *session, t *trouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session, l.last = s, t
	close(l.changed)
	l.changed = make(chan struct{})
}

// lose is told that the session has ended.
func (l *link) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session, l.due = nil, true
}

// current is the session, or nil.
func (l *link) current() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != nil && l.session.over() {
		return nil
	}
	return l.session
}

// first waits for the end of the first try.
func (l *link) first(ctx context.Context) (*session, *trouble) {
	for {
		l.mu.Lock()
		s, t, changed := l.session, l.last, l.changed
		l.mu.Unlock()
		if s != nil || t != nil {
			return s, t
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// get waits for a session. Where none can be had without the user's doing, it does
// not wait. It is an opener.
func (l *link) get(ctx context.Context) (*session, error) {
	select {
	case l.poke <- struct{}{}:
	default:
	}
	for {
		l.mu.Lock()
		s, t, changed := l.session, l.last, l.changed
		l.mu.Unlock()
		switch {
		case s != nil && !s.over():
			return s, nil
		case s == nil && t != nil && !t.passing() && t.kind != lost:
			return nil, t
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if t == nil {
				t = &trouble{kind: unreachable, sentence: "the MCP server does not answer"}
			}
			return nil, t
		}
	}
}

// openSession begins a session with the client's own initialize.
func (l *link) openSession(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	s, err := l.greet(ctx, l.b.streamable)
	var t *trouble
	if errors.As(err, &t) && t.kind == noEndpoint {
		old, oldErr := l.greet(ctx, l.b.sse)
		if oldErr == nil {
			return old, nil
		}
		if asTrouble(oldErr).passing() {
			return nil, oldErr
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = &trouble{kind: unreachable, sentence: "the MCP server does not answer"}
	}
	return s, err
}

// greet sends initialize on a new session, and what follows from it.
func (l *link) greet(ctx context.Context, begin func() (*session, error)) (*session, error) {
	s, err := begin()
	if err != nil {
		return nil, err
	}
	r := &jsonrpc.Request{ID: l.b.ownID(), Method: l.request.Method, Params: l.request.Params}
	answer, err := s.call(ctx, r, nil)
	if err == nil && answer.Error != nil {
		err = asTrouble(answer.Error)
	}
	if err != nil {
		go s.close()
		return nil, err
	}
	Shed()
	s.result = answer.Result
	version := asksFor(answer.Result)
	s.transport.version.Store(&version)
	l.b.remember(r.Method, answer.Result)
	l.mu.Lock()
	if l.guessed {
		s.offers = offers(answer.Result)
		s.offers[""] = true
	}
	ready, wishes := l.ready, l.wishes
	l.mu.Unlock()
	if ready {
		s.initialized(ctx)
		for _, wish := range wishes {
			_, _ = s.call(ctx, &jsonrpc.Request{ID: l.b.ownID(), Method: wish.Method, Params: wish.Params}, nil)
		}
	}
	return s, nil
}

// ownID is an id for a request of the bridge's own.
func (b *bridge) ownID() jsonrpc.ID {
	id, err := jsonrpc.MakeID(fmt.Sprintf("authtray-%d", b.serial.Add(1)))
	if err != nil {
		panic(err)
	}
	return id
}

func (b *bridge) lastToken() string {
	if t := b.secret.Load(); t != nil {
		return *t
	}
	return ""
}

// clientReady is the client's notifications/initialized.
func (l *link) clientReady(ctx context.Context) {
	l.mu.Lock()
	l.ready = true
	s := l.session
	l.mu.Unlock()
	if s != nil {
		s.initialized(ctx)
	}
	l.announce()
}

// initialized tells the server that the client is ready, once, and listens to what
// it sends by itself.
func (s *session) initialized(ctx context.Context) {
	if !s.greeted.CompareAndSwap(false, true) {
		return
	}
	_ = s.send(ctx, &jsonrpc.Request{Method: "notifications/initialized"}, nil)
	if s.listen != nil {
		go s.listen()
	}
}

// announce tells the client that its lists have changed, where it is due.
func (l *link) announce() {
	l.mu.Lock()
	due := l.due && l.ready && l.session != nil
	if due {
		l.due = false
	}
	told := l.told
	l.mu.Unlock()
	if !due {
		return
	}
	for _, list := range lists {
		if told[list] {
			l.b.write(&jsonrpc.Request{Method: "notifications/" + list + "/list_changed"})
		}
	}
}

// maxWishes is how many subscriptions are wished again.
const maxWishes = 1000

// wish keeps what a new session is to be asked for too.
func (l *link) wish(r *jsonrpc.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := func(method string) {
		kept := l.wishes[:0:0]
		for _, w := range l.wishes {
			if w.Method != method || method != "logging/setLevel" && string(w.Params) != string(r.Params) {
				kept = append(kept, w)
			}
		}
		l.wishes = kept
	}
	switch r.Method {
	case "logging/setLevel", "resources/subscribe":
		same(r.Method)
		if len(l.wishes) < maxWishes {
			l.wishes = append(l.wishes, r)
		}
	case "resources/unsubscribe":
		same("resources/subscribe")
	}
}

// end ends the link and its session.
func (l *link) end() {
	l.mu.Lock()
	s := l.session
	l.session = nil
	l.mu.Unlock()
	if s != nil {
		s.close()
	}
	l.stop()
}
