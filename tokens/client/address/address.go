// Package address knows where the agent listens, by the rule that package
// app/api documents. It is apart from package client for one reason: the shortcut
// of `authtray token` (package quick) runs before the rest of the program is set
// up, so what it imports may import next to nothing.
package address

import (
	"errors"
	"syscall"
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
	if !validProfile(profile) {
		return "", errors.New("AUTHTRAY_PROFILE may hold up to 64 lower-case letters, digits, dots, dashes and underscores, and starts with a letter or digit")
	}
	return "authtray-" + profile, nil
}

// validProfile keeps a profile's name from leaving its folder.
func validProfile(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return len(s) <= 64
}

func getenv(name string) string {
	value, _ := syscall.Getenv(name)
	return value
}
