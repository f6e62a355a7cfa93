package server

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// routeMCP is a sample MCP server, for tokens of this provider: one tool, and the
// metadata by which a client finds who issues its tokens (RFC 9728).
//
//	ANY /mcp
//	GET /.well-known/oauth-protected-resource/mcp
func (s *Server) routeMCP(mux *http.ServeMux) {
	resource := s.opts.Issuer + "/mcp"
	mux.HandleFunc("GET /.well-known/oauth-protected-resource/mcp", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"resource": resource, "authorization_servers": []string{s.opts.Issuer}, "scopes_supported": []string{"notes.read"},
		})
	})
	tools := mcp.NewServer(&mcp.Implementation{Name: "practice", Version: "1"}, nil)
	mcp.AddTool(tools, &mcp.Tool{Name: "greet", Description: "greets whoever holds a good token"}, greet)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return tools }, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	mux.Handle("/mcp", s.withToken(func(w http.ResponseWriter, r *http.Request, _ caller) { handler.ServeHTTP(w, r) }))
}

func greet(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "Hello, this came through your token."}}}, nil, nil
}
