package tools

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// TestMain is the real program too, under each of its names; they are first in
// PATH while the tests run.
func TestMain(m *testing.M) {
	program := func() { os.Exit(app.Main(app.Build{Version: "test"})) }
	testscript.Main(m, map[string]func(){"authtray": program, "git-credential-authtray": program, "docker-credential-authtray": program})
}

// world is a user with a home, an agent and a provider.
type world struct {
	*testing.T
	home     string
	env      []string
	provider *practicetest.Provider
}

// start gives the user an agent and the connection "work", as ada, whose file
// holds these lines too.
func start(t *testing.T, lines ...string) *world {
	t.Helper()
	w := user(t)
	w.agent()
	w.connect("work", "ada", lines...)
	return w
}

// user is one without an agent.
func user(t *testing.T) *world {
	t.Helper()
	home, err := os.MkdirTemp("", "tool") // short: a socket's path may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(t, home) })
	w := &world{T: t, home: home, provider: practicetest.Start(t, server.Options{Lifetime: time.Hour})}
	w.env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + w.dir("run"), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true"}
	return w
}

// removeAll removes a home; the go command writes its modules read-only.
func removeAll(t *testing.T, home string) {
	filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(home); err != nil {
		t.Error(err)
	}
}

// dir is a folder in the user's home.
func (w *world) dir(name string) string {
	w.Helper()
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		w.Fatal(err)
	}
	return path
}

// file writes a file in the user's home.
func (w *world) file(name, text string) string {
	w.Helper()
	path := filepath.Join(w.dir(filepath.Dir(name)), filepath.Base(name))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	return path
}

func (w *world) read(name string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.home, name))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func (w *world) agent() {
	w.Helper()
	cmd := w.command("authtray", "run", "--no-tray", "--store=memory")
	log, err := os.Create(filepath.Join(w.home, "agent.log"))
	if err != nil {
		w.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if w.Failed() {
			w.Logf("the agent said:\n%s", w.read("agent.log"))
		}
		log.Close()
	})
	bustest.Eventually(w, bustest.Said("the agent does not answer"), func() bool { return w.command("authtray", "status").Run() == nil })
}

// connect adds a connection and signs in as user.
func (w *world) connect(name, user string, lines ...string) {
	w.Helper()
	port := w.provider.Issuer[strings.LastIndex(w.provider.Issuer, ":")+1:]
	// Lines come first: they are members of the file, and not of a table in it.
	w.file(".config/authtray/connections/"+name+".toml",
		"provider = \"practice\"\nvars = { port = \""+port+"\" }\n"+strings.Join(lines, "\n")+"\n")
	bustest.Eventually(w, bustest.Said("the connection is not taken up"), func() bool { return w.command("authtray", "status", name).Run() == nil })
	w.signIn(name, user)
}

func (w *world) signIn(name, user string) {
	w.Helper()
	w.signInBy(name, func(address string) { w.consent(address, user) })
}

// signInBy signs in with a browser that opens the address.
func (w *world) signInBy(name string, browser func(address string)) {
	w.Helper()
	cmd := w.command("authtray", "connect", name, "--no-browser")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "http") {
			browser(lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		w.Fatalf("connect %s: %v", name, err)
	}
}

func (w *world) consent(address, user string) {
	w.Helper()
	redirect, err := practicetest.Consent(w.Context(), address, user)
	if err != nil {
		w.Fatal(err)
	}
	answer, err := http.Get(redirect)
	if err != nil {
		w.Fatal(err)
	}
	answer.Body.Close()
}

// command is a program in the user's surroundings, which are as bare as those of
// a new login. It never waits at a terminal.
func (w *world) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.Context(), program, args...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = w.env, w.home, time.Minute
	return cmd
}

// with is the same user with more variables.
func (w *world) with(env ...string) *world {
	more := *w
	more.env = append(w.env[:len(w.env):len(w.env)], env...)
	return &more
}

// run runs what must work, and returns its output.
func (w *world) run(program string, args ...string) string {
	w.Helper()
	return w.given("", program, args...)
}

// given is run, with text on stdin.
func (w *world) given(stdin, program string, args ...string) string {
	w.Helper()
	out, errs, err := w.try(stdin, program, args...)
	if err != nil {
		w.Fatalf("%s %q: %v\n%s%s", program, args, err, out, errs)
	}
	return out
}

func (w *world) try(stdin, program string, args ...string) (out, errs string, err error) {
	cmd := w.command(program, args...)
	var o, e strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// fails runs what must not work, and returns its exit code and output.
func (w *world) fails(stdin, program string, args ...string) (code int, out, errs string) {
	w.Helper()
	out, errs, err := w.try(stdin, program, args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		w.Fatalf("%s %q does not fail: %v\n%s%s", program, args, err, out, errs)
	}
	return exit.ExitCode(), out, errs
}

// token is the one that tools get now.
func (w *world) token(name string) string {
	w.Helper()
	return strings.TrimSuffix(w.run("authtray", "token", name), "\n")
}

// opens says whether the provider stands by a token.
func (w *world) opens(token string) bool {
	r, err := http.NewRequest(http.MethodGet, w.provider.Issuer+"/api/whoami", nil)
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusOK
}

// aged waits out the time in which a rejection of a new token counts as the
// tool's own trouble.
func (w *world) aged() { time.Sleep(10*time.Second + 500*time.Millisecond) }

// dead has the user take access away, and waits until the agent knows.
func (w *world) dead(user string) {
	w.Helper()
	w.provider.Revoke(user)
	w.fails("", "authtray", "refresh", "work")
}

// oneSentence: what is said of an error is one line.
func (w *world) oneSentence(errs string) {
	w.Helper()
	if !strings.HasPrefix(errs, "authtray: ") || strings.Count(errs, "\n") != 1 {
		w.Errorf("not one sentence: %q", errs)
	}
}

// need is a program that the test is about.
func need(t *testing.T, program, packet string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed (Debian: %s)", program, packet)
		}
		t.Skipf("%s is not installed (Debian: %s)", program, packet)
	}
	return path
}

// takenUp waits until the agent has read that a connection answers for a host.
func (w *world) takenUp(name, host string) {
	w.Helper()
	asked := "protocol=https\nhost=" + host + "\nusername=" + name + "\n"
	bustest.Eventually(w, bustest.Said("the hosts of "+name+" are not taken up"), func() bool {
		out, _, err := w.try(asked, "authtray", "helper", "git", "get")
		return err == nil && out != ""
	})
}

// path replaces where programs are looked for.
func (w *world) path(dirs string) {
	w.env = append(slices.DeleteFunc(w.env, func(v string) bool { return strings.HasPrefix(v, "PATH=") }), "PATH="+dirs)
}
