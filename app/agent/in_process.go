package agent

import (
	"context"
	"fmt"
	"net"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/doctor"
	"github.com/authtray/authtray/tokens/client"
)

// InProcess runs an agent in this process while act asks it, for a command where
// no agent runs: the same rules hold then. Nobody else can reach it. InProcess
// returns when what act caused has reached the keychain. The caller holds the
// profile's lock.
func InProcess(ctx context.Context, o Options, act func(client.Agent) error) error {
	a := NewAgent(o)
	a.configuration.reload()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.manager.Run(a.ended)
	}()
	listener := newPipeListener()
	server := api.NewServer(a, a.log)
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(listener)
	}()
	err := act(client.Agent{Dial: listener.dial})
	quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	server.Shutdown(quick)
	a.Quit()
	<-ended
	<-served
	a.background.wait()
	return err
}

// RunChecks makes the checks of `authtray doctor` where no agent runs. It reads
// the configuration as an agent does, and starts nothing.
func RunChecks(ctx context.Context, o Options) []api.Check {
	a := NewAgent(o)
	a.configuration.reload()
	return doctor.Run(ctx, a.patient(false))
}

// pipeListener accepts the connections that its dial makes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
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

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is called once, by the server.
func (l *pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "in-process", Net: "unix"} }
