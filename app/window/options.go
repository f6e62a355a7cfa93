package window

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"sync"
)

// ID names the application to the desktop.
const ID = "io.github.authtray.Authtray"

// Options are what the window is told by the program that shows it.
type Options struct {
	Address string // where the window listens, see raise.Address
	Profile string // "" is the ordinary one
	Version string
	Browse  func(url string) error          // opens the system browser; may wait
	Start   func(ctx context.Context) error // starts the agent, returns when it answers
	Log     *slog.Logger
}

// mute keeps the toolkit's own messages off stderr: they go to the log. Where
// no window can be made Fyne ends the process after such a message, so that one
// is turned into a sentence here.
func mute(to *slog.Logger) (restore func()) {
	log.SetOutput(&toolkit{log: to, stderr: os.Stderr})
	return func() { log.SetOutput(os.Stderr) }
}

// toolkit receives what Fyne logs.
type toolkit struct {
	log    *slog.Logger
	stderr io.Writer
	once   sync.Once
}

func (t *toolkit) Write(p []byte) (int, error) {
	t.log.Debug("window toolkit", "says", plain(string(p)))
	if bytes.Contains(p, []byte("window creation error")) {
		t.once.Do(func() { fmt.Fprintln(t.stderr, "authtray:", errNoGraphics) })
	}
	return len(p), nil
}
