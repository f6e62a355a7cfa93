package mcp

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// headerParams are the arguments of tools that go into HTTP headers too (from
// 2026-07-28 on): those that a tool's schema marks with x-mcp-header. The SDK does
// this for its own client only.
type headerParams struct {
	mu    sync.Mutex
	tools map[string][]headerParam
}

// headerParam is one argument, by its place in the arguments, and its header.
type headerParam struct {
	path   []string
	header string
}

// markedSchema is what matters here of a tool's schema.
type markedSchema struct {
	Mark       json.RawMessage         `json:"x-mcp-header"`
	Properties map[string]markedSchema `json:"properties"`
}

// learn reads a result of tools/list.
func (h *headerParams) learn(result json.RawMessage) {
	var list struct {
		Tools []struct {
			Name   string       `json:"name"`
			Schema markedSchema `json:"inputSchema"`
		} `json:"tools"`
	}
	if json.Unmarshal(result, &list) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tools == nil {
		h.tools = map[string][]headerParam{}
	}
	for _, tool := range list.Tools {
		if marked := tool.Schema.marked(nil); marked != nil {
			h.tools[tool.Name] = marked
		} else {
			delete(h.tools, tool.Name)
		}
	}
}

func (m markedSchema) marked(path []string) (all []headerParam) {
	var name string
	if json.Unmarshal(m.Mark, &name) == nil && isToken(name) {
		all = append(all, headerParam{path, name})
	}
	for name, p := range m.Properties {
		all = append(all, p.marked(append(path[:len(path):len(path)], name))...)
	}
	return all
}

// isToken reports whether s can end a header's name (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == ""
}

// of are the headers that go with a request; nil for none.
func (h *headerParams) of(r *jsonrpc.Request) http.Header {
	if r.Method != "tools/call" {
		return nil
	}
	var call struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if json.Unmarshal(r.Params, &call) != nil {
		return nil
	}
	h.mu.Lock()
	marked := h.tools[call.Name]
	h.mu.Unlock()
	var header http.Header
	for _, p := range marked {
		if text, ok := argument(call.Arguments, p.path); ok {
			if header == nil {
				header = http.Header{}
			}
			header.Set("Mcp-Param-"+p.header, headerText(text))
		}
	}
	return header
}

// argument is a string, a whole number or a boolean among the arguments, as text.
func argument(arguments json.RawMessage, path []string) (string, bool) {
	for _, name := range path {
		var object map[string]json.RawMessage
		if json.Unmarshal(arguments, &object) != nil || object[name] == nil {
			return "", false
		}
		arguments = object[name]
	}
	var v any
	if json.Unmarshal(arguments, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		const safe = 1<<53 - 1
		return strconv.FormatInt(int64(v), 10), v == math.Trunc(v) && math.Abs(v) <= safe
	}
	return "", false
}

// headerText is text as it stands in such a header: in base64 where a header cannot
// carry it as it is.
func headerText(s string) string {
	const before, after = "=?base64?", "?="
	plain := strings.TrimSpace(s) == s && !(strings.HasPrefix(s, before) && strings.HasSuffix(s, after))
	for _, r := range s {
		plain = plain && r >= ' ' && r <= '~'
	}
	if plain {
		return s
	}
	return before + base64.StdEncoding.EncodeToString([]byte(s)) + after
}
