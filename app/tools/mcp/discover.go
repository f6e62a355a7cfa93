package mcp

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// discover answers server/discover (from 2026-07-28 on): as the server does; where
// it cannot be asked, as it did last; and where it has no answer, or never had one,
// as a server that does not know the method, upon which clients fall back to
// initialize.
func (b *bridge) discover(ctx context.Context, r *jsonrpc.Request) *jsonrpc.Response {
	remembered := b.remembered(r.Method)
	limit := openTime
	if remembered != nil {
		limit = quickTime
	}
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, _, err := b.attempt(wait, wait, r, b.statelessSession)
	if ctx.Err() != nil {
		return nil
	}
	var t *trouble
	switch {
	case err != nil:
		t = asTrouble(err)
	case answer.Error != nil:
		t = asTrouble(answer.Error)
	default:
		b.remember(r.Method, answer.Result)
		return answer
	}
	switch {
	case t.said != nil && t.said.Code == codeUnsupported:
		b.remember(r.Method, nil)
		return &jsonrpc.Response{ID: r.ID, Error: t.said}
	case t.said != nil || t.kind == noEndpoint:
		b.remember(r.Method, nil)
	case remembered != nil:
		b.wanted(t)
		b.mu.Lock()
		b.recalled = true
		b.mu.Unlock()
		return &jsonrpc.Response{ID: r.ID, Result: changeable(remembered)}
	}
	return failure(r.ID, jsonrpc.CodeMethodNotFound, "Method not found")
}

// listenMethod is the request that stays open for what the server says by itself
// (from 2026-07-28 on).
const listenMethod = "subscriptions/listen"

// listener is such a request of the client's.
type listener struct {
	wants        map[string]bool // the lists whose changes it wants to know
	acknowledged bool            // the client was told that the server listens
	due          bool            // changes may have been missed
}

// listen notes a subscription.
func (b *bridge) listen(r *jsonrpc.Request) {
	var p struct {
		Notifications map[string]json.RawMessage `json:"notifications"`
	}
	_ = json.Unmarshal(r.Params, &p)
	l := &listener{wants: map[string]bool{}}
	for _, list := range lists {
		l.wants[list] = string(p.Notifications[list+"ListChanged"]) == "true"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l.due = b.recalled
	b.listening[r.ID] = l
}

// listenAgain notes that a subscription, if id is one, is asked for once more.
func (b *bridge) listenAgain(id jsonrpc.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.listening[id]; l != nil {
		l.due = true
	}
}

// acknowledged is told that the server listens, and reports whether the client
// knows that already. What it may have missed is told then.
func (b *bridge) acknowledged(r *jsonrpc.Request) (known bool) {
	id := subscriptionID(r.Params)
	b.mu.Lock()
	l := b.listening[id]
	if l == nil {
		b.mu.Unlock()
		return false
	}
	known, l.acknowledged = l.acknowledged, true
	due := l.due
	l.due = false
	b.mu.Unlock()
	if !known {
		b.write(r)
	}
	for _, list := range lists {
		if due && l.wants[list] {
			b.write(&jsonrpc.Request{Method: "notifications/" + list + "/list_changed",
				Params: mustJSON(map[string]any{"_meta": map[string]any{subscriptionKey: id.Raw()}})})
		}
	}
	return true
}

const subscriptionKey = "io.modelcontextprotocol/subscriptionId"

func subscriptionID(params json.RawMessage) jsonrpc.ID {
	var p struct {
		Meta map[string]any `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return jsonrpc.ID{}
	}
	id, err := jsonrpc.MakeID(p.Meta[subscriptionKey])
	if err != nil {
		return jsonrpc.ID{}
	}
	return id
}
