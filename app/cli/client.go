package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// agent is the one that runs; whether one does, the first request tells.
func (s *shell) agent() client.Agent { return api.AgentOf(s.paths.Socket, s.paths.Lock()) }

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
