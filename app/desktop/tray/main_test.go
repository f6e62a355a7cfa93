package tray

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
)

// systray runs once in a process, so each test with a real bus runs its tray in
// a copy of the test program.
const childVariable = "TRAY_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// child shows a tray whose connections come as JSON lines on stdin and whose
// actions and health go to stdout, a line each.
func child() {
	ctx, cancel := context.WithCancel(context.Background())
	tr := New(Options{Actions: printer{cancel}, CanCopy: true,
		OnHealth: func(h Health) { fmt.Printf("health %s\n", h.State) }})
	in := bufio.NewReader(os.Stdin)
	tr.Show(nextStatuses(in))
	go func() {
		for {
			all := nextStatuses(in)
			if all == nil {
				cancel()
				return
			}
			tr.Show(all)
		}
	}()
	err := tr.Run(ctx)
	fmt.Println("ended", err)
}

func nextStatuses(in *bufio.Reader) []tokens.Status {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil
	}
	all := []tokens.Status{}
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		panic(err)
	}
	return all
}

type printer struct{ cancel func() }

func (printer) Connect(n string)     { fmt.Println("connect", n) }
func (printer) Reconnect(n string)   { fmt.Println("reconnect", n) }
func (printer) Refresh(n string)     { fmt.Println("refresh", n) }
func (printer) Disconnect(n string)  { fmt.Println("disconnect", n) }
func (printer) CopyToken(n string)   { fmt.Println("copy", n) }
func (printer) UnlockKeychain()      { fmt.Println("unlock") }
func (printer) Open(n string)        { fmt.Println("open", n) }
func (printer) SetAutostart(on bool) { fmt.Println("autostart", on) }

func (p printer) Quit() {
	fmt.Println("quit")
	p.cancel()
}

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
		case line := <-p.lines:
			got = append(got, line)
			found = found || line == want
		default:
		}
		return found
	})
}
