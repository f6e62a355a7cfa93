package client

import (
	"context"

	"golang.org/x/oauth2"
)

// TokenSource gives the connection's token, good for at least half a minute. It
// asks the agent at every call and keeps nothing, so a token that was renewed
// or revoked meanwhile is never handed out; do not wrap it in
// oauth2.ReuseTokenSource. Each token has the extras "account" (string),
// "scopes" ([]string) and what else the provider gave ("instance_url").
// Safe for concurrent use.
func TokenSource(name string) oauth2.TokenSource {
	return TokenSourceContext(context.Background(), name)
}

// TokenSourceContext is TokenSource, giving up when ctx ends.
func TokenSourceContext(ctx context.Context, name string) oauth2.TokenSource {
	return source{ctx, name}
}

type source struct {
	ctx  context.Context // oauth2.TokenSource has no other place for it
	name string
}

func (s source) Token() (*oauth2.Token, error) { return current(s.ctx, s.name) }
