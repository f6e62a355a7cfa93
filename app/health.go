package app

import (
	"errors"
	"os"
	"time"

	"github.com/authtray/authtray/app/socket"
)

var errNoAutostart = errors.New("Authtray cannot be started at login here")

// Health implements socket.Agent.
func (a *Agent) Health() socket.Health {
	h := socket.Health{
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
