package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/authtray/authtray/tokens/client/address"
)

// Paths is where one profile lives.
type Paths struct {
	Profile string // "" is the ordinary one
	Config  string // settings, connections, the user's provider entries
	State   string // lock, notes, audit log
	Socket  string // the agent's address: a path, or a pipe's name on Windows

	ordinary string // the state folder, whatever AUTHTRAY_STATE says; "": not known
}

// Connections is the folder of connection files.
func (p Paths) Connections() string { return filepath.Join(p.Config, "connections") }

// Providers is the folder of the user's own provider entries.
func (p Paths) Providers() string { return filepath.Join(p.Config, "providers") }

// Settings is the settings file.
func (p Paths) Settings() string { return filepath.Join(p.Config, "settings.toml") }

// Lock is the file that one agent holds for life.
func (p Paths) Lock() string { return filepath.Join(p.State, "agent.lock") }

// KeychainLock is the file that whoever uses the profile's keychain items holds,
// on systems that know no better lock for them. It is where the user's keychain
// is, and not where AUTHTRAY_STATE says.
func (p Paths) KeychainLock() string {
	folder := p.ordinary
	if folder == "" {
		folder = p.State
	}
	return filepath.Join(folder, "keychain.lock")
}

// Service is the name under which the keychain keeps this profile's items.
func (p Paths) Service() string { return world(p.Profile) }

// Find gives the paths of the profile named by AUTHTRAY_PROFILE. It makes no
// folder. AUTHTRAY_CONFIG, AUTHTRAY_STATE and AUTHTRAY_SOCKET override single
// places.
func Find() (Paths, error) {
	home, _ := os.UserHomeDir()
	p, err := resolve(surroundings{goos: runtime.GOOS, getenv: os.Getenv, home: home})
	if err != nil {
		return Paths{}, err
	}
	p.Socket, err = address.Agent() // one rule for the agent and its clients
	return p, err
}

// surroundings is what the paths follow from.
type surroundings struct {
	goos   string
	getenv func(string) string
	home   string
}

func resolve(s surroundings) (Paths, error) {
	p := Paths{Profile: s.getenv("AUTHTRAY_PROFILE")}
	if p.Profile != "" {
		if err := CheckName(p.Profile); err != nil {
			return Paths{}, fmt.Errorf("AUTHTRAY_PROFILE: %w", err)
		}
	}
	p.ordinary = s.state(p.Profile)
	var err error
	if p.Config, err = s.place("AUTHTRAY_CONFIG", s.config(p.Profile)); err != nil {
		return Paths{}, err
	}
	if p.State, err = s.place("AUTHTRAY_STATE", p.ordinary); err != nil {
		return Paths{}, err
	}
	return p, nil
}

// world is the name that a profile's folders, socket and keychain items go by.
func world(profile string) string {
	if profile == "" {
		return "authtray"
	}
	return "authtray-" + profile
}

// Why the folders are not known.
var (
	errNoHome    = errors.New("the home folder is not known: set HOME, or AUTHTRAY_CONFIG and AUTHTRAY_STATE")
	errNoAppData = errors.New("your folders are not known: set AppData and LocalAppData, or AUTHTRAY_CONFIG and AUTHTRAY_STATE")
)

func (s surroundings) place(variable, otherwise string) (string, error) {
	if v := s.getenv(variable); v != "" {
		return filepath.Abs(v)
	}
	switch {
	case otherwise == "" && s.goos == "windows":
		return "", errNoAppData
	case otherwise == "":
		return "", errNoHome
	}
	return otherwise, nil
}

func (s surroundings) config(profile string) string {
	switch s.goos {
	case "windows":
		return under(s.getenv("AppData"), world(profile))
	case "darwin":
		return under(s.home, "Library", "Application Support", world(profile))
	}
	return s.xdg("XDG_CONFIG_HOME", []string{".config"}, profile)
}

func (s surroundings) state(profile string) string {
	switch s.goos {
	case "windows":
		return under(s.getenv("LocalAppData"), world(profile))
	case "darwin":
		return under(s.home, "Library", "Application Support", world(profile), "state")
	}
	return s.xdg("XDG_STATE_HOME", []string{".local", "state"}, profile)
}

// xdg obeys a variable only when it is absolute, as the XDG Base Directory
// Specification asks.
func (s surroundings) xdg(variable string, fallback []string, profile string) string {
	if v := s.getenv(variable); filepath.IsAbs(v) {
		return filepath.Join(v, world(profile))
	}
	return under(s.home, append(fallback, world(profile))...)
}

// under joins, but is "" where there is no base to join to.
func under(base string, rest ...string) string {
	if base == "" {
		return ""
	}
	return filepath.Join(append([]string{base}, rest...)...)
}
