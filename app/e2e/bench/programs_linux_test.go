package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// built is the folder of the programs that were built.
var built string

// bare is set to the socket where this process is to be the least of a server.
const bare = "AUTHTRAY_BENCH_BARE"

func TestMain(m *testing.M) {
	if at := os.Getenv(bare); at != "" {
		serveBare(at)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// program builds a package as it is shipped, once.
func program(t testing.TB, pkg string) string {
	t.Helper()
	if built == "" {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			t.Fatal(err)
		}
		built = dir
	}
	path := filepath.Join(built, filepath.Base(pkg))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.Command("go", "build", "-ldflags", asReleased, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// asReleased is what the linker is told of a release, as in the Makefile.
const asReleased = "-X github.com/authtray/authtray/app/version.Number=1.2.3 -X github.com/authtray/authtray/app/version.Commit=0123456789ab"

// empty builds a Go program that does nothing: what any of them costs.
func empty(t testing.TB) string {
	t.Helper()
	program(t, "github.com/authtray/authtray")
	path, source := filepath.Join(built, "empty"), filepath.Join(built, "empty.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", path, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// authtray is a user of the program.
type authtray struct {
	t     testing.TB
	path  string
	home  string
	env   []string
	agent *exec.Cmd
	stdin string // of the agent
}

func newAuthtray(t testing.TB, env ...string) *authtray {
	t.Helper()
	home, err := os.MkdirTemp("/tmp", "atb") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	a := &authtray{t: t, path: program(t, "github.com/authtray/authtray"), home: home}
	a.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home, "LANG=C.UTF-8"}, env...)
	return a
}

func (a *authtray) socket() string { return a.home + "/authtray/agent.sock" }

func (a *authtray) command(args ...string) *exec.Cmd {
	cmd := exec.Command(a.path, args...)
	cmd.Env, cmd.Dir = a.env, a.home
	return cmd
}

// must runs a command and returns what it printed.
func (a *authtray) must(args ...string) string {
	a.t.Helper()
	cmd := a.command(args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("authtray %v: %v: %s", args, err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// run starts the agent and returns how long it took until its socket took a
// connection.
func (a *authtray) run(args ...string) time.Duration {
	a.t.Helper()
	cmd := a.command(append([]string{"run"}, args...)...)
	cmd.Stdin = strings.NewReader(a.stdin)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.agent = cmd
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	a.t.Cleanup(func() { cmd.Process.Kill(); <-ended })
	for time.Since(began) < time.Minute {
		if c, err := net.Dial("unix", a.socket()); err == nil {
			took := time.Since(began)
			c.Close()
			return took
		}
		select {
		case <-ended:
			a.t.Fatal("the agent ended")
		case <-time.After(200 * time.Microsecond):
		}
	}
	a.t.Fatal("the agent made no socket")
	return 0
}

// quit ends the agent in order, and waits until it has.
func (a *authtray) quit() {
	a.t.Helper()
	a.agent.Process.Signal(syscall.SIGTERM)
	bustest.Eventually(a.t, bustest.Said("the agent does not end"), func() bool { return errors.Is(a.agent.Process.Signal(syscall.Signal(0)), os.ErrProcessDone) })
}

// write makes a connection's file.
func (a *authtray) write(name string, p *practicetest.Provider, lines ...string) {
	a.t.Helper()
	dir := a.home + "/.config/authtray/connections/"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		a.t.Fatal(err)
	}
	text := "provider = \"practice\"\n" + strings.Join(lines, "\n") + "\n[vars]\nport = \"" + p.Issuer[strings.LastIndexByte(p.Issuer, ':')+1:] + "\"\n"
	if err := os.WriteFile(dir+name+".toml", []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// file makes a file in the home and returns its path.
func (a *authtray) file(name, text string) string {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.home, name), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return filepath.Join(a.home, name)
}

func (a *authtray) signIn(name string) {
	a.t.Helper()
	cmd := a.command("connect", name, "--no-browser", "--timeout", "1m")
	said, err := cmd.StderrPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	var text bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(text.String(), "\nhttp") || !strings.HasSuffix(text.String(), "\n"); {
		n, err := said.Read(buf)
		if err != nil {
			a.t.Fatalf("no address: %s", text.String())
		}
		text.Write(buf[:n])
	}
	_, url, _ := strings.Cut(text.String(), "\nhttp")
	redirect, err := practicetest.Consent(a.t.Context(), "http"+strings.TrimSpace(url), "ada")
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := http.Get(redirect)
	if err != nil {
		a.t.Fatal(err)
	}
	answer.Body.Close()
	if err := cmd.Wait(); err != nil {
		a.t.Fatal(err)
	}
}

// practice is a provider whose tokens last longer than any measurement.
func practice(t testing.TB, wrap ...func(http.Handler) http.Handler) *practicetest.Provider {
	return practicetest.Start(t, server.Options{Lifetime: 10 * time.Hour}, wrap...)
}

// oidcAgent is the rival, with one account, "bench".
type oidcAgent struct {
	env    []string
	socket string
}

// newOIDCAgent is nil where it is not installed.
func newOIDCAgent(t testing.TB, wrap ...func(http.Handler) http.Handler) *oidcAgent {
	t.Helper()
	if _, err := exec.LookPath("oidc-token"); err != nil {
		return nil
	}
	p := practicetest.Start(t, server.Options{Lifetime: 10 * time.Hour, NoRotation: true}, wrap...)
	answer, err := p.Connect(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "oidc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.MkdirAll(dir+"/.oidc-agent", 0o700); err != nil {
		t.Fatal(err)
	}
	o := &oidcAgent{socket: dir + "/agent.sock", env: []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}}
	agent := exec.Command("oidc-agent", "--console", "-a", o.socket)
	agent.Env, agent.Dir = o.env, dir
	bustest.Run(t, agent)
	bustest.Eventually(t, bustest.Said("oidc-agent makes no socket"), func() bool { _, err := os.Stat(o.socket); return err == nil })
	o.env = append(o.env, "OIDC_SOCK="+o.socket, "OIDC_REFRESH_TOKEN="+answer.RefreshToken)
	o.must(t, "oidc-gen", "bench", "--iss="+p.Issuer, "--client-id="+server.PublicClient, "--client-secret=", "--manual", "--rt-env",
		"--scope=openid offline_access", "--redirect-uri=http://localhost:4242", "--no-save", "--confirm-default", "--prompt=none", "--pw-cmd=echo pw")
	o.must(t, "oidc-token", "bench")
	return o
}

func (o *oidcAgent) must(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = o.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// serveBare is the least of a server, in a process of its own: net/http with a handler
// that answers what it was given, or one that reads once and writes it.
func serveBare(at string) {
	kind, path, _ := strings.Cut(at, ":")
	body := []byte(os.Getenv(bare + "_BODY"))
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	if kind == "http" {
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(body)
		}), ErrorLog: nil}
		panic(s.Serve(l))
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			if _, err := c.Read(make([]byte, 4096)); err == nil {
				c.Write(body)
			}
		}()
	}
}

// startBare runs serveBare in a process and returns its socket.
func startBare(t testing.TB, kind, body string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bare")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%s/s", bare, kind, dir), bare+"_BODY="+body)
	bustest.Run(t, cmd)
	bustest.Eventually(t, bustest.Said("the bare server makes no socket"), func() bool { _, err := os.Stat(dir + "/s"); return err == nil })
	return dir + "/s"
}
