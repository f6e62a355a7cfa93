package client

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// agentTimeout is how long TokenSource and Transport wait for the agent, which itself
// waits up to half a minute for a refresh.
const agentTimeout = 35 * time.Second

// token is the agent's answer.
type token struct {
	AccessToken string         `json:"access_token"`
	TokenType   string         `json:"token_type"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Scopes      []string       `json:"scopes"`
	Account     string         `json:"account"`
	IDToken     string         `json:"id_token"`
	Extra       map[string]any `json:"extra"`
	MinValidMet *bool          `json:"min_valid_met"` // absent: it is
}

// current asks for a token that is good now.
func current(ctx context.Context, name string) (*oauth2.Token, error) {
	return requestToken(ctx, name, "GET", "token", nil)
}

// rejected tells that an API refused a token, and asks for the one to use now.
func rejected(ctx context.Context, name, accessToken string) (*oauth2.Token, error) {
	return requestToken(ctx, name, "POST", "rejected", map[string]string{"access_token": accessToken})
}

func requestToken(ctx context.Context, name, method, what string, in any) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	var t token
	if err := (Agent{}).Do(ctx, method, "/v1/connections/"+url.PathEscape(name)+"/"+what, in, &t); err != nil {
		return nil, fmt.Errorf("no token for %q: %w", name, err)
	}
	if t.AccessToken == "" {
		return nil, fmt.Errorf("no token for %q: the agent's answer has none", name)
	}
	return t.oauth2(), nil
}

// oauth2 keeps what x/oauth2 has no field for as extras.
func (t token) oauth2() *oauth2.Token {
	extra := map[string]any{"account": t.Account, "scopes": t.Scopes, "min_valid_met": t.MinValidMet == nil || *t.MinValidMet}
	if t.IDToken != "" {
		extra["id_token"] = t.IDToken
	}
	for k, v := range t.Extra {
		extra[k] = v
	}
	plain := &oauth2.Token{AccessToken: t.AccessToken, TokenType: t.TokenType, Expiry: t.ExpiresAt}
	return plain.WithExtra(extra)
}

// TokenSource gives the connection's token. It is to last 30 s, or a quarter of
// its life if that is less: where less is left of it and a fresh one would serve
// better, it is renewed first; else what there is is handed out, never an expired
// one. It asks the agent at every call and keeps nothing, so a token that was
// renewed or revoked meanwhile is never handed out; do not wrap it in
// oauth2.ReuseTokenSource. Each token has the extras "account" (string),
// "scopes" ([]string), "min_valid_met" (bool: it lasts that long) and what else
// the provider gave ("instance_url").
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
