package agent

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/doctor"
	"github.com/authtray/authtray/providers/text"
)

// extraListeners serve the agent beside its own socket: at the one to forward to
// another machine. Where that cannot be made the agent goes on without it, and says
// so in `status` and `doctor`.
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
// forward, until its end is called.
func (l *extraListeners) serveForwarded(agent api.Agent, isRemote func(name string) bool, before api.Sockets) forwardedSocket {
	listener, err := before.Listen(api.RemoteAddress(l.paths.Socket), l.log)
	if err != nil {
		l.log.Warn("there is no socket to forward", "err", err)
		l.say(api.Check{ID: "remote", Detail: text.Sentence("There is no socket to forward: " + err.Error()), Hint: "authtray run --replace"})
		return forwardedSocket{}
	}
	f := forwardedSocket{api.NewRemoteServer(agent, isRemote, l.log), listener, make(chan struct{})}
	go func() { defer close(f.over); f.server.Serve(listener) }()
	return f
}

// forwardedSocket is the socket to forward, and its server; the zero value has none.
type forwardedSocket struct {
	server   *api.Server
	listener net.Listener
	over     chan struct{} // closed when nothing is served any more
}

func (f forwardedSocket) listeners() []net.Listener {
	if f.server == nil {
		return nil
	}
	return []net.Listener{f.listener}
}

// finish answers what was taken up, and nothing else.
func (f forwardedSocket) finish(ctx context.Context) {
	if f.server != nil {
		f.server.Finish(ctx, f.listener)
	}
}

func (f forwardedSocket) end() {
	if f.server == nil {
		return
	}
	quick, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	f.server.Shutdown(quick)
	<-f.over
}

// checkSettings tells of a listener that the settings ask for and that there is no
// more: one over TCP, whose secret another user could catch by listening there first.
func (l *extraListeners) checkSettings(s config.Settings) {
	if s.APIListen == nil {
		return
	}
	const gone = "settings.toml asks for api_listen, and Authtray serves nothing over TCP any more: " +
		"remove that line, and let the tool use the socket (/v1/connections/NAME/api/PATH)."
	l.log.Warn("api_listen is not served any more")
	l.say(api.Check{ID: "settings", Detail: gone, Hint: doctor.Edit(l.paths.Settings())})
}
