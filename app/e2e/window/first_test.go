//go:build desktop && linux

package window

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/desktop"
)

// TestFirstStartOpensTheWindowOnce: on a desktop with everything that is looked for,
// the first agent that a person starts at a terminal opens the window, where there is
// nothing yet; the next one does not.
func TestFirstStartOpensTheWindowOnce(t *testing.T) {
	p := build(t)
	need(t, "script", "xdotool")
	d := desktop.Start(t)
	d.StartPanel()
	d.StartNotices()
	s := &screen{T: t, display: os.Getenv("DISPLAY"), env: os.Environ(), home: d.Home(), shots: pictures(t, "first-start")}
	start := func() *exec.Cmd { return s.run(exec.Command("script", "-qec", p.authtray+" run", "/dev/null")) }
	end := func(terminal *exec.Cmd) {
		s.does(p.authtray, "quit")
		terminal.Wait()
	}

	terminal := start()
	window := s.pidOf(s.the(title))
	s.shot("welcome")
	end(terminal)
	if err := syscall.Kill(window, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until("the window is gone", func() bool { return len(s.windows(title)) == 0 })

	until := time.Now().Add(time.Second) // nothing tells of a window that is not opened
	terminal = start()
	s.until("the agent answers", func() bool {
		_, err := s.tries(p.authtray, "status")
		return err == nil && time.Now().After(until)
	})
	if again := s.windows(title); len(again) > 0 {
		t.Errorf("the second start opened %d windows", len(again))
	}
	end(terminal)
}
