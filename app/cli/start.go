package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/console"
)

// startTime is how long a new agent may take to answer: at most it waits for a
// keychain to come up.
const startTime = 25 * time.Second

// ensureAgent starts an agent if none runs, in a session of its own, so that it
// outlives the terminal. Its log goes to the state folder.
func (s *shell) ensureAgent(ctx context.Context) error {
	_, running, err := s.running(ctx)
	if err != nil || running {
		return err
	}
	log, err := s.openLog()
	if err != nil {
		return fmt.Errorf("the agent's log cannot be written, so none is started: %w", err)
	}
	defer log.Close()
	cmd, err := detached(log)
	if err != nil {
		return err
	}
	began, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the agent cannot be started: %w", err)
	}
	return s.awaitStart(ctx, cmd, log.Name(), began)
}

// openLog appends to the log, and begins a new one when it has grown large.
func (s *shell) openLog() (*os.File, error) {
	if err := os.MkdirAll(s.paths.State, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(s.paths.State, "agent.log")
	if info, err := os.Stat(path); err == nil && info.Size() > 1<<20 {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return config.OpenState(path, os.O_CREATE|os.O_APPEND|os.O_RDWR)
}

func detached(log *os.File) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the agent cannot be started: %w", err)
	}
	cmd := exec.Command(console.AgentProgram(self), "run")
	cmd.Stdout, cmd.Stderr = log, log
	console.Detach(cmd)
	return cmd, nil
}

// awaitStart returns when the agent answers. One that ends before says why in
// its log.
func (s *shell) awaitStart(ctx context.Context, cmd *exec.Cmd, log string, began int64) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if _, running, _ := s.running(ctx); running {
				return nil
			}
		case err := <-ended:
			if _, running, _ := s.running(ctx); running { // another one was faster
				return nil
			}
			return startTrouble(err, lastWords(log, began), log)
		case <-ctx.Done():
			return failed("authtray run", "the agent was started and does not answer; its log is %s", log)
		}
	}
}

// startTrouble hands on why the agent ended: its last sentence and exit code.
func startTrouble(err error, said, log string) error {
	t := &trouble{exit: exitFailed, sentence: said}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		t.exit = exit.ExitCode()
	}
	if said == "" {
		t.sentence = "the agent ended at once; its log is " + log
	}
	return t
}

// lastWords is the last line that was written to the log since began.
func lastWords(log string, began int64) string {
	f, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.NewSectionReader(f, began, 64<<10))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "authtray: ")
}
