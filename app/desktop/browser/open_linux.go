package browser

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strings"
)

// start asks, in this order, what $BROWSER names, wslview inside WSL, and
// xdg-open.
func start(ctx context.Context, log *slog.Logger, url string) error {
	commands := openers(url, os.Getenv, found)
	if len(commands) == 0 {
		if !display(os.Getenv) {
			return ErrNoDisplay
		}
		return errors.New("no program to open the browser was found: install xdg-utils, or name a browser in the variable BROWSER; or copy the link")
	}
	return tryEach(ctx, log, commands)
}

func found(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// openers are the commands to try. Without a display xdg-open would start a
// browser in a terminal that nobody sees; $BROWSER is believed even then.
func openers(url string, env func(string) string, found func(string) bool) [][]string {
	commands := fromVariable(env("BROWSER"), url, found)
	if env("WSL_DISTRO_NAME") != "" && found("wslview") {
		commands = append(commands, []string{"wslview", url})
	}
	if display(env) {
		for _, program := range []string{"xdg-open", "x-www-browser"} {
			if found(program) {
				commands = append(commands, []string{program, url})
			}
		}
	}
	return commands
}

func display(env func(string) string) bool {
	return env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}

// fromVariable reads $BROWSER: commands separated by colons, each with %s where
// the URL goes, or without, and then it comes last. No shell reads them.
func fromVariable(list, url string, found func(string) bool) [][]string {
	var commands [][]string
	for entry := range strings.SplitSeq(list, ":") {
		words := strings.Fields(entry)
		if len(words) == 0 || !found(words[0]) {
			continue
		}
		commands = append(commands, withURL(words, url))
	}
	return commands
}

func withURL(words []string, url string) []string {
	placed := false
	for i, w := range words[1:] {
		if strings.Contains(w, "%s") {
			words[i+1] = strings.ReplaceAll(w, "%s", url)
			placed = true
		}
	}
	if !placed {
		words = append(words, url)
	}
	return words
}

// ErrNoOpener: there is a display, and no program that opens a browser.
var errNoOpener = errors.New("no program to open the browser was found")

func available(env func(string) string) error {
	switch {
	case len(openers("https://example.org", env, found)) > 0:
		return nil
	case !display(env):
		return ErrNoDisplay
	}
	return errNoOpener
}
