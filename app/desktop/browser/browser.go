package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
)

// maxURL is more than any authorization request needs, and less than what any
// system's command line or handler takes.
const maxURL = 16 << 10

// ErrNoDisplay means that this session has no screen to show a browser on.
var ErrNoDisplay = errors.New("there is no display here, so no browser can be opened: copy the link and open it in a browser")

// Open opens url in the user's browser. It returns when the program that opens
// it has done so, has failed, or has run for a short while, which is taken for
// success; a failure after that is written to log, without the URL. The error is
// a sentence for people and never holds the URL.
func Open(ctx context.Context, log *slog.Logger, url string) error {
	if err := Check(url); err != nil {
		return err
	}
	return open(ctx, log, url)
}

// Check says why url may not be opened, or nil: only https, and http to this
// machine (catalog.IsLoopbackHost; browsers ask no resolver for localhost either),
// without a user name in front of the host.
func Check(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxURL:
		return refused("it is not a well-formed URL")
	case u.User != nil:
		return refused("it holds a user name")
	case u.Hostname() == "":
		return refused("it names no host")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && catalog.IsLoopbackHost(u.Hostname()):
		return nil
	}
	return refused("only https, and http to this machine (localhost, 127.0.0.1 or [::1]), is opened")
}

func refused(why string) error {
	return fmt.Errorf("the address was not opened: %s", why)
}

// Available says why no browser could be opened now, without opening one; nil
// where one probably could.
func Available() error { return available(os.Getenv) }

// secretWords mark the names of variables that tend to hold secrets.
var secretWords = []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "API_KEY", "APIKEY", "PRIVATE_KEY"}

// Environ is env without our own variables and without those whose names say
// that they hold a secret. A browser needs much of the rest, from DISPLAY to
// themes, and keeps it for as long as it runs.
func Environ(env []string) []string {
	var kept []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if !secretive(strings.ToUpper(name)) {
			kept = append(kept, kv)
		}
	}
	return kept
}

func secretive(name string) bool {
	if strings.HasPrefix(name, "AUTHTRAY_") {
		return true
	}
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
