package api

import (
	"context"
	"net"
	"net/http"

	"github.com/authtray/authtray/tokens/client"
)

// handOver only ends the agent.
func (s *Server) handOver(c call) error { return s.end(c) }

// TakeOver asks an agent to end.
func TakeOver(ctx context.Context, old client.Agent) (Sockets, error) {
	return nil, old.Do(ctx, http.MethodPost, "/v1/quit", nil, nil)
}

func claim(net.Listener) {}
