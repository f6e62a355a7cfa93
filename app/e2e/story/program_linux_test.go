package story

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// profile is the world that the test's agent lives in.
const profile = "story"

// build compiles a program of this module, as it is shipped: without cgo.
func build(t testing.TB, name, pkg string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return to
}

// provider is a practice provider in a process of its own.
type provider struct {
	issuer string
}

// startProvider starts it with tokens of this lifetime.
func startProvider(t testing.TB, d *desktop.Desktop, program, lifetime string) *provider {
	t.Helper()
	cmd := exec.Command(program, "--addr", "127.0.0.1:0", "--token-lifetime", lifetime,
		"--state", filepath.Join(t.TempDir(), "practice.json"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	keepLog(t, cmd, "the practice provider")
	d.Run(cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the practice provider gave no issuer: %v", err)
	}
	return &provider{strings.TrimSpace(line)}
}

func (p *provider) port() string { return p.issuer[strings.LastIndex(p.issuer, ":")+1:] }

// opens says who the provider's sample API takes the bearer of a token for.
func (p *provider) opens(t *testing.T, token string) (who string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.issuer+"/api/whoami", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var person struct{ Sub string }
	if err := json.NewDecoder(answer.Body).Decode(&person); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return person.Sub
}

// program is the authtray under test, and its agent.
type program struct {
	t       testing.TB
	d       *desktop.Desktop
	path    string
	running *exec.Cmd
}

// start runs the agent with its tray, and waits until it answers.
func (p *program) start() {
	p.t.Helper()
	p.running = p.command("run")
	keepLog(p.t, p.running, "the agent")
	p.d.Run(p.running)
	bustest.Eventually(p.t, bustest.Said("the agent does not answer"), func() bool { return p.command("status").Run() == nil })
}

// kill is kill -9.
func (p *program) kill() { p.d.Kill(p.running) }

// command is one of authtray's, ready to run.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	cmd.Env = append(os.Environ(), "AUTHTRAY_PROFILE="+profile)
	return cmd
}

// do runs a command that must work, and returns what it prints.
func (p *program) do(args ...string) string {
	p.t.Helper()
	out, err := p.command(args...).Output()
	if err != nil {
		p.t.Fatalf("authtray %s: %s", strings.Join(args, " "), said(err))
	}
	return strings.TrimSuffix(string(out), "\n")
}

// fails runs a command that must not work, and returns its exit code and what
// it says.
func (p *program) fails(args ...string) (code int, sentence string) {
	p.t.Helper()
	err := p.command(args...).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		p.t.Fatalf("authtray %s did not fail", strings.Join(args, " "))
	}
	cmd := p.command(args...)
	text, _ := cmd.CombinedOutput()
	return exit.ExitCode(), string(text)
}

func said(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return err.Error() + ": " + string(exit.Stderr)
	}
	return err.Error()
}

// keepLog shows what a program said if the test fails.
func keepLog(t testing.TB, cmd *exec.Cmd, who string) {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	t.Cleanup(func() {
		defer log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s said:\n%s", who, text)
		}
	})
}

// record is what the test may know of the keychain's record: never the tokens.
type record struct {
	Generation int    `json:"gen"`
	Access     secret `json:"access_token"`
	Refresh    secret `json:"refresh_token"`
}

// secret is the hash of one, so that two can be told apart; none for an empty one.
type secret [sha256.Size]byte

var none secret

func (s *secret) UnmarshalJSON(b []byte) error {
	if *s = none; string(b) != `""` {
		*s = sha256.Sum256(b)
	}
	return nil
}

// kept reads the record of a connection with secret-tool.
func kept(t *testing.T, d *desktop.Desktop, name string) (r record, ok bool) {
	t.Helper()
	text := d.Secret("authtray-"+profile, name)
	if text == "" {
		return r, false
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("the keychain's record is no JSON object")
	}
	return r, true
}
