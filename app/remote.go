package app

import (
	"context"
	"time"

	"github.com/authtray/authtray/app/socket"
)

// serveRemote serves the socket that may be forwarded to another machine, and
// returns what ends it. Where it cannot be made the agent goes on without.
func (a *Agent) serveRemote() (end func()) {
	listener, err := socket.Listen(socket.RemoteAddress(a.opts.Paths.Socket), a.log)
	if err != nil {
		a.log.Warn("there is no socket to forward", "err", err)
		return func() {}
	}
	server := socket.NewRemoteServer(a, a.isRemote, a.log)
	over := make(chan struct{})
	go func() { defer close(over); server.Serve(listener) }()
	return func() {
		quick, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		server.Shutdown(quick)
		<-over
	}
}

// isRemote: the user opened the connection to other machines.
func (a *Agent) isRemote(name string) bool {
	file, ok := a.files.get(name)
	return ok && file.conn.Remote
}
