package socket

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
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

// remote is nil where the request may come over the forwarded socket.
func (s *Server) remote(r *http.Request) error {
	if s.allowed == nil {
		return nil
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/connections/"), "/")
	what, _, _ := strings.Cut(rest, "/")
	serves := what == "api" || rest == "token" && r.Method == http.MethodGet || rest == "rejected" && r.Method == http.MethodPost
	if !serves || !strings.HasPrefix(r.URL.Path, "/v1/connections/") || !s.allowed(name) {
		return notAllowed("This socket gives tokens only, and only of connections with remote = true in their file.")
	}
	return nil
}
