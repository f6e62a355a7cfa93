package app

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/authtray/authtray/app/doctor"
	"github.com/authtray/authtray/app/socket"
)

// Doctor implements socket.Agent.
func (a *Agent) Doctor(ctx context.Context) []socket.Check {
	self := socket.Check{ID: "agent", OK: true, Detail: fmt.Sprintf("Authtray %s runs as process %d.", a.opts.Version, os.Getpid())}
	return slices.Concat([]socket.Check{self}, doctor.Examine(ctx, a.patient(true)), a.beside.checks())
}

// patient is what there is to look at, for an agent that runs, or for one that
// has only read its files.
func (a *Agent) patient(running bool) doctor.Patient {
	p := doctor.Patient{Paths: a.opts.Paths, Store: a.opts.Store, Running: running, Tray: a.opts.Tray != nil || !running, Now: a.opts.Clock.Now}
	for _, st := range a.manager.List() {
		c := doctor.Connection{Name: st.Name}
		if file, ok := a.files.get(st.Name); ok {
			c.Client = file.client
		}
		if running {
			c.State = st
		}
		p.Connections = append(p.Connections, c)
	}
	return p
}
