package mcp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// opener gives the session to send a request on, waiting as long as ctx lasts. The
// error is a *trouble.
type opener func(ctx context.Context) (*session, error)

// forward has the server answer a request, and says what is the matter where it
// cannot be asked. nil: the client has taken the request back.
//
// What was not carried out is sent again, for as long as the bridge is patient. An
// answer that was lost is waited for again once, if the request only reads.
func (b *bridge) forward(ctx context.Context, r *jsonrpc.Request, open opener) *jsonrpc.Response {
	patient, cancel := b.timeoutFor(ctx, r)
	defer cancel()
	did := map[kind]bool{} // what is done once
	for n := 0; ; n++ {
		answer, s, err := b.attempt(patient, ctx, r, open)
		if err == nil {
			return answer
		}
		if ctx.Err() != nil {
			return nil
		}
		t, again := asTrouble(err), false
		switch {
		case t.kind == noSession && s != nil:
			again = !did[t.kind]
			s.stop()
			<-s.gone
		case t.kind == lost && reads(r.Method):
			again = !did[t.kind] || r.Method == listenMethod
		case t.kind == missingScopes:
			again = !did[t.kind] && b.stepUp(ctx, t)
		case t.passing():
			again = true
			b.wanted(t)
		}
		did[t.kind] = true
		wait := t.kind != noSession && t.kind != missingScopes
		if !again || wait && b.await(patient, t, n, nil) != nil {
			return &jsonrpc.Response{ID: r.ID, Error: t.wire(b.Name)}
		}
		b.listenAgain(r.ID)
	}
}

// timeoutFor is how long a request waits; a subscription waits for ever.
func (b *bridge) timeoutFor(ctx context.Context, r *jsonrpc.Request) (context.Context, context.CancelFunc) {
	if r.Method == listenMethod {
		b.listen(r)
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, b.Patience)
}

// attempt sends the request once, if there is a session to send it on.
func (b *bridge) attempt(patient, ctx context.Context, r *jsonrpc.Request, open opener) (*jsonrpc.Response, *session, error) {
	s, err := open(patient)
	if err != nil {
		return nil, nil, err
	}
	if s.offers != nil && !s.offers[family(r.Method)] {
		return failure(r.ID, jsonrpc.CodeMethodNotFound, "Method not found"), s, nil
	}
	header := b.params.of(r)
	answer, err := s.call(ctx, r, header)
	if err == nil && r.Method == "tools/list" {
		b.params.learn(answer.Result)
		b.rememberTools(answer.Result, cursor(r.Params) == "")
	}
	return answer, s, err
}

// family is the capability that a method belongs to; "" for one that always is.
func family(method string) string {
	first, _, _ := strings.Cut(method, "/")
	switch first {
	case "tools", "prompts", "resources", "logging":
		return first
	case "completion":
		return "completions"
	}
	return ""
}

// reads reports whether a request may be sent twice without harm.
func reads(method string) bool {
	return strings.HasSuffix(method, "/list") || slices.Contains([]string{
		"ping", "prompts/get", "resources/read", "completion/complete", "logging/setLevel",
		"resources/subscribe", "resources/unsubscribe", "server/discover", listenMethod,
	}, method)
}

// statelessSession is for requests that stand for themselves.
func (b *bridge) statelessSession(context.Context) (*session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stateless != nil && !b.stateless.over() {
		return b.stateless, nil
	}
	s, err := b.streamable()
	if err != nil {
		return nil, err
	}
	s.transport.stateless = true
	b.stateless = s
	return s, nil
}

// metaVersion is the protocol version that a request carries, from 2026-07-28 on.
func metaVersion(params json.RawMessage) string {
	var p struct {
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	return p.Meta.Version
}

// cursor is where a page of a list begins; "" for the first.
func cursor(params json.RawMessage) string {
	var p struct {
		Cursor string `json:"cursor"`
	}
	_ = json.Unmarshal(params, &p)
	return p.Cursor
}

// requestID is what notifications/cancelled is about.
func requestID(params json.RawMessage) jsonrpc.ID {
	var p struct {
		RequestID any `json:"requestId"`
	}
	if json.Unmarshal(params, &p) != nil {
		return jsonrpc.ID{}
	}
	id, err := jsonrpc.MakeID(p.RequestID)
	if err != nil {
		return jsonrpc.ID{}
	}
	return id
}

// saidError is the JSON-RPC error that an answer's body holds, or nil.
func saidError(body []byte) *jsonrpc.Error {
	var r struct {
		JSONRPC string         `json:"jsonrpc"`
		Error   *jsonrpc.Error `json:"error"`
	}
	if json.Unmarshal(body, &r) != nil || r.JSONRPC != "2.0" {
		return nil
	}
	return r.Error
}
