package window

import (
	"context"

	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// Agent is what the window needs of the agent; *remote.Client implements it.
// Every method may wait and must be called off the UI's goroutine.
type Agent interface {
	Events(ctx context.Context, opened func(), each func(remote.Event)) error
	Connections(ctx context.Context) ([]tokens.Status, error)
	Connection(ctx context.Context, name string) (remote.Details, error)
	Put(ctx context.Context, name string, c providers.Connection) error
	SetSecret(ctx context.Context, name, secret string) error
	Remove(ctx context.Context, name string) (remote.Farewell, error)
	Disconnect(ctx context.Context, name string) (remote.Farewell, error)
	Token(ctx context.Context, name string) (tokens.Token, error)
	Refresh(ctx context.Context, name string) error
	Connect(ctx context.Context, name string, o remote.ConnectOptions) (remote.Flow, error)
	Wait(ctx context.Context, name string, o remote.ConnectOptions) (tokens.Status, error)
	Paste(ctx context.Context, name, redirect string) error
	Cancel(ctx context.Context, name string) error
	Providers(ctx context.Context) ([]remote.Brief, error)
	Provider(ctx context.Context, id string) (remote.Entry, error)
	Settings(ctx context.Context) (remote.Settings, error)
	Set(ctx context.Context, s remote.Settings) error
	Health(ctx context.Context) (remote.Health, error)
	Doctor(ctx context.Context) ([]remote.Check, error)
	Log(ctx context.Context, n int, each func(remote.Read)) error
}

var _ Agent = (*remote.Client)(nil)
