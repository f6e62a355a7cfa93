package autostart

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/authtray/authtray/app/desktop/console"
)

// Entry is what is to be started at login: `PROGRAM run --login`, in a profile.
type Entry struct {
	Profile string // named profile, "" for the default one
	Program string // absolute path; "" for the running program
}

// Set turns start at login on or off. Turning off what is off is no error.
func (e Entry) Set(on bool) error {
	if !on {
		return e.remove()
	}
	e, err := e.complete()
	if err != nil {
		return err
	}
	return e.write()
}

// On says whether start at login is on. An entry that the desktop's own
// settings have switched off counts as off.
func (e Entry) On() (bool, error) {
	kept, err := e.read()
	return err == nil && kept.on, err
}

// Follow rewrites the entry where it is on and names a program that is no
// longer there: the program has moved; or where systemd runs the session and has no
// unit: an older version wrote it, or another session. It leaves alone an entry whose program
// still exists, so that trying out another build does not take over. It says
// whether it wrote.
func (e Entry) Follow() (bool, error) {
	kept, err := e.read()
	if err != nil || !kept.on {
		return false, err
	}
	_, err = os.Stat(kept.program)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, e.Set(true)
	case err == nil && systemd() && !e.hasUnit():
		e.Program = kept.program
		return true, e.Set(true)
	}
	return false, nil
}

// entry is what a system keeps.
type entry struct {
	on      bool
	program string
}

// id names the entry: one for each profile.
func (e Entry) id() string {
	if e.Profile == "" {
		return "authtray"
	}
	return "authtray-" + e.Profile
}

// complete finds the program and refuses what no format could hold.
func (e Entry) complete() (Entry, error) {
	if e.Program == "" {
		path, err := os.Executable()
		if err != nil {
			return e, fmt.Errorf("start at login cannot be set, because the program's own path is unknown: %w", err)
		}
		// Linux says so of a program that was replaced while it runs.
		e.Program = console.AgentProgram(strings.TrimSuffix(path, " (deleted)"))
	}
	for _, s := range []string{e.Program, e.Profile} {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return e, fmt.Errorf("start at login cannot be set for %q: its path or profile holds control characters", e.Program)
		}
	}
	return e, nil
}
