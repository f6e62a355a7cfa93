package socket

import (
	"context"
	"net/http"

	"github.com/authtray/authtray/app/audit"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// Agent is what the server serves. Its errors are *tokens.Error, or are told
// as "failed" with their text; no error holds a secret. Every method may be
// called by many at once and obeys its context.
type Agent interface {
	// Connections are all, sorted by name, without their configuration.
	Connections() []Connection
	// Connection is one, with its configuration.
	Connection(name string) (Connection, error)
	// Put adds a connection or changes its file. With an error nothing is
	// written.
	Put(ctx context.Context, name string, c providers.Connection) (Connection, error)
	// Delete disconnects and forgets it, with its file and its client secret.
	Delete(ctx context.Context, name string) (Removed, error)
	// SetSecret keeps the client secret.
	SetSecret(ctx context.Context, name, secret string) error

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

	// Connect starts a flow or takes up the pending one. accept_account ends
	// at once, with a nil Pending and the connection as it is now.
	Connect(ctx context.Context, name string, r ConnectRequest) (Pending, error)
	// Paste gives the pending flow the redirect URL and waits for its end.
	Paste(ctx context.Context, name, url string) (Connection, error)
	CancelConnect(name string) error
	// Disconnect gives the grant back to the provider and erases it here.
	Disconnect(ctx context.Context, name string) (Removed, error)

	Providers() []Brief
	// Provider is an entry, with the redirect URI that a user registers.
	Provider(id string) (Provider, error)

	// Subscribe tells of changes, until stop is called. A reader that falls
	// behind loses the oldest ones.
	Subscribe() (changes <-chan tokens.Status, removed <-chan string, stop func())

	// Reads gives each the last n reads of tokens, oldest first, and with follow
	// each new one, until ctx ends or each returns an error.
	Reads(ctx context.Context, n int, follow bool, each func(audit.Record) error) error
	// Doctor looks at everything that the agent stands on.
	Doctor(ctx context.Context) []Check

	Settings() Settings
	PatchSettings(SettingsPatch) (Settings, error)
	Health() Health
	OpenWindow(context.Context) error
	// Quit ends the agent soon; it does not wait for that.
	Quit()
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
	Config *providers.Connection `json:"config,omitempty"`
	// ConfigError says that the file on disk cannot be used as it is now, and
	// that the last good one is.
	ConfigError string `json:"config_error,omitempty"`
}

// Provider is a catalogue entry and the redirect URI to register for it.
type Provider struct {
	providers.Entry
	RedirectURI string `json:"redirect_uri,omitempty"`
}
