package tray

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
)

// process is a running child.
type process struct {
	cmd   *exec.Cmd
	in    *json.Encoder
	lines chan string
}

// startTray runs a tray that shows all at first. env is added to its environment.
func startTray(t *testing.T, all []tokens.Status, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childVariable+"=1"), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	bustest.Run(t, cmd)
	p := &process{cmd: cmd, in: json.NewEncoder(in), lines: make(chan string, 100)}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	p.show(t, all)
	return p
}

func (p *process) show(t *testing.T, all []tokens.Status) {
	t.Helper()
	if err := p.in.Encode(all); err != nil {
		t.Fatal(err)
	}
}

// says waits for a line, and fails on another kind of it: "health off" when
// "health registered" is awaited is passed over, as states follow one another.
func (p *process) says(t *testing.T, want string) {
	t.Helper()
	var got []string
	found := false
	bustest.Eventually(t, func() string { return fmt.Sprintf("no %q; it said %s", want, strings.Join(got, ", ")) }, func() bool {
		select {
		case line, more := <-p.lines:
			if !more {
				t.Fatalf("no %q; it ended after %s", want, strings.Join(got, ", "))
			}
			got = append(got, line)
			found = found || line == want
		default:
		}
		return found
	})
}
