package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/authtray/authtray/app/api"
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

func escape(segment string) string { return url.PathEscape(segment) }
