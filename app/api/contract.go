package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Agent is what the server serves. Its errors are *tokens.Error, or are told
// as "failed" with their text; no error holds a secret. Every method may be
// called by many at once and obeys its context.
type Agent interface {
	// Used is called for each connection to the socket and each request, on any
	// goroutine: it must not wait.
	Used()
	// Connections are all, sorted by name, without their configuration.
	Connections() []Connection
	// Connection is one, with its configuration.
	Connection(name string) (Connection, error)
	// Put adds a connection or changes its file. With an error nothing is
	// written.
	Put(ctx context.Context, name string, c catalog.Connection) (Connection, error)
	// Delete disconnects and forgets it, with its file and its client secret.
	Delete(ctx context.Context, name string) (Removed, error)
	// SetSecret keeps the client secret.
	SetSecret(ctx context.Context, name, secret string) error
	// CopySecret keeps the client secret of another connection, if it has one.
	CopySecret(ctx context.Context, name, from string) error

	// Token and Rejected wait for a refresh until ctx ends.
	Token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error)
	Rejected(ctx context.Context, name, accessToken string) (tokens.Token, error)
	Refresh(ctx context.Context, name string) (Connection, error)
	// Forward sends a request to the connection's API and streams the answer.
	// path is what follows api/, escaped and with its query. With an error
	// nothing has been answered.
	Forward(w http.ResponseWriter, r *http.Request, name, path string) error
	// Host is the connection that answers for a host; see package hosts.
	Host(host, path, user string) (HostMatch, error)
	// Rules are what a connection's entry says of the use of its tokens; the zero
	// value where the connection cannot be used.
	Rules(name string) catalog.APIRules

	// Connect starts a flow or takes up the pending one. accept_account ends
	// at once, with a nil Pending and the connection as it is now.
	Connect(ctx context.Context, name string, r ConnectRequest) (Pending, error)
	// Paste gives the pending flow the redirect URL and waits for its end.
	Paste(ctx context.Context, name, url string) (Connection, error)
	// CancelConnect ends the pending flow; timedOut says that nobody signed in for as
	// long as the caller waited.
	CancelConnect(name string, timedOut bool) error
	// Disconnect revokes the grant at the provider and erases it here.
	Disconnect(ctx context.Context, name string) (Removed, error)

	Providers() []Brief
	// ForHost guesses from a host or URL: each guess is the start of a connection,
	// the likeliest first. The error says what is wrong with the host.
	ForHost(host string) ([]catalog.Connection, error)
	// Provider is an entry, with the redirect URI that a user registers.
	Provider(id string) (Provider, error)

	// AttendMCP shows a client as connected to a connection's MCP server, until
	// leave is called.
	AttendMCP(name, client string) (leave func(), err error)

	// Subscribe tells which connections change, until it is stopped.
	Subscribe() Changes

	// Reads gives each the last n reads of tokens, oldest first, and with follow
	// each new one, until ctx ends or each returns an error.
	Reads(ctx context.Context, n int, follow bool, each func(audit.Record) error) error
	// Doctor looks at everything that the agent stands on.
	Doctor(ctx context.Context) []Check

	Settings() Settings
	PatchSettings(SettingsPatch) (Settings, error)
	Health() Health
	OpenWindow(context.Context) error
	// Unlock asks the user to unlock the keychain, where it is locked, and waits
	// for the answer.
	Unlock(context.Context) error
	// Quit ends the agent soon; it does not wait for that.
	Quit()
}

// Changes tell which connections changed; *tokens.Subscription implements it.
type Changes interface {
	// Wait waits for changes and names their connections, in the order in which
	// they changed. None is missed: a name stands for every change since the
	// last Wait. One that Connection does not know was removed.
	Wait(context.Context) ([]string, error)
	Stop()
}

// Pending is a flow that waits for a person.
type Pending interface {
	Attempt() Attempt
	// Wait returns when the flow has ended and its grant has been taken.
	Wait(context.Context) (Connection, error)
}

// Connection is a connection's object.
type Connection struct {
	tokens.Status
	// Config is the connection's file, where it was asked for.
	Config *catalog.Connection `json:"config,omitempty"`
	// ConfigError says that the file on disk cannot be used as it is now, and
	// that the last good one is.
	ConfigError string `json:"config_error,omitempty"`
	// Asked are the scopes that the next sign-in asks for, as far as is known.
	// Scopes are those that were granted.
	Asked []string `json:"asked,omitempty"`
	// Withheld are those of them that the last sign-in asked for and the provider
	// did not grant.
	Withheld []string `json:"withheld,omitempty"`
	// Question is what the user is being asked about it, in one sentence that may hold
	// foreign text. It tells: who clicks in the desktop answers, and no request.
	Question string `json:"question,omitempty"`
	// MCP is for connections to MCP servers.
	MCP *MCP `json:"mcp,omitempty"`
}

// MCP is what is known of an MCP server, each on one line: all of it comes from the
// server and from the clients.
type MCP struct {
	Server  string   `json:"server,omitempty"`  // the name that it gives itself
	Clients []string `json:"clients,omitempty"` // connected now, one entry each
	// Tools are the names that it listed last, where the connection was asked for.
	Tools []string `json:"tools,omitempty"`
}

// Brief is the object as in the list of all.
func (c Connection) Brief() Connection {
	c.Events, c.Config, c.Said = nil, nil, ""
	if c.MCP != nil {
		c.MCP = &MCP{Server: c.MCP.Server, Clients: c.MCP.Clients}
	}
	return c
}

// NotGranted are the scopes that are asked for and were not granted: the last
// sign-in asked for others, or the provider left them out. Answers tend not to name
// those that stand for an ID token or a refresh token.
func (c Connection) NotGranted() (list []string) {
	for _, s := range c.Asked {
		unnamed := s == "openid" || c.Refreshable && slices.Contains([]string{"offline_access", "offline.access", "refresh_token"}, s)
		if !unnamed && !slices.Contains(c.Scopes, s) {
			list = append(list, s)
		}
	}
	return list
}

// NotYetAsked are the scopes that the next sign-in asks for and the last one did not.
func (c Connection) NotYetAsked() []string {
	return slices.DeleteFunc(c.NotGranted(), func(s string) bool { return slices.Contains(c.Withheld, s) })
}

// Provider is a catalogue entry and the redirect URI to register for it.
type Provider struct {
	catalog.Entry
	RedirectURI string `json:"redirect_uri,omitempty"`
}

// ConnectRequest starts or takes up a flow.
type ConnectRequest struct {
	Mode          providers.Mode `json:"mode,omitempty"` // browser, url, device or ask ["browser"]
	LoginHint     string         `json:"login_hint,omitempty"`
	SwitchAccount bool           `json:"switch_account,omitempty"` // let the user choose another account
	AcceptAccount bool           `json:"accept_account,omitempty"` // take the held grant of another account
	AcceptHost    string         `json:"accept_host,omitempty"`    // the host of other_host, to which the user agreed

	// Scopes are asked for beyond the connection's own, and become the
	// connection's once they were granted.
	Scopes []string `json:"scopes,omitempty"`

	// For is which program wants the sign-in, for the question of ModeAsk. With Tool
	// the question is whether it may call that tool of an MCP server now, and nothing
	// is signed in to.
	For  string `json:"for,omitempty"`
	Tool string `json:"tool,omitempty"`
}

// ModeAsk asks the user by a notification first; a yes opens the browser.
const ModeAsk providers.Mode = "ask"

// Attempt is a pending flow: what a person needs to go on with it.
type Attempt struct {
	URL         string         `json:"url"`
	UserCode    string         `json:"user_code,omitempty"`
	Mode        providers.Mode `json:"mode"`
	RedirectURI string         `json:"redirect_uri,omitempty"`
	ExpiresAt   time.Time      `json:"expires_at"`
	// BrowserError says why no browser could be opened, in browser mode; the
	// flow is pending all the same.
	BrowserError string `json:"browser_error,omitempty"`
}

// Redirect is a redirect URL that a person pasted.
type Redirect struct {
	URL string `json:"url"`
}

// Secret is a client secret on its way to the keychain.
type Secret struct {
	ClientSecret string `json:"client_secret,omitempty"`
	Like         string `json:"like,omitempty"` // the connection whose secret it is, instead
}

// Rejected is a token that an API refused.
type Rejected struct {
	AccessToken string `json:"access_token"`
}

// Removed says whether a grant was revoked at the provider too.
type Removed struct {
	Revoked bool   `json:"revoked"`
	Detail  string `json:"detail,omitempty"`
}

// Brief is a provider in the list of all.
type Brief = catalog.Name

// Settings are the settings as the agent knows them.
type Settings struct {
	Notifications bool `json:"notifications"`
	Reminders     bool `json:"reminders"`
	Autostart     bool `json:"autostart"`
}

// SettingsPatch changes those that it names.
type SettingsPatch struct {
	Notifications *bool `json:"notifications,omitempty"`
	Reminders     *bool `json:"reminders,omitempty"`
	Autostart     *bool `json:"autostart,omitempty"`
}

// TrayState is whether the tray's icon can be seen.
type TrayState string

const (
	TrayRegistered TrayState = "registered" // a tray host shows it
	TrayNoHost     TrayState = "no_host"    // it is there, and nothing shows it
	TrayOff        TrayState = "off"        // there is none
)

// NotificationState is how notifications can be shown.
type NotificationState string

const (
	NotificationActions NotificationState = "actions" // with a Reconnect button
	NotificationPlain   NotificationState = "plain"   // banners without a button
	NotificationNone    NotificationState = "none"
)

// Health is how the agent itself is.
type Health struct {
	Version       string            `json:"version"`
	Uptime        string            `json:"uptime"` // a Go duration
	PID           int               `json:"pid"`
	Profile       string            `json:"profile"`
	Store         store.Kind        `json:"store"`
	Tray          TrayState         `json:"tray"`
	Notifications NotificationState `json:"notifications"`
	Notes         []string          `json:"notes"` // what works less than it could, a sentence each
}
