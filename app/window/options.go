package window

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"sync/atomic"
)

// appID names the application to the desktop. On Linux it is the name of the
// desktop file without its ending, as the xdg-shell protocol wants it: GNOME and
// Plasma find the name and the icon of a window on Wayland by that, and by nothing
// else. Elsewhere it is the ID of FyneApp.toml.
func appID(goos string) string {
	if goos == "linux" {
		return "authtray"
	}
	return "io.github.authtray.Authtray"
}

// Options are what the window is told by the program that shows it.
type Options struct {
	Address string // where the window listens, see raise.Address
	Profile string // "" is the ordinary one
	Version string
	Browse  func(url string) error          // opens the system browser; may wait
	Config  string                          // the folder of the configuration
	Folder  func(dir string) error          // opens the file manager; may wait
	Start   func(ctx context.Context) error // starts the agent, returns when it answers
	// Authtray runs a command as a terminal would, and returns what it prints and what
	// it says on the side. The error is one sentence.
	Authtray func(ctx context.Context, args ...string) (printed, said string, err error)
	Log      *slog.Logger
}

// toolkit receives what Fyne says on the standard logger, and hands it to ours.
// Where no window can be made Fyne says so there and nowhere else.
type toolkit struct {
	log     *slog.Logger
	stderr  io.Writer
	blind   atomic.Bool // no window could be made
	running atomic.Bool // Fyne's loop runs: after such a message it ends the process
}

// listen keeps the toolkit's messages off stderr until restore is called.
func (t *toolkit) listen() (restore func()) {
	before := log.Writer()
	log.SetOutput(t)
	return func() { log.SetOutput(before) }
}

func (t *toolkit) Write(p []byte) (int, error) {
	t.log.Debug("window toolkit", "says", plain(string(p)))
	if bytes.Contains(p, []byte("window creation error")) && !t.blind.Swap(true) && t.running.Load() {
		fmt.Fprintln(t.stderr, "authtray:", errNoGraphics)
	}
	return len(p), nil
}

// errNoDisplay is told before Fyne is touched, which would panic.
var errNoDisplay = errors.New("there is no display to show a window on: set DISPLAY or WAYLAND_DISPLAY, or use `authtray status` and the other commands")

// errNoGraphics is told where there is a display on which Fyne cannot draw.
var errNoGraphics = errors.New("the window cannot be drawn: this display does not offer OpenGL 2.1, or does not answer; `authtray status` and the other commands work without it")

// checkDisplay looks where a window could be shown at all.
func checkDisplay(goos string, getenv func(string) string) error {
	switch goos {
	case "windows", "darwin":
		return nil
	}
	if getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return errNoDisplay
	}
	return nil
}
