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
	s := newServer(a, log, errRemote)
	s.allowed = allowed
	for _, r := range []route{
		{"GET /v1/connections/{name}/token", (*Server).token},
		{"POST /v1/connections/{name}/rejected", (*Server).rejected},
	} {
		s.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodHead || !allowed(req.PathValue("name")) {
				s.fail(w, errRemote)
				return
			}
			s.answer(w, req, r.handler)
		})
	}
	return s
}

// RemoteAddress is where that socket is: beside the agent's own.
func RemoteAddress(agent string) string {
	if runtime.GOOS == "windows" {
		return agent + "-remote"
	}
	return filepath.Join(filepath.Dir(agent), "remote.sock")
}

// errRemote is what everything else is answered with.
var errRemote = notAllowed("This socket gives tokens only, and only of connections with remote = true in their file.")
