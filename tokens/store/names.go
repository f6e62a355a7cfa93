package store

import (
	"fmt"
	"regexp"
)

// keyPattern keeps keys to what every keychain takes as a name, and what cannot
// be mistaken for a part of another value or for the end of a line of commands
// (macOS is spoken to line by line).
var (
	keyPattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@:/#-]{0,127}$`)
	partPattern = regexp.MustCompile(`#[ab]\.[0-9]+$`)
)

// checkKey refuses keys that no connection has.
func checkKey(key string) error {
	if !keyPattern.MatchString(key) || partPattern.MatchString(key) {
		return fmt.Errorf("%w: %q is no name for a value", ErrUnavailable, key)
	}
	return nil
}
