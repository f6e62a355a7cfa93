package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"strings"

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
	tool, plain := toolName(r.Params)
	switch {
	case !plain && len(b.Policy.Deny)+len(b.Policy.Ask) > 0:
		return failure(r.ID, codeUnavailable, "authtray: "+b.Name+": the call does not name one tool, so the connection's file cannot allow it")
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

// noSlash makes of a name one that path.Match does not take apart: * stands for
// anything in a tool's name.
var noSlash = strings.NewReplacer("/", "\x00")

func matches(patterns []string, tool string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(noSlash.Replace(p), noSlash.Replace(tool)); ok || err != nil {
			return true // a pattern that is none must not open anything
		}
	}
	return false
}

// shown is as much of a tool's name as is shown and recorded.
func shown(tool string) string { return text.Line(tool, 80) }

// toolName is the tool that a call names, on one line, whole: patterns may be
// about its end. plain is false where servers could read another name: one that
// comes twice, or in another case, as readers that do not mind that take it.
func toolName(params json.RawMessage) (tool string, plain bool) {
	d := json.NewDecoder(bytes.NewReader(params))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return "", false
	}
	named := 0
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return "", false
		}
		if name, _ := key.(string); !strings.EqualFold(name, "name") {
			continue
		} else if name != "name" || json.Unmarshal(value, &tool) != nil {
			return "", false
		}
		named++
	}
	_, err := d.Token()
	return text.Line(tool, 0), err == nil && named == 1 && tool == text.Line(tool, 0)
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
