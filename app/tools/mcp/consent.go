package mcp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// wanted has the user asked to sign in, where that is what a trouble takes. The
// agent sees to it that there is one question for all who want the connection.
func (b *bridge) wanted(t *trouble) {
	if t.kind != noToken || t.problem == nil || b.Consent == nil {
		return
	}
	if code := tokens.Code(t.problem.Code); code != tokens.CodeDisconnected && code != tokens.CodeReconnectRequired {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asking {
		return
	}
	b.asking = true
	client := b.client
	go func() {
		_ = b.Consent(b.ctx, client, nil) // what comes of it the agent's events tell
		b.mu.Lock()
		defer b.mu.Unlock()
		b.asking = false
	}()
}

// consentTime is how long a request waits for the user's consent to scopes. Clients
// wait a minute for a tool, most of them; the question stays, and who consents later
// is served by the next call.
const consentTime = 50 * time.Second

// stepUp asks for consent to the scopes that a request needs, and reports whether
// the connection has them now (RFC 6750 §3.1, insufficient_scope).
func (b *bridge) stepUp(ctx context.Context, t *trouble) bool {
	if b.Consent == nil || b.Remote || len(t.scopes) == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, consentTime)
	defer cancel()
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	return b.Consent(ctx, client, t.scopes) == nil
}

// clientName is what a client calls itself: in initialize, or in the _meta of each
// request.
func clientName(params json.RawMessage) string {
	type info struct {
		Name string `json:"name"`
	}
	var p struct {
		ClientInfo info `json:"clientInfo"`
		Meta       struct {
			ClientInfo info `json:"io.modelcontextprotocol/clientInfo"`
		} `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	return text.Line(p.ClientInfo.Name+p.Meta.ClientInfo.Name, 60)
}
