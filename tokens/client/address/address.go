// Package address knows where the agent listens, by the rule that package
// app/api documents. It is apart from package client for one reason: the shortcut
// of `authtray token` (package quick) runs before the rest of the program is set
// up, so what it imports may import next to nothing.
package address

import (
	"errors"
	"syscall"

	"github.com/authtray/authtray/providers/name"
)

// Agent is where the agent of this profile listens: the path of its socket, or
// the name of its pipe. It reads the environment only: AUTHTRAY_SOCKET,
// AUTHTRAY_PROFILE, AUTHTRAY_STATE and the system's own variables.
func Agent() (string, error) {
	if a := getenv("AUTHTRAY_SOCKET"); a != "" {
		return a, nil
	}
	world, err := World(getenv("AUTHTRAY_PROFILE"))
	if err != nil {
		return "", err
	}
	return agent(world)
}

// World is the name that a profile's folders, pipe and keychain service bear:
// "authtray", or "authtray-PROFILE".
func World(profile string) (string, error) {
	if profile == "" {
		return "authtray", nil
	}
	if !name.Valid(profile) {
		return "", errors.New("AUTHTRAY_PROFILE is no usable name: use " + name.Rule)
	}
	return "authtray-" + profile, nil
}

func getenv(name string) string {
	value, _ := syscall.Getenv(name)
	return value
}
