package packages

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/client"
)

// TestMain is the real program too.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "authtray" {
		os.Exit(app.Main(app.Build{Version: "test"}))
	}
	os.Exit(m.Run())
}

// machine is a home without a desktop, where agents keep grants in a sealed file.
type machine struct {
	*testing.T
	home            string
	program, socket string
	env             []string
	provider        *practicetest.Provider
	refreshes       atomic.Int64
	slow            atomic.Bool // an answer of the token endpoint takes a moment
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	home, err := os.MkdirTemp("", "at") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, home: home, program: filepath.Join(home, "authtray"), socket: filepath.Join(home, "run/authtray/agent.sock")}
	if err := os.Symlink(self, m.program); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(home, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run", "PATH=" + os.Getenv("PATH")}
	m.provider = practicetest.Start(t, server.Options{Lifetime: 4 * time.Second}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/token") && m.slow.Load() {
				m.refreshes.Add(1)
				time.Sleep(300 * time.Millisecond)
			}
			next.ServeHTTP(w, r)
		})
	})
	return m
}

// command is the program with a standard input.
func (m *machine) command(stdin string, args ...string) *exec.Cmd {
	cmd := exec.Command(m.program, args...)
	cmd.Env, cmd.Stdin = m.env, strings.NewReader(stdin)
	return cmd
}

// process is an agent's, and what it says.
type process struct {
	*exec.Cmd
	said  bytes.Buffer
	ended chan struct{}
	at    time.Time // when it ended
}

func (m *machine) agent(args ...string) *process {
	m.Helper()
	p := &process{Cmd: m.command("correct horse\n", append([]string{"run", "--no-tray", "--store=file"}, args...)...), ended: make(chan struct{})}
	p.Stdout, p.Stderr = &p.said, &p.said
	if err := p.Start(); err != nil {
		m.Fatal(err)
	}
	go func() { p.Wait(); p.at = time.Now(); close(p.ended) }()
	m.Cleanup(func() { p.Process.Kill(); <-p.ended })
	return p
}

// answers waits until the agent that is this process answers, and says when it did.
func (m *machine) answers(p *process) time.Time {
	m.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var h struct{ PID int }
		ctx, cancel := context.WithTimeout(m.Context(), time.Second)
		err := client.At(m.socket).Do(ctx, "GET", "/v1/health", nil, &h)
		cancel()
		if err == nil && h.PID == p.Process.Pid {
			return time.Now()
		}
		select {
		case <-p.ended:
			m.Fatalf("the agent ended: %s", p.said.String())
		default:
		}
	}
	m.Fatal("the agent never answered")
	return time.Time{}
}

// until waits until done says yes, and reports false where the process ended before.
func (m *machine) until(p *process, done func() bool) bool {
	m.Helper()
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.ended:
			return false
		default:
		}
		if time.Now().After(end) {
			m.Fatal("waited in vain")
		}
	}
	return true
}

// connect adds a connection and signs in.
func (m *machine) connect(name string) error {
	ask := client.At(m.socket)
	conn := map[string]any{"provider": "practice", "vars": map[string]string{"port": m.provider.Issuer[strings.LastIndex(m.provider.Issuer, ":")+1:]}}
	if err := ask.Do(m.Context(), "PUT", "/v1/connections/"+name, conn, nil); err != nil {
		return err
	}
	var flow struct{ URL string }
	if err := ask.Do(m.Context(), "POST", "/v1/connections/"+name+"/connect", map[string]string{"mode": "url"}, &flow); err != nil {
		return err
	}
	redirect, err := practicetest.Consent(m.Context(), flow.URL, "ada")
	if err != nil {
		return err
	}
	answer, err := http.Get(redirect)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// asker asks for the token of a connection in one way.
type asker struct {
	by  string
	ask func(m *machine, name string) error
}

// ours know of replacements: the Go client and the command.
var ours = []asker{
	{"client", func(m *machine, name string) error {
		limited, cancel := context.WithTimeout(m.Context(), 30*time.Second)
		defer cancel()
		return client.At(m.socket).Do(limited, "GET", "/v1/connections/"+name+"/token?timeout=30s", nil, nil)
	}},
	{"command", func(m *machine, name string) error { return failure(m.command("", "token", name)) }},
}

// others know nothing of them, and ask once.
var others = []asker{
	{"net/http", func(m *machine, name string) error {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", m.socket)
		}
		c := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
		answer, err := c.Get("http://agent/v1/connections/" + name + "/token")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(answer.Body)
			return fmt.Errorf("%s: %s", answer.Status, body)
		}
		return nil
	}},
	{"curl", func(m *machine, name string) error {
		return failure(exec.Command("curl", "-sS", "--fail-with-body", "--max-time", "30", "--unix-socket", m.socket, "http://agent/v1/connections/"+name+"/token"))
	}},
}

// failure is why a command failed, with what it said.
func failure(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// callers ask for tokens without a pause until the returned function is called, which
// tells how many answers there were. The first asker is one for each name, the others
// for every tenth.
func (m *machine) callers(names []string, askers []asker) (stop func() (answers int64, failed []error)) {
	ctx, cancel := context.WithCancel(m.Context())
	var work sync.WaitGroup
	var answers atomic.Int64
	var mu sync.Mutex
	var failed []error
	for i, name := range names {
		for j, a := range askers {
			if j > 0 && i%10 != 0 {
				continue
			}
			work.Go(func() {
				for ctx.Err() == nil {
					if err := a.ask(m, name); err != nil {
						mu.Lock()
						failed = append(failed, fmt.Errorf("%s: %w", a.by, err))
						mu.Unlock()
						return
					}
					answers.Add(1)
					time.Sleep(20 * time.Millisecond)
				}
			})
		}
	}
	return func() (int64, []error) {
		cancel()
		work.Wait()
		return answers.Load(), failed
	}
}

// TestTakeoverUnderLoadFailsNoCaller replaces the agent while it renews the tokens of
// many connections, for each of which callers wait.
func TestTakeoverUnderLoadFailsNoCaller(t *testing.T) {
	if testing.Short() {
		t.Skip("it signs in seventy times")
	}
	for name, row := range map[string]struct {
		askers      []asker
		connections int
	}{
		"that knows of replacements": {ours, 50},
		"that knows nothing of them": {others, 20},
	} {
		t.Run(name, func(t *testing.T) { takeover(newMachine(t), row.askers, row.connections) })
	}
}

func takeover(m *machine, askers []asker, connections int) {
	running := m.agent()
	m.answers(running)
	var names []string
	for i := range connections {
		names = append(names, fmt.Sprintf("c%d", i))
		if err := m.connect(names[i]); err != nil {
			m.Fatal(err)
		}
	}
	m.slow.Store(true)
	stop := m.callers(names, askers)
	for range 3 {
		for before := m.refreshes.Load(); m.refreshes.Load() < before+20; time.Sleep(5 * time.Millisecond) {
		}
		next := m.agent("--replace")
		listens := m.answers(next)
		<-running.ended
		if !running.ProcessState.Success() {
			m.Errorf("the old agent: %v\n%s", running.ProcessState, running.said.String())
		}
		m.Logf("the new agent answered %v after the old one had ended", listens.Sub(running.at).Round(time.Millisecond))
		running = next
	}
	answers, failed := stop()
	m.Logf("%d answers, %d refreshes, %d failures", answers, m.refreshes.Load(), len(failed))
	for _, err := range failed {
		m.Error(err)
	}
	if n := len(m.provider.Grants()); n != len(names) {
		m.Errorf("%d grants are left of %d", n, len(names))
	}
	if out, err := m.command("", "quit").CombinedOutput(); err != nil {
		m.Errorf("quit: %v %s", err, out)
	}
	if left, err := os.ReadDir(filepath.Dir(m.socket)); err != nil || len(left) > 0 {
		m.Errorf("%v is left beside the socket, %v", left, err)
	}
	began := time.Now()
	out, err := m.command("", "token", "c0").CombinedOutput()
	if code := m.exit(err); code != 5 || time.Since(began) > 20*time.Second {
		m.Errorf("after the end of it all: exit code %d in %v: %s", code, time.Since(began), out)
	}
}

func (m *machine) exit(err error) int {
	m.Helper()
	ended, ok := err.(*exec.ExitError)
	if !ok {
		m.Fatalf("it did not fail: %v", err)
	}
	return ended.ExitCode()
}

// TestWrongPassphraseDoesNotEndTheAgentThatWasToBeReplaced: the old one goes on.
func TestWrongPassphraseDoesNotEndTheAgentThatWasToBeReplaced(t *testing.T) {
	m := newMachine(t)
	running := m.agent()
	m.answers(running)
	out, err := m.command("wrong horse\n", "run", "--no-tray", "--store=file", "--replace").CombinedOutput()
	if m.exit(err) != 6 || !strings.Contains(string(out), "passphrase is wrong") {
		t.Errorf("%v: %s", err, out)
	}
	select {
	case <-running.ended:
		t.Error("the agent that ran has ended")
	default:
		m.answers(running)
	}
}

// TestSignInUnderWayAtAReplacementEndsWithASentence: who waits for the browser is told
// at once, and the next agent begins another one.
func TestSignInUnderWayAtAReplacementEndsWithASentence(t *testing.T) {
	m := newMachine(t)
	running := m.agent()
	m.answers(running)
	if err := m.connect("work"); err != nil {
		t.Fatal(err)
	}
	waiting := m.command("", "connect", "work", "--no-browser")
	var told bytes.Buffer
	address, err := waiting.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(io.TeeReader(address, &told))
	for line := ""; !strings.HasPrefix(line, "http"); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("no address was printed: %s", told.String())
		}
	}
	next := m.agent("--replace")
	m.answers(next)
	io.Copy(io.Discard, lines)
	err = waiting.Wait()
	const ended = "authtray: The agent ended before the sign-in was done; run: authtray connect work\n"
	if code := m.exit(err); code != 1 || !strings.HasSuffix(told.String(), "\n"+ended) {
		t.Errorf("exit code %d: %s", code, told.String())
	}
	<-running.ended
	if err := m.connect("work"); err != nil {
		t.Errorf("the next sign-in: %v", err)
	}
	if err := failure(m.command("", "token", "work")); err != nil {
		t.Error(err)
	}
}
