package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/autostart"
	"github.com/authtray/authtray/app/desktop/console"
	"github.com/authtray/authtray/app/window/raise"
)

// windowOpener starts the window's process, or raises the one that is open.
type windowOpener struct {
	socket  string // the agent's, which the window speaks to
	state   string // the state folder, for what the process writes to stderr
	carried bool   // this executable carries the window

	mu sync.Mutex // one start at a time
}

// windowTime is how long the window may take to show that it is there.
const windowTime = 15 * time.Second

// openWindow shows the window, and in it a connection; "" for none in particular.
func (w *windowOpener) openWindow(ctx context.Context, connection string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, windowTime)
	defer cancel()
	at := raise.Address(w.socket)
	if raised, err := raise.Raise(ctx, at, connection); raised || err != nil {
		return err
	}
	cmd, err := w.command()
	if err != nil {
		return err
	}
	return w.start(ctx, cmd, at, connection)
}

var errNoDisplay = errors.New("there is no display here, so the window cannot be opened; the commands work without it: authtray status")

// command is the program that shows the window: this one where it carries it,
// else authtray-window beside it or in PATH.
func (w *windowOpener) command() (*exec.Cmd, error) {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, errNoDisplay
	}
	program, err := w.program()
	if err != nil {
		return nil, err
	}
	command := []string{program, "window"}
	if outside, ok := autostart.OutsideUnit(command); ok {
		command = outside
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "AUTHTRAY_SOCKET="+w.socket)
	console.Hide(cmd)
	return cmd, nil
}

// there reports whether there is a window to open.
func (w *windowOpener) there() bool {
	_, err := w.command()
	return err == nil
}

// showFromNotifications lets a notification that stands for several sign-ins open the
// window, where there is one.
func (a *Agent) showFromNotifications() {
	n, ok := a.opts.Notify.(interface{ OnShow(open func()) })
	if !ok || !a.window.there() {
		return
	}
	n.OnShow(func() {
		if err := a.OpenWindow(a.ended); err != nil {
			a.log.Warn("the window cannot be opened", "err", err)
		}
	})
}

func (w *windowOpener) program() (string, error) {
	self, err := os.Executable()
	if err == nil && w.carried {
		return self, nil
	}
	name := "authtray-window"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if err == nil {
		if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) {
			return beside, nil
		}
	}
	if inPath, err := exec.LookPath(name); err == nil && filepath.IsAbs(inPath) {
		return inPath, nil
	}
	return "", fmt.Errorf("this authtray was built without its window, and %s is neither beside it nor in PATH: install it, or build it with `make window`", name)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// start runs the window and returns when it answers. One that ends before says
// why on stderr, in one sentence. That goes to a file, not to a pipe of ours: the
// window outlives the agent, and writing to a broken pipe would end it.
func (w *windowOpener) start(ctx context.Context, cmd *exec.Cmd, at, connection string) error {
	said, err := config.OpenState(filepath.Join(w.state, "window.log"), os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return fmt.Errorf("the window cannot be started: %w", err)
	}
	defer said.Close()
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the window cannot be started: %w", err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if raised, _ := raise.Raise(ctx, at, connection); raised {
				return nil
			}
		case err := <-over:
			if line := lastLine(said); line != "" {
				return errors.New(line)
			}
			return fmt.Errorf("the window ended at once (%v)", err)
		case <-ctx.Done():
			return errors.New("the window was started and does not answer; it may still come")
		}
	}
}

// lastLine is the last thing that was written to a file.
func lastLine(f *os.File) string {
	const most = 4096
	var from int64
	if info, err := f.Stat(); err == nil {
		from = max(info.Size()-most, 0)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, from, most))
	if err != nil {
		return ""
	}
	text = bytes.TrimSpace(text)
	return strings.TrimPrefix(string(text[bytes.LastIndexByte(text, '\n')+1:]), "authtray: ")
}
