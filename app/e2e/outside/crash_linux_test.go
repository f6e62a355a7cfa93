package outside

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/store"
)

// crashing names the place in which the agent of crash panics: "audit", on the
// goroutine that answers a request, or a step between a provider's answer and
// the first caller that is given the new token.
const crashing = "AUTHTRAY_TEST_CRASH"

// now is the file that arms the panic. What is in it, the panic says.
const now = "crash-now"

// crash is an agent as the program makes it, but for the bug.
func crash() {
	if err := agent.Harden(); err != nil {
		panic(err)
	}
	paths, err := config.Find()
	if err != nil {
		panic(err)
	}
	unlock, err := api.Lock(paths.Lock())
	if err != nil {
		panic(err)
	}
	defer unlock()
	o := agent.Options{
		Paths: paths, Store: store.Memory(), Version: "test",
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if os.Getenv(crashing) == "audit" {
		o.Audit = bug{}
	}
	o.Step = func(_, step string) {
		if step == os.Getenv(crashing) {
			stumble()
		}
	}
	if err := agent.NewAgent(o).Run(context.Background()); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// bug is an audit that does not work when it is told of a read.
type bug struct{ agent.Auditor }

func (bug) Read(api.Peer, string, string, error) { stumble() }
func (bug) Trouble() string                      { return "" }

// stumble is a programmer's mistake, once it is armed.
func stumble() {
	says, err := os.ReadFile(now)
	switch {
	case err != nil:
	case len(says) > 0:
		panic(fmt.Errorf("the answer cannot be read: %s", says))
	default:
		zero := func(n *int) { *n = 0 }
		zero(nil)
	}
}

func TestAPanicTellsNoSecret(t *testing.T) {
	for _, where := range []string{"audit"} { // a panic at a step of a refresh ends nothing any more: see package tokens
		t.Run(where, func(t *testing.T) {
			w := newSmallWorld(t, crashing+"="+where, "GOTRACEBACK=crash")
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			w.run(w.withCores(self))
			w.connectWork()
			w.must("", "token", "work")
			if err := os.WriteFile(filepath.Join(w.home, now), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if where == "audit" {
				w.panicsAndLives()
				w.panicsWithASecret()
				w.quit()
			} else {
				w.panicsAndDies()
			}
			w.leftNoCore()
			w.clean(1)
		})
	}
	t.Logf("a program without that care leaves a core file here: %v", leavesCore(t))
}

// withCores runs a program as for a user who collects core files.
func (p *program) withCores(path string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -c unlimited; exec "$0" "$@"`, path}, args...)...)
	cmd.Env, cmd.Dir = p.env, p.home
	return cmd
}

// leftNoCore: the kernel says whether it dumped, wherever its core_pattern has
// core files go; those in the folder that the agent ran in are looked for too.
func (p *program) leftNoCore() {
	p.t.Helper()
	if status := p.agent.ProcessState.Sys().(syscall.WaitStatus); status.CoreDump() {
		p.t.Errorf("ended with %v, and the kernel dumped core", p.agent.ProcessState)
	}
	if found, _ := filepath.Glob(p.home + "/core*"); len(found) != 0 {
		p.t.Errorf("left %s", found)
	}
}

// panicsAndLives: a bug in one request costs that request.
func (w *smallWorld) panicsAndLives() {
	if r := w.do([]kind{accessToken}, "", "token", "work"); r.code == 0 {
		w.t.Error("the audit did not panic")
	}
	os.Remove(filepath.Join(w.home, now))
	w.must("", "token", "work")
	if !strings.Contains(w.said(), "panic serving") {
		w.t.Errorf("the log does not tell of the panic")
	}
}

// panicsWithASecret: what a panic says may be what a provider answered.
func (w *smallWorld) panicsWithASecret() {
	before := strings.Count(w.said(), "panic serving")
	for _, k := range []kind{refreshToken, accessToken, code, verifier} {
		if err := os.WriteFile(filepath.Join(w.home, now), []byte(w.ledger.of(k)[0]), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if r := w.do([]kind{accessToken}, "", "token", "work"); r.code == 0 {
			w.t.Error("the audit did not panic")
		}
	}
	os.Remove(filepath.Join(w.home, now))
	if n := strings.Count(w.said(), "panic serving") - before; n != 4 {
		w.t.Errorf("the log tells of %d panics, not 4", n)
	}
}

func (w *smallWorld) panicsAndDies() {
	w.do(nil, "", "refresh", "work")
	<-w.ended
	if said := w.said(); !strings.Contains(said, "panic: assignment to entry in nil map") || !strings.Contains(said, "goroutine ") {
		w.t.Error("the agent did not end with a panic")
	}
}

// smallWorld is the program, the practice provider and its ledger.
type smallWorld struct {
	*program
	t        *testing.T
	ledger   *ledger
	provider *practicetest.Provider
}

func newSmallWorld(t *testing.T, env ...string) *smallWorld {
	w := &smallWorld{t: t, ledger: newLedger()}
	w.provider = practicetest.Start(t, server.Options{}, w.ledger.Wrap)
	w.program = newProgram(t, append([]string{"AUTHTRAY_LOG=debug"}, env...)...)
	return w
}

func (w *smallWorld) connectWork() {
	w.t.Helper()
	port := w.provider.Issuer[strings.LastIndexByte(w.provider.Issuer, ':')+1:]
	w.must("", "add", "work", "--provider", "practice", "--set", "vars.port="+port)
	if r := w.connect(allows, "work", "--no-browser"); r.code != 0 {
		w.t.Fatalf("connect ended with %d", r.code)
	}
}

// clean searches all that is left. At least so many tokens must have been in
// play.
func (w *smallWorld) clean(least int) {
	w.t.Helper()
	if n := len(w.ledger.of(refreshToken)); n < least {
		w.t.Errorf("%d refresh tokens were in play", n)
	}
	newSearch(w.ledger.known()).clean(w.t, append(w.places, files(w.t, w.home)...))
}

func TestAnAgentThatIsKilledLeavesNoCoreFile(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGQUIT, syscall.SIGTRAP} {
		t.Run(sig.String(), func(t *testing.T) {
			w := newSmallWorld(t, "GOTRACEBACK=crash")
			w.run(w.withCores(w.path, "run", "--no-tray", "--store=memory"))
			w.connectWork()
			if limit := limitOf(t, w.agent.Process.Pid, "Max core file size"); limit != "0 0" {
				t.Errorf("the limit of core files is %s", limit)
			}
			w.agent.Process.Signal(sig)
			<-w.ended
			if status := w.agent.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
				t.Errorf("ended with %v", w.agent.ProcessState)
			}
			w.leftNoCore()
			w.clean(1)
		})
	}
	t.Logf("a program without that care leaves a core file here: %v", leavesCore(t))
}

// leavesCore is what the same signal does to another program: without this, the
// test would pass where nothing can leave a core file.
func leavesCore(t *testing.T) bool {
	t.Helper()
	cmd := exec.Command("sh", "-c", "ulimit -c unlimited; kill -ABRT $$")
	cmd.Dir = t.TempDir()
	cmd.Run()
	return cmd.ProcessState.Sys().(syscall.WaitStatus).CoreDump()
}

func limitOf(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Join(strings.Fields(rest)[:2], " ")
		}
	}
	t.Fatalf("no limit %q", name)
	return ""
}

// Another program of the same user, without special rights, can read neither
// the agent's memory nor its environment, and debuggers cannot attach.
func TestProgramsOfTheSameUserDoNotSeeTheAgentsMemory(t *testing.T) {
	w := newSmallWorld(t)
	as := unprivileged(t, w.home)
	cmd := w.command("run", "--no-tray", "--store=memory")
	cmd.SysProcAttr = as
	w.run(cmd)
	other := exec.Command("sleep", "600")
	other.SysProcAttr = as
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { other.Process.Kill(); other.Wait() }()
	for _, file := range []string{"environ", "maps", "mem", "auxv", "fd/0"} {
		if err := reads(as, w.agent.Process.Pid, file); err == nil {
			t.Errorf("/proc/PID/%s of the agent can be read", file)
		}
	}
	for _, file := range []string{"environ", "maps", "auxv"} { // so it is not that nobody may read anything
		if err := reads(as, other.Process.Pid, file); err != nil {
			t.Errorf("/proc/PID/%s of another program cannot be read: %v", file, err)
		}
	}
	info, err := os.Stat(fmt.Sprintf("/proc/%d/mem", w.agent.Process.Pid))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("the agent's memory does not belong to root: %v", err)
	}
	debuggerIsRefused(t, as, w.agent.Process.Pid)
}

// unprivileged is a user without rights: this one, or nobody where this is root.
func unprivileged(t *testing.T, home string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	const nobody = 65534
	err := filepath.WalkDir(home, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

func reads(as *syscall.SysProcAttr, pid int, file string) error {
	cmd := exec.Command("head", "-c", "1", fmt.Sprintf("/proc/%d/%s", pid, file))
	cmd.SysProcAttr, cmd.Dir = as, "/"
	return cmd.Run()
}

func debuggerIsRefused(t *testing.T, as *syscall.SysProcAttr, pid int) {
	t.Helper()
	gcore, err := exec.LookPath("gcore")
	if err != nil {
		t.Log("gcore is not installed: no debugger was tried")
		return
	}
	dir := t.TempDir()
	os.Chmod(dir, 0o777)
	cmd := exec.Command(gcore, "-o", dir+"/core", strconv.Itoa(pid))
	cmd.SysProcAttr, cmd.Dir = as, "/"
	out, err := cmd.CombinedOutput()
	if found, _ := filepath.Glob(dir + "/core*"); err == nil || len(found) != 0 || !bytes.Contains(out, []byte("ptrace")) {
		t.Errorf("gcore: %v, %s, left %s", err, out, found)
	}
}
