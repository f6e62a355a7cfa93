package cli

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// answerTime is how long a command waits until the agent begins to answer: one that
// hangs, or another program at its socket, holds nobody up for ever. It is more than
// the minute that the agent gives its user to unlock the keychain.
const answerTime = 75 * time.Second

// agent is the one that runs; whether one does, the first request tells.
func (s *shell) agent() client.Agent {
	limit := cmp.Or(s.patience, answerTime)
	if s.atMost > 0 {
		limit = min(limit, s.atMost)
	}
	a := api.AgentOf(s.paths.Socket, s.paths.Lock())
	dial := a.Dial
	a.Dial = func(ctx context.Context) (net.Conn, error) {
		end := time.Now().Add(limit)
		dialing, cancel := context.WithDeadline(ctx, end) // a pipe of Windows is waited for until its server takes it up
		defer cancel()
		conn, err := dial(dialing)
		if err != nil {
			return nil, err
		}
		return &answering{Conn: conn}, conn.SetDeadline(end)
	}
	return a
}

// answering is a connection whose deadline ends with the first of the answer, as a
// stream's must.
type answering struct {
	net.Conn
	mu    sync.Mutex
	begun bool // or given up
}

func (a *answering) Read(p []byte) (int, error) {
	n, err := a.Conn.Read(p)
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > 0 && !a.begun {
		a.begun = true
		_ = a.Conn.SetDeadline(time.Time{}) // a closed connection says so when it is read
	}
	return n, err
}

// SetDeadline is how a context that ends ends the connection.
func (a *answering) SetDeadline(t time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = true
	return a.Conn.SetDeadline(t)
}

// get asks the agent that runs.
func (s *shell) get(ctx context.Context, path string, out any) error {
	return s.agent().Do(ctx, http.MethodGet, path, nil, out)
}

// running says whether an agent answers, and how it is.
func (s *shell) running(ctx context.Context) (api.Health, bool, error) {
	var h api.Health
	err := s.get(ctx, "/v1/health", &h)
	if errors.Is(err, client.ErrNoAgent) {
		return h, false, nil
	}
	return h, err == nil, err
}

// connection is the path of a connection, and of what is below it.
func connection(name string, below ...string) string {
	path := "/v1/connections/" + escape(name)
	for _, b := range below {
		path += "/" + b
	}
	return path
}

// mustExist is the error of a connection that does not exist, as the agent knows it
// or, where none runs, by its file.
func (s *shell) mustExist(ctx context.Context, name string) error {
	err := s.get(ctx, connection(name), nil)
	switch {
	case errors.Is(err, client.ErrNoAgent):
	case isCode(err, tokens.CodeNotAllowed): // the agent of another machine, which tells nothing of it
		return nil
	default:
		return err
	}
	files, err := config.Connections(s.paths.Connections())
	if err != nil {
		return err
	}
	var names []string
	for _, f := range files {
		if f.Connection.Name == name {
			return nil
		}
		names = append(names, f.Connection.Name)
	}
	if meant := text.Near(name, names); len(meant) > 0 {
		return failed("authtray status", "there is no connection named %q; did you mean %s?", name, text.OrList(meant))
	}
	return failed("authtray status", "there is no connection named %q", name)
}

func escape(segment string) string { return url.PathEscape(segment) }
