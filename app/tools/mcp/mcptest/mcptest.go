// Package mcptest is an MCP server for tests, beside the practice provider: it wants
// a token that the provider issued for it and no other server, and its one tool says
// whose token came.
package mcptest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// Tool is the server's tool.
const Tool = "who"

// Start runs a server until the test ends, and returns its URL. issuer is the
// practice provider's; scopes are what a token needs.
func Start(t testing.TB, issuer string, scopes ...string) (at string) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return Serve(mux, server.URL, issuer, scopes...)
}

// Serve has mux, at a base URL, answer as the server and its metadata (RFC 9728), and
// returns the server's URL.
func Serve(mux *http.ServeMux, base, issuer string, scopes ...string) (at string) {
	const metadata = "/.well-known/oauth-protected-resource/mcp"
	at = base + "/mcp"
	mux.Handle(metadata, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: at, AuthorizationServers: []string{issuer}, ScopesSupported: []string{"openid", "offline_access"},
	}))
	s := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: Tool, Description: "whose token this is"}, who)
	verify := func(ctx context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		return tokenInfo(ctx, issuer, at, token)
	}
	need := auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{ResourceMetadataURL: base + metadata, Scopes: scopes})
	mux.Handle("/mcp", need(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil)))
	return at
}

func who(_ context.Context, r *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: r.Extra.TokenInfo.UserID}}}, nil, nil
}

// tokenInfo asks the provider whose token it is, and for which server.
func tokenInfo(ctx context.Context, issuer, at, token string) (*auth.TokenInfo, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/api/whoami", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var is struct {
		Name, Resource string
		Scopes         []string
		Expires        time.Time `json:"expires_at"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&is) != nil || is.Resource != at {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{Scopes: is.Scopes, Expiration: is.Expires, UserID: is.Name}, nil
}

// Who calls the tool: the name of the user whose token came.
func Who(t testing.TB, s *mcp.ClientSession) string {
	t.Helper()
	said, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: Tool})
	if err != nil {
		t.Fatal(err)
	}
	return said.Content[0].(*mcp.TextContent).Text
}
