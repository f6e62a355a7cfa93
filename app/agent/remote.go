package agent

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/doctor"
)

// This file serves what is beside the agent's own socket: the one to forward to
// another machine, and api/ over TCP where the settings ask for it. Where either
// cannot be made the agent goes on without it, and says so in `status` and
// `doctor`.

// beside is what became of the two, for people.
type beside struct {
	mu    sync.Mutex
	found []api.Check
}

func (b *beside) say(c api.Check) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, c)
}

func (b *beside) checks() []api.Check {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.found)
}

// serveRemote returns what ends it.
func (a *Agent) serveRemote() (end func()) {
	address := api.RemoteAddress(a.opts.Paths.Socket)
	listener, err := api.Listen(address, a.log)
	if err != nil {
		a.log.Warn("there is no socket to forward", "err", err)
		a.beside.say(api.Check{ID: "remote", Detail: "There is no socket to forward: " + sentence(err), Hint: "authtray run --replace"})
		return func() {}
	}
	return serveBeside(api.NewRemoteServer(a, a.isRemote, a.log), listener)
}

// isRemote: the user opened the connection to other machines.
func (a *Agent) isRemote(name string) bool {
	file, ok := a.files.get(name)
	return ok && file.conn.Remote
}

// serveTCP returns what ends it.
func (a *Agent) serveTCP() (end func()) {
	a.files.mu.Lock()
	address := a.files.settings.APIListen
	a.files.mu.Unlock()
	if address == "" {
		return func() {}
	}
	file := a.opts.Paths.APISecret()
	secret, err := config.APISecret(file) // first: it is there when the port answers
	if err != nil {
		return a.noTCP(err, "rm '"+file+"' && authtray run --replace")
	}
	listener, err := api.ListenTCP(address)
	if err != nil {
		return a.noTCP(err, doctor.Edit(a.opts.Paths.Settings()))
	}
	a.log.Info("api/ is served over TCP", "address", listener.Addr(), "secret", file)
	a.beside.say(api.Check{ID: "api", OK: true,
		Detail: fmt.Sprintf("The API is served over TCP at http://%s/v1/connections/NAME/api/; the secret for it is in %s.", listener.Addr(), file)})
	return serveBeside(api.NewTCPServer(a, secret, a.log), listener)
}

func (a *Agent) noTCP(why error, hint string) (end func()) {
	a.log.Warn("api/ is not served over TCP", "err", why)
	a.beside.say(api.Check{ID: "api", Detail: "The API is not served over TCP: " + sentence(why), Hint: hint})
	return func() {}
}

func serveBeside(server *api.Server, l net.Listener) (end func()) {
	over := make(chan struct{})
	go func() { defer close(over); server.Serve(l) }()
	return func() {
		quick, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		server.Shutdown(quick)
		<-over
	}
}
