package store

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// What the systems below go-keyring take at most. They are checked before it
// is called, on every system: on macOS go-keyring starts a helper program
// first, and leaves it waiting for ever when the item is too large.
const (
	windowsBlob    = 2560 // bytes of a credential's value (CRED_MAX_CREDENTIAL_BLOB_SIZE)
	windowsService = 511  // go-keyring's own limit
	macCommand     = 4096 // bytes of one line that `security -i` reads
)

// fits says whether an item can be kept on every system.
func fits(service, name, text string) error {
	switch {
	case len(text) > windowsBlob, len(service) > windowsService, macLength(service, name, text) > macCommand:
		return fmt.Errorf("%w: an item of %d bytes named %q does not fit", ErrUnavailable, len(text), name)
	}
	return nil
}

// macLength is how long go-keyring's command for `security -i` becomes.
func macLength(service, name, text string) int {
	const fixed = len("add-generic-password -U -s  -a  -w \n") + len("go-keyring-base64:")
	return fixed + quoted(service) + quoted(name) + base64.StdEncoding.EncodedLen(len(text))
}

// quoted is at least the length of s between shell quotes.
func quoted(s string) int { return len(s) + 2 + 4*strings.Count(s, "'") }
