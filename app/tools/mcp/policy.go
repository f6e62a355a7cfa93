package mcp

import (
	"context"
	"encoding/json"
	"path"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/authtray/authtray/providers/text"
)

// Policy says which tools a client may call through this bridge. Patterns are those
// of path.Match, as "delete_*". It binds this bridge, and nobody who reaches the
// server in another way.
type Policy struct {
	Deny []string
	Ask  []string // the user is asked before each call
}

// refuses is the answer to a call that the policy does not let through, or nil.
func (b *bridge) refuses(ctx context.Context, r *jsonrpc.Request) *jsonrpc.Response {
	if r.Method != "tools/call" {
		return nil
	}
	tool := toolName(r.Params)
	switch {
	case matches(b.Policy.Deny, tool):
		return failure(r.ID, codeUnavailable, "authtray: "+b.Name+": the tool "+shown(tool)+" is denied in the connection's file")
	case !matches(b.Policy.Ask, tool):
		return nil
	}
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	if b.AskTool == nil || b.AskTool(ctx, client, shown(tool)) != nil {
		return failure(r.ID, codeUnavailable, "authtray: "+b.Name+": the user has not allowed the tool "+shown(tool))
	}
	return nil
}

func matches(patterns []string, tool string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, tool); ok || err != nil {
			return true // a pattern that is none must not open anything
		}
	}
	return false
}

// shown is as much of a tool's name as is shown and recorded.
func shown(tool string) string { return text.Line(tool, 80) }

// toolName is the tool that a call names, on one line, whole: patterns may be
// about its end.
func toolName(params json.RawMessage) string {
	var p struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	return text.Line(p.Name, 0)
}

type toolKey struct{}

// purpose is for whom a request is sent, for the record of reads: the client and the
// tool, never the arguments.
func (b *bridge) purpose(ctx context.Context) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tool, _ := ctx.Value(toolKey{}).(string); tool != "" {
		return b.client + ": " + tool
	}
	return b.client
}
