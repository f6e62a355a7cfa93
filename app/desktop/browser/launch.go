//go:build !windows

package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/authtray/authtray/app/desktop/autostart"
)

// settle is how long an opener may run before it is taken to have worked. Those
// that fail do so at once; some run for as long as the browser does.
var settle = 3 * time.Second

// tryEach runs the commands in order until one works.
func tryEach(ctx context.Context, log *slog.Logger, commands [][]string) error {
	var last error
	for _, c := range outsideFirst(commands) {
		if last = launch(ctx, log, c); last == nil || ctx.Err() != nil {
			return last
		}
	}
	return fmt.Errorf("the browser could not be opened (%w): copy the link and open it in a browser", last)
}

// outsideFirst lets each command be tried outside of the agent's unit, where it is
// of one, before it is tried as it is.
func outsideFirst(commands [][]string) (all [][]string) {
	for _, c := range commands {
		if outside, ok := autostart.OutsideUnit(c); ok {
			all = append(all, outside)
		}
		all = append(all, c)
	}
	return all
}

// launch runs one command without a shell, in a session of its own so that it
// outlives us and our terminal. It is always waited for: no zombie is left.
func launch(ctx context.Context, log *slog.Logger, command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = Environ(os.Environ())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	name := filepath.Base(command[0])
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s cannot be started: %w", name, reason(err))
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case err := <-ended:
		return failure(name, err)
	case <-timer.C:
		go logLate(log, name, ended)
		return nil
	case <-ctx.Done():
		go logLate(log, name, ended)
		return ctx.Err()
	}
}

func failure(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, reason(err))
}

func logLate(log *slog.Logger, name string, ended <-chan error) {
	if err := <-ended; err != nil {
		log.Info("the program that opens the browser failed late", "program", name, "err", reason(err))
	}
}

// reason is err without the command line, which holds the URL.
func reason(err error) error {
	var path *exec.Error
	if errors.As(err, &path) {
		return path.Err
	}
	var op *os.PathError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func openFolder(ctx context.Context, log *slog.Logger, dir string) error {
	if runtime.GOOS == "darwin" {
		return tryEach(ctx, log, [][]string{{"/usr/bin/open", dir}})
	}
	return tryEach(ctx, log, [][]string{{"xdg-open", dir}, {"gio", "open", dir}})
}
