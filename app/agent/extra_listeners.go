package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/doctor"
)

// extraListeners serve the agent beside its own socket: at the one to forward to
// another machine, and api/ over TCP where the settings ask for it. Where either
// cannot be made the agent goes on without it, and says so in `status` and
// `doctor`.
type extraListeners struct {
	paths config.Paths
	log   *slog.Logger

	mu    sync.Mutex
	found []api.Check // what became of them
}

func (l *extraListeners) say(c api.Check) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, c)
}

// checks are what became of them, for people.
func (l *extraListeners) checks() []api.Check {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.found)
}

// serveForwarded serves the connections that isRemote allows at the socket to
// forward, until end is called.
func (l *extraListeners) serveForwarded(agent api.Agent, isRemote func(name string) bool) (end func()) {
	listener, err := api.Listen(api.RemoteAddress(l.paths.Socket), l.log)
	if err != nil {
		l.log.Warn("there is no socket to forward", "err", err)
		l.say(api.Check{ID: "remote", Detail: "There is no socket to forward: " + sentence(err), Hint: "authtray run --replace"})
		return func() {}
	}
	return serveUntil(api.NewRemoteServer(agent, isRemote, l.log), listener)
}

// serveTCP serves api/ at a loopback address, until end is called; "" is none.
func (l *extraListeners) serveTCP(agent api.Agent, address string) (end func()) {
	if address == "" {
		return func() {}
	}
	failed := func(why error, hint string) func() {
		l.log.Warn("api/ is not served over TCP", "err", why)
		l.say(api.Check{ID: "api", Detail: "The API is not served over TCP: " + sentence(why), Hint: hint})
		return func() {}
	}
	file := l.paths.APISecret()
	secret, err := config.APISecret(file) // first: it is there when the port answers
	if err != nil {
		return failed(err, "rm '"+file+"' && authtray run --replace")
	}
	listener, err := api.ListenTCP(address)
	if err != nil {
		return failed(err, doctor.Edit(l.paths.Settings()))
	}
	l.log.Info("api/ is served over TCP", "address", listener.Addr(), "secret", file)
	l.say(api.Check{ID: "api", OK: true,
		Detail: fmt.Sprintf("The API is served over TCP at http://%s/v1/connections/NAME/api/; the secret for it is in %s.", listener.Addr(), file)})
	return serveUntil(api.NewTCPServer(agent, secret, l.log), listener)
}

func serveUntil(server *api.Server, l net.Listener) (end func()) {
	over := make(chan struct{})
	go func() { defer close(over); server.Serve(l) }()
	return func() {
		quick, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		server.Shutdown(quick)
		<-over
	}
}
