package commands

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authtray/authtray/providers/practice/practicetest"
)

// person answers at the address that a command prints.
type person func(ctx context.Context, url, user string, stdin io.Writer) error

var people = map[string]person{
	"visit": func(ctx context.Context, url, user string, _ io.Writer) error {
		redirect, err := practicetest.Consent(ctx, url, user)
		if err != nil {
			return err
		}
		return visit(redirect)
	},
	"deny": func(ctx context.Context, url, user string, _ io.Writer) error {
		redirect, err := practicetest.Deny(ctx, url, user)
		if err != nil {
			return err
		}
		return visit(redirect)
	},
	"paste": func(ctx context.Context, url, user string, stdin io.Writer) error {
		redirect, err := practicetest.Consent(ctx, url, user)
		if err != nil {
			return err
		}
		_, err = io.WriteString(stdin, redirect+"\n")
		return err
	},
	"paste-wrong": func(_ context.Context, _, _ string, stdin io.Writer) error {
		_, err := io.WriteString(stdin, "http://127.0.0.1:1/callback?code=stolen&state=guessed\n")
		return err
	},
	"device": func(ctx context.Context, url, user string, _ io.Writer) error {
		return practicetest.ApproveDevice(ctx, url, user)
	},
	"device-deny": func(ctx context.Context, url, user string, _ io.Writer) error {
		return practicetest.DenyDevice(ctx, url, user)
	},
}

// signin runs a command that prints an address, alone on its line of stderr,
// and has a person answer there.
func signin(ts *testscript.TestScript, _ bool, args []string) {
	user, answer := args[0], people[args[1]]
	cmd := command(ts, args[2], args[3:]...)
	stdin, err := cmd.StdinPipe()
	ts.Check(err)
	var out bytes.Buffer
	errs := &addressFinder{found: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = &out, errs
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	select {
	case url := <-errs.found:
		ts.Check(answer(ctx, url, user, stdin))
		err = <-ended
	case err = <-ended:
	case <-ctx.Done():
		cmd.Process.Kill()
		ts.Fatalf("no address was printed: %s", errs.text())
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(errs.text()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("code"), []byte(exitText(ts, err)+"\n"), 0o600))
	ts.Logf("[exit %s]\n%s%s", exitText(ts, err), out.String(), errs.text())
}

func exitText(ts *testscript.TestScript, err error) string {
	return string(rune('0' + exitCode(ts, err)))
}

// addressFinder keeps what is written, and sends the first line that is a URL
// and nothing else.
type addressFinder struct {
	mu    sync.Mutex
	all   bytes.Buffer
	found chan string
	sent  bool
}

func (a *addressFinder) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all.Write(p)
	for line := range strings.Lines(a.all.String()) {
		url, whole := strings.CutSuffix(line, "\n")
		if whole && !a.sent && strings.HasPrefix(url, "http://127.0.0.1:") && !strings.Contains(url, " ") {
			a.sent = true
			a.found <- url
		}
	}
	return len(p), nil
}

func (a *addressFinder) text() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all.String()
}

// nobody runs authtray as a user who may read and enter the configuration
// folder and not write to it. Root may write anywhere, so a root changes user.
func nobody(ts *testscript.TestScript, _ bool, args []string) {
	home, err := os.MkdirTemp("/tmp", "authtray") // others must be able to enter
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(home) })
	ts.Check(os.Chmod(home, 0o755))
	ts.Check(os.MkdirAll(home+"/.config/authtray", 0o755))
	ts.Check(os.Mkdir(home+"/run", 0o700))
	ts.Check(os.Mkdir(home+"/.local", 0o700))
	// Copied by a program of its own: a file that this process writes stays open in
	// whatever other scripts start in that moment, and cannot be run as long.
	ts.Check(exec.Command("cp", command(ts, "authtray").Path, home+"/authtray").Run())
	ts.Check(os.Chmod(home+"/authtray", 0o755))
	ts.Check(os.Chmod(home+"/.config/authtray", 0o555))
	cmd := exec.Command(home+"/authtray", args[1:]...)
	cmd.Env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run"}
	cmd.Dir = home
	if os.Getuid() == 0 {
		const uid = 65534
		ts.Check(os.Chown(home+"/run", uid, uid))
		ts.Check(os.Chown(home+"/.local", uid, uid))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err = cmd.Run()
	ts.Logf("%s", errs.String())
	if got := exitText(ts, err); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
	oneLine(ts, errs.String())
	ts.Check(os.WriteFile(ts.MkAbs("err"), errs.Bytes(), 0o600))
}

// quietT is a testing.TB for what outlives a script's command and ends with the
// script.
type quietT struct {
	testing.TB
	cleanups []func()
}

func (t *quietT) Helper()          {}
func (t *quietT) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *quietT) Fatal(args ...any) {
	panic(args)
}

func (t *quietT) end() {
	for _, f := range t.cleanups {
		f()
	}
}
