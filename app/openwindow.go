package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/app/window/raise"
)

// window starts the window's process, or raises the one that is open.
type window struct {
	agent *Agent
	mu    sync.Mutex // one start at a time
}

// windowTime is how long the window may take to show that it is there.
const windowTime = 15 * time.Second

// OpenWindow implements socket.Agent.
func (a *Agent) OpenWindow(ctx context.Context) error {
	if err := a.window.open(ctx); err != nil {
		return asError(err, codeFailed, sentence(err), "authtray status")
	}
	return nil
}

func (w *window) open(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, windowTime)
	defer cancel()
	at := raise.Address(w.agent.opts.Paths.Socket)
	if raised, err := raise.Raise(ctx, at); raised || err != nil {
		return err
	}
	cmd, err := w.command()
	if err != nil {
		return err
	}
	return start(ctx, cmd, at)
}

var errNoDisplay = errors.New("there is no display here, so the window cannot be opened; the commands work without it: authtray status")

// command is the program that shows the window: this one where it carries it,
// else authtray-window beside it or in PATH.
func (w *window) command() (*exec.Cmd, error) {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, errNoDisplay
	}
	program, err := w.program()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "window")
	cmd.Env = append(os.Environ(), "AUTHTRAY_SOCKET="+w.agent.opts.Paths.Socket)
	return cmd, nil
}

func (w *window) program() (string, error) {
	self, err := os.Executable()
	if err == nil && w.agent.opts.HasWindow {
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
// why on stderr, in one sentence.
func start(ctx context.Context, cmd *exec.Cmd, at string) error {
	said := &tail{}
	cmd.Stderr = said
	cmd.WaitDelay = time.Second // something that it started may hold stderr
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
			if raised, _ := raise.Raise(ctx, at); raised {
				return nil
			}
		case err := <-over:
			if line := said.last(); line != "" {
				return errors.New(line)
			}
			return fmt.Errorf("the window ended at once (%v)", err)
		case <-ctx.Done():
			return errors.New("the window was started and does not answer; it may still come")
		}
	}
}

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - 4096; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	return strings.TrimPrefix(strings.TrimSpace(string(lines[len(lines)-1])), "authtray: ")
}
