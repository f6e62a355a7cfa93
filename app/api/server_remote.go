package api

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
)

// NewRemoteServer makes a server that gives tokens and nothing else, for the
// socket that is forwarded to another machine (ssh -R). It serves a connection's
// token, rejected and api/ where allowed says so, and says of no other whether
// it exists: whoever sits there may use what was opened to them, and may not
// look around, connect, disconnect or end the agent.
func NewRemoteServer(a Agent, allowed func(name string) bool, log *slog.Logger) *Server {
	s := NewServer(a, log)
	s.allowed = allowed
	return s
}

// RemoteAddress is where that socket is: beside the agent's own.
func RemoteAddress(agent string) string {
	if runtime.GOOS == "windows" {
		return agent + "-remote"
	}
	return filepath.Join(filepath.Dir(agent), "remote.sock")
}

// remoteRoutes is all of it, beside api/.
var remoteRoutes = []struct{ method, path string }{
	{http.MethodGet, "/v1/connections/*/token"},
	{http.MethodPost, "/v1/connections/*/rejected"},
}

// remote is nil where the request may come over the forwarded socket. The path is
// taken apart as the routes do it, so that both see the same name.
func (s *Server) remote(r *http.Request) error {
	if s.allowed == nil {
		return nil
	}
	name, _, ok := apiTarget(r.URL)
	for _, route := range remoteRoutes {
		if !ok && r.Method == route.method {
			name, ok = match(route.path, r.URL.EscapedPath())
		}
	}
	if !ok || !s.allowed(name) {
		return notAllowed("This socket gives tokens only, and only of connections with remote = true in their file.")
	}
	return nil
}
