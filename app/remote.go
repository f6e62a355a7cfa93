package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/socket"
)

// This file serves what is beside the agent's own socket: the one to forward to
// another machine, and api/ over TCP where the settings ask for it. Where either
// cannot be made the agent goes on without it.

// serveRemote returns what ends it.
func (a *Agent) serveRemote() (end func()) {
	listener, err := socket.Listen(socket.RemoteAddress(a.opts.Paths.Socket), a.log)
	if err != nil {
		a.log.Warn("there is no socket to forward", "err", err)
		return func() {}
	}
	return serveBeside(socket.NewRemoteServer(a, a.isRemote, a.log), listener)
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
	secret, err := apiSecret(filepath.Join(a.opts.Paths.State, "api-secret"))
	var listener net.Listener
	if err == nil {
		listener, err = socket.ListenTCP(address)
	}
	if err != nil {
		a.log.Warn("api/ is not served over TCP", "err", err)
		return func() {}
	}
	a.log.Info("api/ is served over TCP", "address", listener.Addr())
	return serveBeside(socket.NewTCPServer(a, secret, a.log), listener)
}

// apiSecret is the one that tools were told before, or a new one. Where the file
// was opened to others, reading it is an error.
func apiSecret(path string) (string, error) {
	data, err := config.Read(path)
	if err == nil && len(data) > 20 {
		return strings.TrimSpace(string(data)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret := rand.Text()
	return secret, config.Write(path, []byte(secret+"\n"))
}

func serveBeside(server *socket.Server, l net.Listener) (end func()) {
	over := make(chan struct{})
	go func() { defer close(over); server.Serve(l) }()
	return func() {
		quick, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		server.Shutdown(quick)
		<-over
	}
}
