package outside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/authtray/authtray/providers/practice/practicetest"
)

// build compiles the program as it is shipped, without cgo. Once for all tests.
var build = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "outside")
	if err != nil {
		return "", err
	}
	built, path = dir, filepath.Join(dir, "authtray")
	cmd := exec.Command("go", "build", "-o", path, "github.com/authtray/authtray")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, os.Chmod(dir, 0o755)
})

// TestMain removes what build left, and is the agent that crashes.
func TestMain(m *testing.M) {
	if os.Getenv(crashing) != "" {
		crash()
	}
	if what := os.Getenv(flooding); what != "" {
		floods(what)
	}
	result := m.Run()
	os.RemoveAll(built)
	os.Exit(result)
}

// built is the folder that build made.
var built string

// program is authtray in a home of its own.
type program struct {
	t    testing.TB
	path string
	home string
	env  []string

	agent  *exec.Cmd
	log    string // what the agent says
	ended  chan struct{}
	places []place // what the commands said

	commands, seen int              // how many were run, and how many of their processes could be looked at
	processes      map[string]place // their command lines and environments, each different one once
}

func newProgram(t testing.TB, env ...string) *program {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("/tmp", "at") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Mkdir(home+"/run", 0o700); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, path: path, home: home, log: home + "/agent.stderr"}
	p.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run", "LANG=C.UTF-8"}, env...)
	return p
}

func (p *program) socket() string { return p.home + "/run/authtray/agent.sock" }

// command is one of the program's, ready to run.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	cmd.Env, cmd.Dir = p.env, p.home
	return cmd
}

// start runs the agent until it answers. stdin is what it may ask for.
func (p *program) start(stdin string, args ...string) {
	p.t.Helper()
	cmd := p.command(append([]string{"run"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	p.run(cmd)
}

func (p *program) run(cmd *exec.Cmd) {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	p.agent, p.ended = cmd, ended
	go func() { cmd.Wait(); close(ended) }()
	p.t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	p.awaitAgent()
}

func (p *program) awaitAgent() {
	p.t.Helper()
	eventually(p.t, func() string { return "the agent does not answer: " + p.said() }, func() bool {
		select {
		case <-p.ended:
			p.t.Fatalf("the agent ended: %s", p.said())
		default:
		}
		c, err := net.Dial("unix", p.socket())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// kill is kill -9.
func (p *program) kill() {
	p.agent.Process.Kill()
	<-p.ended
}

// quit ends the agent in good order.
func (p *program) quit() {
	p.t.Helper()
	p.agent.Process.Signal(syscall.SIGTERM)
	<-p.ended
}

// said is the agent's log. A test that shows it must have no secrets to hide.
func (p *program) said() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// result is what a command did.
type result struct {
	code     int
	out, err string
}

// do runs a command, and keeps what it says as places to be searched. may is
// what its output may show because it was asked for.
func (p *program) do(may []kind, stdin string, args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Start()
	if err == nil {
		p.look(cmd)
		err = cmd.Wait()
	}
	return p.keep(strings.Join(args, " "), may, err, out.String(), errs.String())
}

// look takes down what the system tells everybody of a command that was just
// started. Some are over before that.
func (p *program) look(cmd *exec.Cmd) {
	p.commands++
	texts := tellsOf(cmd.Process.Pid)
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid))
	if texts["cmdline"] == "" || texts["environ"] == "" || err != nil || exe != p.path {
		return // over, or a tool by now that exec gave its token to
	}
	p.seen++
	if p.processes == nil {
		p.processes = map[string]place{}
	}
	what := strings.Join(cmd.Args[1:], " ")
	p.processes[texts["cmdline"]] = place{"the command line of " + what, texts["cmdline"], nil}
	p.processes[texts["environ"]] = place{"the environment of " + what, texts["environ"], []kind{environment}}
}

// tellsOf is what the kernel tells of a process to those whom it tells: of a
// hardened one to root, and to nobody else.
func tellsOf(pid int) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"cmdline", "comm", "environ"} {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		all[name] = string(text)
	}
	return all
}

// serving is the process that answers at the socket, whoever started it.
func (p *program) serving() (pid int) {
	p.t.Helper()
	c, err := net.Dial("unix", p.socket())
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	var cred *unix.Ucred
	raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err != nil {
		p.t.Fatal(err)
	}
	return int(cred.Pid)
}

func (p *program) keep(what string, may []kind, err error, out, errs string) result {
	p.t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	r := result{out: out, err: errs}
	if exit != nil {
		r.code = exit.ExitCode()
	}
	p.places = append(p.places, place{"stdout of " + what, out, may}, place{"stderr of " + what, errs, showsURL(what)})
	return r
}

// showsURL: connect prints the authorization URL, or nobody could open it. The
// URL holds state (and the code challenge, which is no secret) by its nature.
func showsURL(command string) []kind {
	if strings.HasPrefix(command, "connect ") {
		return []kind{state}
	}
	return nil
}

// must is do for a command that has to work.
func (p *program) must(stdin string, args ...string) result {
	p.t.Helper()
	var may []kind
	switch args[0] {
	case "token", "rejected":
		may = []kind{accessToken}
	}
	r := p.do(may, stdin, args...)
	if r.code != 0 {
		p.t.Fatalf("authtray %s ended with %d", strings.Join(args, " "), r.code)
	}
	return r
}

// hangTime ends a wait for what never comes.
const hangTime = 3 * time.Minute

// person answers at the URL that a command printed; what it returns goes to the
// command's stdin.
type person func(ctx context.Context, url string) (typed string, err error)

// connect runs a connect command, and lets a person answer.
func (p *program) connect(who person, args ...string) result {
	p.t.Helper()
	args = append([]string{"connect"}, args...)
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	cmd := p.command(args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	var out bytes.Buffer
	errs := &watched{found: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = &out, errs
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.look(cmd)
	defer time.AfterFunc(hangTime, func() { cmd.Process.Kill() }).Stop()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case url := <-errs.found:
		typed, walkErr := who(ctx, url)
		if walkErr != nil {
			p.t.Errorf("the person at the browser: %v", withoutURL(walkErr))
		}
		io.WriteString(stdin, typed)
		stdin.Close()
		err = <-ended
	case err = <-ended:
	}
	return p.keep(strings.Join(args, " "), nil, err, out.String(), errs.text())
}

// withoutURL: the test's own output is no place for secrets either.
func withoutURL(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}

// watched keeps what is written, and sends the first line that is a URL.
type watched struct {
	mu    sync.Mutex
	all   bytes.Buffer
	sent  bool
	found chan string
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.Write(p)
	for line := range strings.Lines(w.all.String()) {
		url, whole := strings.CutSuffix(line, "\n")
		if whole && !w.sent && (strings.HasPrefix(url, "http://127.0.0.1:") || strings.HasPrefix(url, "https://")) {
			w.sent = true
			w.found <- url
		}
	}
	return len(p), nil
}

func (w *watched) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// allows walks the provider's pages, says yes, and visits where they lead.
func allows(ctx context.Context, url string) (string, error) {
	redirect, err := practicetest.Consent(ctx, url, "ada")
	if err != nil {
		return "", err
	}
	return "", visit(ctx, redirect)
}

func denies(ctx context.Context, url string) (string, error) {
	redirect, err := practicetest.Deny(ctx, url, "ada")
	if err != nil {
		return "", err
	}
	return "", visit(ctx, redirect)
}

// visit opens a page as a browser does, whatever it is answered.
func visit(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// eventually waits for what another process brings about.
func eventually(t testing.TB, what func() string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(hangTime); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}
