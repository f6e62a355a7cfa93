package windows

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// machine is a Windows user's, with an agent that may run and a provider.
type machine struct {
	t        *testing.T
	programs string // folder of the programs, as Linux names it
	set      string // what cmd.exe sets before each command, ending in "&& "; "" for nothing
	provider *practicetest.Provider
	browser  string // file that gets the addresses that a browser was to open
	agent    *exec.Cmd
	ended    chan error
}

// hangTime ends what never ends.
const hangTime = 5 * time.Minute

// newMachine is in the Wine that the script run has set up; set is as in machine.
func newMachine(t *testing.T, set string) *machine {
	t.Helper()
	programs := os.Getenv("WINE_PROGRAMS")
	if programs == "" {
		t.Skip("`make test-windows` runs this")
	}
	m := &machine{t: t, programs: programs, set: set, browser: filepath.Join(os.Getenv("WINEPREFIX"), "browser.log"),
		provider: practicetest.Start(t, server.Options{Lifetime: 20 * time.Second})}
	os.Remove(m.browser)
	t.Cleanup(m.end)
	return m
}

// port is where the provider listens.
func (m *machine) port() string {
	return m.provider.Issuer[strings.LastIndex(m.provider.Issuer, ":")+1:]
}

// wine is a program of the folder, or of Windows.
func (m *machine) wine(ctx context.Context, program string, args ...string) *exec.Cmd {
	if path := filepath.Join(m.programs, program); exists(path) {
		program = path
	}
	cmd := exec.CommandContext(ctx, "wine", append([]string{program}, args...)...)
	if m.set != "" { // in the program's folder: a path in quotes does not reach cmd.exe as such
		cmd = exec.CommandContext(ctx, "wine", "cmd", "/c", m.set+filepath.Base(program)+" "+strings.Join(args, " "))
		cmd.Dir = m.programs
	}
	cmd.WaitDelay = waitDelay
	return cmd
}

// waitDelay is how long the output of a program that has ended is read: what Wine starts
// beside the first program of all keeps it open.
const waitDelay = 2 * time.Second

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// start starts the agent and waits until it answers.
func (m *machine) start() {
	m.t.Helper()
	m.agent = m.wine(context.Background(), "authtray-agent.exe", "run")
	said, err := os.CreateTemp(m.t.TempDir(), "said") // a pipe would end with the window that it starts
	if err != nil {
		m.t.Fatal(err)
	}
	defer said.Close()
	m.agent.Stdout, m.agent.Stderr = said, said
	if err := m.agent.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	m.ended = ended
	go func(c *exec.Cmd) { ended <- c.Wait() }(m.agent)
	m.t.Cleanup(func() {
		if m.t.Failed() {
			text, _ := os.ReadFile(said.Name())
			m.t.Logf("the agent said:\n%s", text)
		}
	})
	m.awaitAgent()
	m.t.Log("> authtray-agent.exe run")
}

// awaitAgent waits until the agent answers. A pipe's first client is never answered by Wine,
// so that one wants no answer.
func (m *machine) awaitAgent() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	for {
		first := exec.CommandContext(ctx, "wine", "cmd", "/c", "echo.>"+pipe)
		first.WaitDelay = waitDelay
		said, err := first.CombinedOutput()
		if ctx.Err() != nil {
			m.t.Fatalf("no agent listens: %s", said)
		}
		if exitCode(err) == 0 && !bytes.Contains(said, []byte("not found")) { // the exit code is that of echo
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if code := exitCode(m.wine(ctx, "authtray.exe", "status").Run()); code != 0 && code != 3 { // 3: a connection needs its user
		m.t.Fatalf("the agent does not answer: status ends with %d", code)
	}
}

// pipe is where an agent listens: Wine gives each user this SID.
const pipe = `\\.\pipe\authtray-S-1-5-21-0-0-0-1000`

// process is the number of the agent's process.
func (m *machine) process() string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	out, _ := m.wine(ctx, "authtray.exe", "doctor").Output() // it fails where a provider is not reached
	found := regexp.MustCompile(`runs as process (\d+)`).FindSubmatch(out)
	if found == nil {
		m.t.Fatalf("doctor names no process: %s", out)
	}
	return string(found[1])
}

// quit ends the agent as its user does.
func (m *machine) quit() {
	m.t.Helper()
	m.authtray(0, "quit")
	select {
	case err := <-m.ended:
		if m.agent = nil; err != nil {
			m.t.Errorf("the agent ended: %v", err)
		}
	case <-time.After(hangTime):
		m.t.Fatal("the agent did not end")
	}
}

// kill ends the agent as Task Manager does.
func (m *machine) kill() {
	m.agent.Process.Kill()
	<-m.ended
	m.agent = nil
	m.t.Log("(the agent is killed)")
}

// end ends what the test left.
func (m *machine) end() {
	if m.agent != nil {
		m.kill()
	}
}

// authtray runs a command, which is to end with a code, and returns what it said.
func (m *machine) authtray(code int, args ...string) string {
	m.t.Helper()
	return m.piped(code, "", args...)
}

// piped is authtray with something to read.
func (m *machine) piped(code int, in string, args ...string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	cmd := m.wine(ctx, "authtray.exe", args...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	said := strings.TrimSpace(string(out))
	if got := exitCode(err); got != code {
		m.t.Fatalf("authtray %s: exit %d, want %d: %s", strings.Join(args, " "), got, code, withoutTokens(said))
	}
	m.t.Logf("> %sauthtray %s   → %d\n%s", m.set, strings.Join(args, " "), code, withoutTokens(said))
	return string(out)
}

// tokens are what the practice provider gives out.
var tokens = regexp.MustCompile(`eyJ[\w.-]{40,}`)

func withoutTokens(text string) string { return tokens.ReplaceAllString(text, "(a token)") }

func exitCode(err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return -1
	}
	return 0
}

// connect signs in at the address that the command prints.
func (m *machine) connect(name string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	cmd := m.wine(ctx, "authtray.exe", "connect", name, "--no-browser")
	said, err := os.CreateTemp(m.t.TempDir(), "said")
	if err != nil {
		m.t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.signIn(ctx, said.Name())
	if err := cmd.Wait(); err != nil {
		m.t.Fatalf("connect: %v", err)
	}
	text, _ := os.ReadFile(said.Name())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	m.t.Logf("> authtray connect %s --no-browser   → 0\n(somebody signs in)\n%s", name, lines[len(lines)-1])
}

// signIn waits for an address in a file, and signs in there.
func (m *machine) signIn(ctx context.Context, file string) {
	m.t.Helper()
	for ctx.Err() == nil {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			if !strings.HasPrefix(word, m.provider.Issuer+"/authorize") {
				continue
			}
			redirect, err := practicetest.Consent(ctx, word, "ada")
			if err != nil {
				m.t.Fatal(err)
			}
			answer, err := http.Get(redirect)
			if err != nil {
				m.t.Fatal(err)
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatal("no address to sign in at")
}

// screenshot keeps what the screen shows.
func (m *machine) screenshot(name string) {
	m.t.Helper()
	path := filepath.Join(os.Getenv("SCREENSHOTS"), "windows-"+name+".png")
	if out, err := exec.Command("import", "-window", "root", path).CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
	m.t.Logf("(screenshot %s)", filepath.Base(path))
}

func (m *machine) xdotool(args ...string) {
	m.t.Helper()
	if out, err := exec.Command("xdotool", args...).CombinedOutput(); err != nil {
		m.t.Fatalf("xdotool %v: %v: %s", args, err, out)
	}
}
