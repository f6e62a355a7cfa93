package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// agent is a profile of its own, and the process that serves it.
type agent struct {
	t        testing.TB
	bus      *storetest.Bus
	provider *provider
	profile  string
	paths    config.Paths
	client   *http.Client
	items    store.Store // the profile's keychain, to read
	log      *os.File
	cmd      *exec.Cmd // nil: not running
	ended    chan struct{}
}

func newAgent(t testing.TB, bus *storetest.Bus, p *provider, profile string) *agent {
	t.Helper()
	dir, err := os.MkdirTemp("", "at") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t, bus: bus, provider: p, profile: profile, log: log, paths: config.Paths{
		Profile: profile, Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"),
		Socket: filepath.Join(dir, "run", "agent.sock"),
	}}
	a.client = httpClient(a.paths.Socket)
	a.items = store.Split(readOnly{store.RawKeychain(a.paths.Service(), slog.New(slog.DiscardHandler))})
	t.Cleanup(func() {
		a.kill()
		a.items.Close()
		a.client.CloseIdleConnections()
		a.showLog()
		log.Close()
	})
	return a
}

// httpClient sends every request to the socket, whatever host its URL names.
func httpClient(address string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return client.Dial(ctx, address) },
	}}
}

func (a *agent) showLog() {
	text, err := os.ReadFile(a.log.Name())
	if err == nil && a.t.Failed() {
		a.t.Logf("the end of %s's log:\n%s", a.profile, text[max(0, len(text)-6000):])
	}
}

// command is this test binary in a role.
func (a *agent) command(role string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		a.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(a.bus.Env(), roleVariable+"="+role, "AUTHTRAY_PROFILE="+a.profile,
		"AUTHTRAY_CONFIG="+a.paths.Config, "AUTHTRAY_STATE="+a.paths.State, "AUTHTRAY_SOCKET="+a.paths.Socket)
	return cmd
}

// start starts a process of the agent, and waits until it answers.
func (a *agent) start(cmd *exec.Cmd) {
	a.t.Helper()
	a.begin(cmd)
	a.awaitAnswer()
}

// begin starts it, and does not wait.
func (a *agent) begin(cmd *exec.Cmd) {
	a.t.Helper()
	cmd.Stderr = a.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	ended := make(chan struct{})
	a.cmd, a.ended = cmd, ended
	go func() { cmd.Wait(); close(ended) }()
}

// awaitAnswer waits until somebody answers.
func (a *agent) awaitAnswer() {
	a.t.Helper()
	eventually(a.t, "the agent answers", func() bool {
		select {
		case <-a.ended:
			a.t.Fatalf("the agent ended: %v", a.cmd.ProcessState)
		default:
		}
		c, err := client.Dial(context.Background(), a.paths.Socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// victim starts one that dies by this plan.
func (a *agent) victim(plan string) {
	a.t.Helper()
	cmd := a.command(asVictim)
	cmd.Env = append(cmd.Env, planVariable+"="+plan)
	a.start(cmd)
}

// run starts the program as it is shipped.
func (a *agent) run() {
	a.t.Helper()
	a.start(a.command(asAuthtray, "run", "--no-tray"))
}

// kill is kill -9, and waits for the end.
func (a *agent) kill() {
	if a.cmd != nil {
		a.cmd.Process.Kill()
		a.awaitEnd()
	}
}

func (a *agent) awaitEnd() {
	<-a.ended
	a.cmd = nil
	a.client.CloseIdleConnections()
}

func (a *agent) diary() diary { return diary(filepath.Join(a.paths.State, "diary")) }

// answer is what the socket said.
type answer struct {
	status int
	body   []byte
}

func (r answer) into(v any) error {
	if r.status >= 300 {
		return fmt.Errorf("answered %d: %s", r.status, r.body)
	}
	return json.Unmarshal(r.body, v)
}

// code is the problem's.
func (r answer) code() tokens.Code {
	var p api.Problem
	json.Unmarshal(r.body, &p)
	return tokens.Code(p.Code)
}

// noWait is the time of a caller who must not have to wait: such a wait would be
// longer than hangTime.
const noWait = "10m"

// call asks the agent; the error says that there was no answer.
func (a *agent) call(method, path string, body any) (answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), hangTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://agent/v1"+path, bytes.NewReader(data))
	if err != nil {
		return answer{}, err
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, text}, err
}

// must is call, where anything but success fails the test.
func (a *agent) must(method, path string, body, into any) {
	a.t.Helper()
	r, err := a.call(method, path, body)
	if err == nil && into == nil && r.status < 300 {
		return
	}
	if err == nil {
		err = r.into(into)
	}
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// status of a connection; the error says that the agent is not there.
func (a *agent) status(name string) (st tokens.Status, err error) {
	r, err := a.call(http.MethodGet, "/connections/"+name, nil)
	if err == nil {
		err = r.into(&st)
	}
	return st, err
}

// refresh renews now. A dead agent is no error: it may have been the plan.
func (a *agent) refresh(name string) { a.call(http.MethodPost, "/connections/"+name+"/refresh", nil) }

// add adds a connection whose records hold these seals.
func (a *agent) add(name string, seals ...string) {
	a.t.Helper()
	a.put(name, map[string]any{"tokens": map[string]any{"keep": seals}})
}

// put adds a connection with these fields of the provider's entry changed.
func (a *agent) put(name string, override map[string]any) {
	a.t.Helper()
	a.must(http.MethodPut, "/connections/"+name, map[string]any{
		"provider": "practice", "vars": map[string]string{"port": a.provider.port()},
		"scopes":   []string{"openid", "profile", "email", "offline_access"},
		"override": override,
	}, nil)
}

// sealsFor makes a record that fits into one keychain item, or is split.
func sealsFor(large bool) []string {
	if large {
		return []string{"seal", "long_seal"}
	}
	return []string{"seal"}
}

// connect signs in and waits until that is done.
func (a *agent) connect(name string) {
	a.t.Helper()
	var at api.Attempt
	a.must(http.MethodPost, "/connections/"+name+"/connect", map[string]any{"mode": "url"}, &at)
	redirect, err := practicetest.Consent(context.Background(), at.URL, "ada")
	if err != nil {
		a.t.Fatal(err)
	}
	resp, err := http.Get(redirect)
	if err != nil {
		a.t.Fatal(err)
	}
	resp.Body.Close()
	a.await(name, tokens.Connected)
}

// await waits for a state.
func (a *agent) await(name string, want tokens.State) tokens.Status {
	a.t.Helper()
	var st tokens.Status
	end := time.Now().Add(hangTime)
	for {
		var err error
		if st, err = a.status(name); err == nil && st.State == want {
			return st
		}
		if time.Now().After(end) {
			a.t.Fatalf("%s is %s (%s: %s), not %s: %v", name, st.State, st.Reason, st.Detail, want, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var errReadOnly = errors.New("the test only reads")

// readOnly keeps the test from tidying up behind an agent's back.
type readOnly struct{ store.Items }

func (readOnly) Set(context.Context, string, string) error { return errReadOnly }
func (readOnly) Delete(context.Context, string) error      { return errReadOnly }
