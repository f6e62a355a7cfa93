package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var name = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// ErrName is wrapped by every error of CheckName.
var ErrName = errors.New("not a usable name")

// CheckName says what is wrong with the name of a connection or a profile.
func CheckName(s string) error {
	switch {
	case !name.MatchString(s):
		return fmt.Errorf("%w: %q: use up to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit", ErrName, shorten(s))
	case reserved(s):
		return fmt.Errorf("%w: %q is a device's name on Windows, where no file can be called so: choose another", ErrName, s)
	}
	return nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}

// reserved tells the names that Windows takes for devices, whatever follows the
// first dot. They are refused everywhere, so that a folder of connections can
// move between machines.
func reserved(s string) bool {
	base, _, _ := strings.Cut(s, ".")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	port, ok := strings.CutPrefix(base, "com")
	if !ok {
		port, ok = strings.CutPrefix(base, "lpt")
	}
	return ok && len(port) == 1 && port[0] >= '1' && port[0] <= '9'
}
