package remote

import (
	"context"
	"net/http"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// Details is one connection with its configuration.
type Details struct {
	tokens.Status
	Config providers.Connection `json:"config"`
}

// Flow is a pending authorization.
type Flow struct {
	URL         string    `json:"url"`
	Mode        string    `json:"mode"`
	UserCode    string    `json:"user_code"`
	RedirectURI string    `json:"redirect_uri"`
	ExpiresAt   time.Time `json:"expires_at"`
}

// ConnectOptions is the body of a connect request.
type ConnectOptions struct {
	Mode          providers.Mode `json:"mode"`
	LoginHint     string         `json:"login_hint,omitempty"`
	SwitchAccount bool           `json:"switch_account,omitempty"`
	AcceptAccount bool           `json:"accept_account,omitempty"`
}

// Farewell is how a disconnect ended.
type Farewell struct {
	Revoked bool   `json:"revoked"` // the provider was told and agreed
	Detail  string `json:"detail"`
}

// Connections lists all connections with their state.
func (c *Client) Connections(ctx context.Context) ([]tokens.Status, error) {
	var a struct {
		Connections []tokens.Status `json:"connections"`
	}
	return a.Connections, c.call(ctx, quick, http.MethodGet, "/v1/connections", nil, &a)
}

// Connection is one connection with its last events and its configuration.
func (c *Client) Connection(ctx context.Context, name string) (Details, error) {
	var d Details
	return d, c.call(ctx, quick, http.MethodGet, connection(name, ""), nil, &d)
}

// Put adds a connection or changes it.
func (c *Client) Put(ctx context.Context, name string, cfg providers.Connection) error {
	cfg.Name = ""
	return c.call(ctx, slow, http.MethodPut, connection(name, ""), cfg, nil)
}

// SetSecret hands over the client secret, which goes to the keychain.
func (c *Client) SetSecret(ctx context.Context, name, secret string) error {
	in := map[string]string{"client_secret": secret}
	return c.call(ctx, slow, http.MethodPut, connection(name, "/secret"), in, nil)
}

// Remove disconnects and removes a connection.
func (c *Client) Remove(ctx context.Context, name string) (f Farewell, err error) {
	return f, c.call(ctx, slow, http.MethodDelete, connection(name, ""), nil, &f)
}

// Disconnect gives the grant back and keeps the connection.
func (c *Client) Disconnect(ctx context.Context, name string) (f Farewell, err error) {
	return f, c.call(ctx, slow, http.MethodDelete, connection(name, "/grant"), nil, &f)
}

// Token is the current access token.
func (c *Client) Token(ctx context.Context, name string) (t tokens.Token, err error) {
	return t, c.call(ctx, slow, http.MethodGet, connection(name, "/token?timeout=30s"), nil, &t)
}

// Refresh renews the token now.
func (c *Client) Refresh(ctx context.Context, name string) error {
	return c.call(ctx, slow, http.MethodPost, connection(name, "/refresh"), nil, nil)
}

// Connect starts an authorization, or takes up the pending one.
func (c *Client) Connect(ctx context.Context, name string, o ConnectOptions) (f Flow, err error) {
	return f, c.call(ctx, slow, http.MethodPost, connection(name, "/connect"), o, &f)
}

// Wait returns when the pending authorization has ended, and how.
func (c *Client) Wait(ctx context.Context, name string, o ConnectOptions) (s tokens.Status, err error) {
	return s, c.call(ctx, providers.FlowTimeout+time.Minute, http.MethodPost, connection(name, "/connect?wait=true"), o, &s)
}

// Paste hands over the address on which the browser ended.
func (c *Client) Paste(ctx context.Context, name, redirect string) error {
	in := map[string]string{"url": redirect}
	return c.call(ctx, slow, http.MethodPost, connection(name, "/connect/redirect"), in, nil)
}

// Cancel ends the pending authorization.
func (c *Client) Cancel(ctx context.Context, name string) error {
	return c.call(ctx, quick, http.MethodDelete, connection(name, "/connect"), nil, nil)
}
