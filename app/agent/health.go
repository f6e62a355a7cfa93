package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/doctor"
)

// Doctor implements api.Agent.
func (a *Agent) Doctor(ctx context.Context) []api.Check {
	self := api.Check{ID: "agent", OK: true, Detail: fmt.Sprintf("Authtray %s runs as process %d.", a.opts.Version, os.Getpid())}
	return slices.Concat([]api.Check{self}, doctor.Examine(ctx, a.patient(true)), a.beside.checks())
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

var errNoAutostart = errors.New("Authtray cannot be started at login here")

// Health implements api.Agent.
func (a *Agent) Health() api.Health {
	h := api.Health{
		Version: a.opts.Version, Uptime: time.Since(a.started).Round(time.Second).String(), PID: os.Getpid(),
		Profile: a.opts.Paths.Profile, Store: a.opts.Store.Kind(), Tray: "off", Notifications: "none",
	}
	note := func(s string) {
		if s != "" {
			h.Notes = append(h.Notes, s)
		}
	}
	if a.opts.Tray != nil {
		var why string
		h.Tray, why = a.opts.Tray.Health()
		note(why)
	}
	if a.opts.Notify != nil {
		var why string
		h.Notifications, why = a.opts.Notify.Health()
		note(why)
	}
	if a.opts.Audit != nil {
		note(a.opts.Audit.Trouble())
	}
	if h.Store == "memory" {
		note("Grants are kept in memory only: when the agent ends, every connection has to be connected again.")
	}
	for _, c := range a.beside.checks() {
		if !c.OK {
			note(c.Detail)
		}
	}
	for _, trouble := range a.files.notes() {
		note(trouble)
	}
	return h
}
