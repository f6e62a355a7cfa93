package browser

import "errors"

// ErrNoOpener: there is a display, and no program that opens a browser.
var ErrNoOpener = errors.New("no program to open the browser was found")

func available(env func(string) string) error {
	switch {
	case len(openers("https://example.org", env, found)) > 0:
		return nil
	case !display(env):
		return ErrNoDisplay
	}
	return ErrNoOpener
}
