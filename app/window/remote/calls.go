package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// Details is one connection with its configuration.
type Details struct {
	tokens.Status
	Config catalog.Connection `json:"config"`
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
func (c *Client) Put(ctx context.Context, name string, cfg catalog.Connection) error {
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

// Brief is a provider in the list of all.
type Brief struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Entry is a provider with what its app must be registered with.
type Entry struct {
	catalog.Entry
	RedirectURI string `json:"redirect_uri"`
}

// Settings are the agent's own. A nil field is left as it is.
type Settings struct {
	Notifications *bool `json:"notifications,omitempty"`
	Reminders     *bool `json:"reminders,omitempty"`
	Autostart     *bool `json:"autostart,omitempty"`
}

// Health is what the agent says of itself.
type Health struct {
	Version       string   `json:"version"`
	Uptime        string   `json:"uptime"`
	PID           int      `json:"pid"`
	Profile       string   `json:"profile"`
	Store         string   `json:"store"`
	Tray          string   `json:"tray"`
	Notifications string   `json:"notifications"`
	Notes         []string `json:"notes"`
}

// Check is one line of the doctor's report.
type Check struct {
	ID     string `json:"id"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

// Read is one read of a token, as the audit log has it, or a gap in it.
type Read struct {
	Time       time.Time `json:"time"`
	Connection string    `json:"connection"`
	PID        int       `json:"pid"`
	UID        int       `json:"uid"`
	Exe        string    `json:"exe"` // "" where the system would not say
	What       string    `json:"what"`
	Code       string    `json:"code"` // why no token was given; "" where one was

	// Where authtray itself asked, the program that it asked for.
	ParentPID int    `json:"parent_pid"`
	ParentExe string `json:"parent_exe"`

	Dropped int       `json:"dropped"` // a gap: so many reads are missing before At
	At      time.Time `json:"at"`
}

// Who is the program that wanted the token, and its process.
func (r Read) Who() (exe string, pid int) {
	if r.ParentPID != 0 {
		return r.ParentExe, r.ParentPID
	}
	return r.Exe, r.PID
}

// Providers lists the catalogue.
func (c *Client) Providers(ctx context.Context) ([]Brief, error) {
	var a struct {
		Providers []Brief `json:"providers"`
	}
	return a.Providers, c.call(ctx, quick, http.MethodGet, "/v1/providers", nil, &a)
}

// Provider is one entry of the catalogue.
func (c *Client) Provider(ctx context.Context, id string) (e Entry, err error) {
	return e, c.call(ctx, quick, http.MethodGet, "/v1/providers/"+url.PathEscape(id), nil, &e)
}

// Settings asks for the agent's settings.
func (c *Client) Settings(ctx context.Context) (s Settings, err error) {
	return s, c.call(ctx, quick, http.MethodGet, "/v1/settings", nil, &s)
}

// Set changes the settings that are not nil.
func (c *Client) Set(ctx context.Context, s Settings) error {
	return c.call(ctx, quick, http.MethodPatch, "/v1/settings", s, nil)
}

// Health asks how the agent is.
func (c *Client) Health(ctx context.Context) (h Health, err error) {
	return h, c.call(ctx, quick, http.MethodGet, "/v1/health", nil, &h)
}

// Doctor asks for a report on what the agent stands on.
func (c *Client) Doctor(ctx context.Context) ([]Check, error) {
	var a struct {
		Checks []Check `json:"checks"`
	}
	return a.Checks, c.call(ctx, slow, http.MethodGet, "/v1/doctor", nil, &a)
}

// Log calls each with the last n reads of a token, oldest first, and then with
// each new one until ctx ends.
func (c *Client) Log(ctx context.Context, n int, each func(Read)) error {
	res, err := c.send(ctx, http.MethodGet, "/v1/log?follow=true&n="+strconv.Itoa(n), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var r Read
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		if r.Dropped > 0 {
			r.Time = r.At
		}
		if !r.Time.IsZero() {
			each(r)
		}
	}
	return ended(lines.Err())
}

// maxLine bounds a line of a stream: a connection with all its events.
const maxLine = 1 << 20

func ended(err error) error {
	if err == nil {
		return fmt.Errorf("%w: the stream ended", ErrNoAgent)
	}
	return unreachable(err)
}
