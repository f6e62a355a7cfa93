// Package remote is the agent as the window asks it: the socket's endpoints as Go
// methods, each with a deadline. It keeps nothing between calls and sees no
// refresh token. The types are the contract's (package api), and the errors those
// of package client.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// Client asks one agent. Safe for concurrent use.
type Client struct{ agent client.Agent }

// New makes a client; nothing is dialled yet.
func New(agent client.Agent) *Client { return &Client{agent} }

const (
	quick = 10 * time.Second // for what the agent answers from memory
	slow  = 45 * time.Second // for what it may ask a provider
)

// do asks, and waits for d at most.
func (c *Client) do(ctx context.Context, d time.Duration, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return c.agent.Do(ctx, method, path, in, out)
}

// ask is do with an answer.
func ask[T any](ctx context.Context, c *Client, d time.Duration, method, path string, in any) (T, error) {
	var out T
	err := c.do(ctx, d, method, path, in, &out)
	return out, err
}

func connection(name string, rest string) string {
	return "/v1/connections/" + url.PathEscape(name) + rest
}

// Missing reports whether err is that of an agent that does not know the endpoint
// that was asked.
func Missing(err error) bool {
	var p *client.Problem
	if !errors.As(err, &p) || p.Code == string(tokens.CodeUnknownConnection) || p.Code == string(api.CodeUnknownProvider) {
		return false
	}
	return p.Status == http.StatusNotFound || p.Status == http.StatusNotImplemented || p.Status == http.StatusMethodNotAllowed
}

// Connections lists all connections with their state.
func (c *Client) Connections(ctx context.Context) ([]tokens.Status, error) {
	a, err := ask[struct{ Connections []tokens.Status }](ctx, c, quick, http.MethodGet, "/v1/connections", nil)
	return a.Connections, err
}

// Connection is one connection with its last events and its configuration, which
// is empty where its file cannot be used.
func (c *Client) Connection(ctx context.Context, name string) (api.Connection, error) {
	a, err := ask[api.Connection](ctx, c, quick, http.MethodGet, connection(name, ""), nil)
	if a.Config == nil {
		a.Config = &catalog.Connection{}
	}
	return a, err
}

// Put adds a connection or changes it.
func (c *Client) Put(ctx context.Context, name string, cfg catalog.Connection) error {
	cfg.Name = ""
	return c.do(ctx, slow, http.MethodPut, connection(name, ""), cfg, nil)
}

// SetSecret hands over the client secret, which goes to the keychain.
func (c *Client) SetSecret(ctx context.Context, name, secret string) error {
	return c.do(ctx, slow, http.MethodPut, connection(name, "/secret"), api.Secret{ClientSecret: secret}, nil)
}

// Remove disconnects and removes a connection.
func (c *Client) Remove(ctx context.Context, name string) (api.Removed, error) {
	return ask[api.Removed](ctx, c, slow, http.MethodDelete, connection(name, ""), nil)
}

// Disconnect revokes the grant and keeps the connection.
func (c *Client) Disconnect(ctx context.Context, name string) (api.Removed, error) {
	return ask[api.Removed](ctx, c, slow, http.MethodDelete, connection(name, "/grant"), nil)
}

// Token is the current access token.
func (c *Client) Token(ctx context.Context, name string) (tokens.Token, error) {
	return ask[tokens.Token](ctx, c, slow, http.MethodGet, connection(name, "/token?timeout=30s"), nil)
}

// Refresh renews the token now.
func (c *Client) Refresh(ctx context.Context, name string) error {
	return c.do(ctx, slow, http.MethodPost, connection(name, "/refresh"), nil, nil)
}

// Connect starts an authorization, or takes up the pending one.
func (c *Client) Connect(ctx context.Context, name string, r api.ConnectRequest) (api.Attempt, error) {
	return ask[api.Attempt](ctx, c, slow, http.MethodPost, connection(name, "/connect"), r)
}

// Wait returns when the pending authorization has ended, and how.
func (c *Client) Wait(ctx context.Context, name string, r api.ConnectRequest) (tokens.Status, error) {
	return ask[tokens.Status](ctx, c, providers.FlowTimeout+time.Minute, http.MethodPost, connection(name, "/connect?wait=true"), r)
}

// Paste hands over the address on which the browser ended.
func (c *Client) Paste(ctx context.Context, name, redirect string) error {
	return c.do(ctx, slow, http.MethodPost, connection(name, "/connect/redirect"), api.Redirect{URL: redirect}, nil)
}

// Cancel ends the pending authorization.
func (c *Client) Cancel(ctx context.Context, name string) error {
	return c.do(ctx, quick, http.MethodDelete, connection(name, "/connect"), nil, nil)
}

// Providers lists the catalogue.
func (c *Client) Providers(ctx context.Context) ([]api.Brief, error) {
	a, err := ask[struct{ Providers []api.Brief }](ctx, c, quick, http.MethodGet, "/v1/providers", nil)
	return a.Providers, err
}

// ForHost guesses providers from a host or URL, the likeliest first.
func (c *Client) ForHost(ctx context.Context, host string) ([]catalog.Connection, error) {
	a, err := ask[struct{ Guesses []catalog.Connection }](ctx, c, quick, http.MethodGet, "/v1/providers?for="+url.QueryEscape(host), nil)
	return a.Guesses, err
}

// Provider is one entry of the catalogue.
func (c *Client) Provider(ctx context.Context, id string) (api.Provider, error) {
	return ask[api.Provider](ctx, c, quick, http.MethodGet, "/v1/providers/"+url.PathEscape(id), nil)
}

// Settings asks for the agent's settings; an older agent has not all of them.
func (c *Client) Settings(ctx context.Context) (api.SettingsPatch, error) {
	return ask[api.SettingsPatch](ctx, c, quick, http.MethodGet, "/v1/settings", nil)
}

// Set changes the settings that are not nil.
func (c *Client) Set(ctx context.Context, s api.SettingsPatch) error {
	return c.do(ctx, quick, http.MethodPatch, "/v1/settings", s, nil)
}

// Health asks how the agent is.
func (c *Client) Health(ctx context.Context) (api.Health, error) {
	return ask[api.Health](ctx, c, quick, http.MethodGet, "/v1/health", nil)
}

// Doctor asks for a report on what the agent stands on.
func (c *Client) Doctor(ctx context.Context) ([]api.Check, error) {
	a, err := ask[struct{ Checks []api.Check }](ctx, c, slow, http.MethodGet, "/v1/doctor", nil)
	return a.Checks, err
}

// Log calls each with the last n reads of a token, oldest first, and then with
// each new one until ctx or the agent ends. A gap has the time of its end.
func (c *Client) Log(ctx context.Context, n int, each func(audit.Record)) error {
	stream, err := c.agent.Stream(ctx, http.MethodGet, "/v1/log?follow=true&n="+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		line, err := stream.Line()
		if err != nil {
			return ended(err)
		}
		var r audit.Record
		if json.Unmarshal(line, &r) != nil {
			continue
		}
		if r.IsGap() {
			r.Time = r.At
		}
		if !r.Time.IsZero() {
			each(r)
		}
	}
}

// Event is a change of one connection.
type Event struct {
	Status  tokens.Status
	Removed bool // the connection named in Status is gone
}

// Events calls opened once when the agent has taken the request, then each with
// every event until ctx or the agent ends. It always returns an error.
func (c *Client) Events(ctx context.Context, opened func(), each func(Event)) error {
	stream, err := c.agent.Stream(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return err
	}
	defer stream.Close()
	opened()
	for {
		kind, data, err := stream.Event()
		if err != nil {
			return ended(err)
		}
		e := Event{Removed: kind == "removed"}
		if (e.Removed || kind == "connection") && json.Unmarshal(data, &e.Status) == nil && e.Status.Name != "" {
			each(e)
		}
	}
}

// ended is the error of a stream that the agent ended: it does not while it runs.
func ended(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: the stream ended", client.ErrNoAgent)
	}
	return err
}
