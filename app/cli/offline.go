package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/store"
)

// needs says what a command must have where no agent runs.
type needs func(config.Paths) (store.Store, error)

// withKeychain: the command reads or writes secrets.
func withKeychain(p config.Paths) (store.Store, error) {
	return store.Keychain(p.Service()), nil
}

// withFiles: the command is about configuration only.
func withFiles(config.Paths) (store.Store, error) { return store.Memory(), nil }

// here does something with the agent that runs; where none does, with one that
// lives in this process for as long as it takes, so that the same rules hold.
func (s *shell) here(ctx context.Context, n needs, act func(remote) error) error {
	switch _, running, err := s.running(ctx); {
	case err != nil:
		return err
	case running:
		return act(s.agent())
	}
	unlock, err := api.Lock(s.paths.Lock())
	if errors.Is(err, api.ErrRunning) {
		return failed("authtray status", "an agent is just starting or ending; try again in a moment")
	}
	if err != nil {
		return err
	}
	defer unlock()
	keep, err := n(s.paths)
	if err != nil {
		return err
	}
	defer keep.Close()
	return s.brief(ctx, keep, act)
}

// brief runs an agent that nobody else can reach.
func (s *shell) brief(ctx context.Context, keep store.Store, act func(remote) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	a := agent.NewAgent(agent.Options{Paths: s.paths, Store: keep, Log: log, Version: s.version})
	a.Files.Reload()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Manager.Run(a.Ended)
	}()
	inside := newInside()
	server := api.NewServer(a, log)
	go server.Serve(inside)
	err := act(remote{inside.client()})
	quick, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	server.Shutdown(quick)
	a.Quit()
	<-ended // what is on its way to the keychain gets there
	return err
}

// inside is a listener within the process.
type inside struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newInside() *inside { return &inside{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (l *inside) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: l.dial, DisableKeepAlives: true}}
}

func (l *inside) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("not answered: %w", ctx.Err())
	}
}

func (l *inside) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is called once, by the server.
func (l *inside) Close() error {
	close(l.closed)
	return nil
}

func (l *inside) Addr() net.Addr { return &net.UnixAddr{Name: "inside", Net: "unix"} }
