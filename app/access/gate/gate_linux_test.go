package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
)

// screen is a user who is shown questions.
type screen struct {
	mu        sync.Mutex
	shown     []notify.Question
	withdrawn int
	answers   chan string // what the user presses next
	cannot    bool
}

func (s *screen) Ask(ctx context.Context, q notify.Question) (string, error) {
	s.mu.Lock()
	s.shown = append(s.shown, q)
	s.mu.Unlock()
	if s.cannot {
		return "", notify.ErrCannotAsk
	}
	select {
	case a := <-s.answers:
		return a, nil
	case <-time.After(3 * time.Minute):
		return "", errors.New("the test gives no answer")
	case <-ctx.Done():
		s.mu.Lock()
		s.withdrawn++
		s.mu.Unlock()
		return "", ctx.Err()
	}
}

func (s *screen) questions() []notify.Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]notify.Question(nil), s.shown...)
}

type rig struct {
	t     *testing.T
	user  *screen
	gate  *Gate
	state string
	now   time.Time
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, user: &screen{answers: make(chan string, 10)}, state: t.TempDir(), now: time.Now()}
	r.restart()
	return r
}

// restart is another agent with the same state folder.
func (r *rig) restart() {
	r.gate = New(r.state, r.user, slog.New(slog.DiscardHandler), nil)
	r.gate.now = func() time.Time { return r.now }
}

func (r *rig) admit(peer api.Peer) error { return r.gate.Admit(r.t.Context(), "work", peer) }

func (r *rig) wants(what string, err error, code tokens.Code, shown int) {
	r.t.Helper()
	var e *tokens.Error
	if code == "" && err != nil || code != "" && (!errors.As(err, &e) || e.Code != code) {
		r.t.Errorf("%s: %v, want %q", what, err, code)
	}
	if n := len(r.user.questions()); n != shown {
		r.t.Errorf("%s: %d questions, want %d", what, n, shown)
	}
}

// start runs a program of its own that waits, and is its peer. The file is a
// copy of cat: a program that is no interpreter.
func (r *rig) start(path string) api.Peer {
	r.t.Helper()
	if _, err := os.Stat(path); err != nil {
		r.install(path, "")
	}
	cmd := exec.Command(path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	bustest.Run(r.t, cmd)
	r.t.Cleanup(func() { stdin.Close() })
	return api.Peer{UID: os.Getuid(), PID: cmd.Process.Pid, Exe: path}
}

func (r *rig) install(path, more string) {
	r.t.Helper()
	cat, err := os.ReadFile("/bin/cat")
	if err != nil {
		r.t.Fatal(err)
	}
	os.Remove(path) // not written over: it may run
	if err := os.WriteFile(path, append(cat, more...), 0o700); err != nil {
		r.t.Fatal(err)
	}
}

func TestAllowOnceLastsAsLongAsTheProcess(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	first := r.start(tool)
	r.user.answers <- once
	r.wants("the first read", r.admit(first), "", 1)
	r.wants("the second read", r.admit(first), "", 1)
	r.user.answers <- deny
	r.wants("of another connection", r.gate.Admit(t.Context(), "play", first), tokens.CodeNotAllowed, 2)
	second := r.start(tool)
	r.user.answers <- once
	r.wants("another process", r.admit(second), "", 3)
	r.restart()
	r.user.answers <- once
	r.wants("after a restart", r.admit(first), "", 4)
}

func TestAlwaysIsForTheProgramThatItWasSaidOf(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	r.user.answers <- always
	r.wants("the first read", r.admit(r.start(tool)), "", 1)
	r.restart()
	r.wants("another process, after a restart", r.admit(r.start(tool)), "", 1)

	r.install(tool, "replaced")
	cmd := exec.Command(tool)
	stdin, _ := cmd.StdinPipe()
	defer stdin.Close()
	bustest.Run(t, cmd)
	r.user.answers <- deny
	r.wants("a program in its place", r.admit(api.Peer{PID: cmd.Process.Pid, Exe: tool}), tokens.CodeNotAllowed, 2)
	if q := r.user.questions()[1]; !strings.Contains(q.Body, "has changed since") {
		t.Errorf("the question says %q", q.Body)
	}
	r.gate.Forget("work")
	r.user.answers <- once
	r.wants("when it was forgotten", r.admit(r.start(tool)), "", 3)
}

func TestTakingAlwaysBackCountsAtOnce(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	peer := r.start(tool)
	r.user.answers <- always
	r.wants("allowed", r.admit(peer), "", 1)
	if was, err := NewMemory(r.state).Remove("work", tool); !was || err != nil {
		t.Fatal(was, err)
	}
	r.user.answers <- deny
	r.wants("taken back", r.admit(peer), tokens.CodeNotAllowed, 2)
}

func TestANoHoldsForTheProcessAndAMinuteForTheProgram(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	first := r.start(tool)
	r.user.answers <- deny
	err := r.admit(first)
	r.wants("no", err, tokens.CodeNotAllowed, 1)
	var e *tokens.Error
	if errors.As(err, &e); e.Hint != "authtray allow work "+tool || !strings.Contains(e.Detail, "You did not allow tool (process") {
		t.Errorf("%+v", e)
	}
	r.wants("the same process", r.admit(first), tokens.CodeNotAllowed, 1)
	second := r.start(tool)
	r.wants("another process at once", r.admit(second), tokens.CodeNotAllowed, 1)
	r.now = r.now.Add(denyCooldown)
	r.user.answers <- "" // put away
	r.wants("a minute later", r.admit(second), tokens.CodeNotAllowed, 2)
	r.now = r.now.Add(denyCooldown)
	r.wants("the first process", r.admit(first), tokens.CodeNotAllowed, 2)
}

func TestThereIsNoAlwaysForWhatDoesAsItIsTold(t *testing.T) {
	r := newRig(t)
	cmd := exec.Command("bash", "-c", "read -r line")
	stdin, _ := cmd.StdinPipe()
	defer stdin.Close()
	bustest.Run(t, cmd)
	bustest.Eventually(t, bustest.Said("no bash"), func() bool {
		exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid))
		return strings.HasSuffix(exe, "bash")
	})
	r.user.answers <- always // which was not offered
	r.wants("bash", r.admit(api.Peer{PID: cmd.Process.Pid}), "", 1)
	self, _ := os.Executable()
	if body := r.user.questions()[0].Body; !strings.HasSuffix(body, "wants to read it. It was started by "+self+".") {
		t.Errorf("the question says %q", body)
	}
	for _, a := range r.user.questions()[0].Answers {
		if a.Key == always {
			t.Error("Always was offered for a shell")
		}
	}
	if all, _ := NewMemory(r.state).Load("work"); len(all) != 0 {
		t.Errorf("remembered %+v", all)
	}
}

// A shell that starts a copy of a program called authtray stands for a person's
// shell with `authtray token`.
func TestAuthtrayAsksForWhoeverStartedIt(t *testing.T) {
	r := newRig(t)
	copied := filepath.Join(t.TempDir(), "authtray")
	r.install(copied, "")
	cmd := exec.Command("bash", "-c", `"$0" <&3 & echo $!; wait`, copied)
	in, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	cmd.ExtraFiles = []*os.File{in}
	out, _ := cmd.StdoutPipe()
	bustest.Run(t, cmd)
	in.Close()
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, bustest.Said("it does not run"), func() bool {
		exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return exe == copied
	})
	peer := api.Peer{PID: pid, Exe: copied}
	if above, exe, ok := Parent(peer); !ok || above != cmd.Process.Pid || !strings.HasSuffix(exe, "bash") {
		t.Errorf("the parent is %d %q", above, exe)
	}
	r.user.answers <- once
	r.wants("through bash", r.admit(peer), "", 1)
	if q := r.user.questions()[0]; !strings.HasPrefix(q.Title, "bash") || len(q.Answers) != 2 {
		t.Errorf("asked %+v", q)
	}
}

func TestTheAgentsOwnWindowIsNotAskedAbout(t *testing.T) {
	r := newRig(t)
	r.wants("the window", r.admit(r.start(filepath.Join(t.TempDir(), "authtray-window"))), "", 0)
}

func TestOneQuestionForAllWhoWaitAndNoneWhenNobodyDoes(t *testing.T) {
	r := newRig(t)
	peer := r.start(filepath.Join(t.TempDir(), "tool"))
	got := make(chan error)
	patient, leave := context.WithCancel(t.Context())
	for range 3 {
		go func() { got <- r.gate.Admit(patient, "work", peer) }()
	}
	bustest.Eventually(t, bustest.Said("not all wait"), func() bool {
		r.gate.mu.Lock()
		defer r.gate.mu.Unlock()
		for _, p := range r.gate.pending {
			return p.waiting == 3
		}
		return false
	})
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	r.wants("one who cannot wait", r.gate.Admit(hurried, "work", peer), tokens.CodeTimeout, 1)
	leave()
	for range 3 {
		r.wants("who left", <-got, tokens.CodeTimeout, 1)
	}
	bustest.Eventually(t, bustest.Said("the question stays"), func() bool {
		r.user.mu.Lock()
		defer r.user.mu.Unlock()
		return r.user.withdrawn == 1
	})
	r.user.answers <- once
	r.wants("the next one", r.admit(peer), "", 2)
}

func TestAnAnswerIsNotForAProcessThatHasChanged(t *testing.T) {
	r := newRig(t)
	cmd := exec.Command(filepath.Join(t.TempDir(), "tool"))
	r.install(cmd.Path, "")
	stdin, _ := cmd.StdinPipe()
	defer stdin.Close()
	bustest.Run(t, cmd)
	got := make(chan error)
	go func() { got <- r.admit(api.Peer{PID: cmd.Process.Pid, Exe: cmd.Path}) }()
	bustest.Eventually(t, bustest.Said("no question"), func() bool { return len(r.user.questions()) == 1 })
	bustest.End(cmd)
	r.user.answers <- always
	r.wants("a process that ended", <-got, tokens.CodeNotAllowed, 1)
	if all, _ := NewMemory(r.state).Load("work"); len(all) != 0 {
		t.Errorf("remembered %+v", all)
	}
}

func TestWhereNobodyCanBeAskedTheSentenceSaysWhatToDo(t *testing.T) {
	r := newRig(t)
	r.user.cannot = true
	tool := filepath.Join(t.TempDir(), "my tool's")
	peer := r.start(tool)
	err := r.admit(peer)
	r.wants("no buttons", err, tokens.CodeNotAllowed, 1)
	var e *tokens.Error
	if errors.As(err, &e); e.Hint != "authtray allow work '"+strings.ReplaceAll(tool, "'", `'\''`)+"'" {
		t.Errorf("the hint is %q", e.Hint)
	}
	a, err := Find(tool)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewMemory(r.state).Add("work", a); err != nil {
		t.Fatal(err)
	}
	r.wants("allowed by the command", r.admit(peer), "", 1)
}

func TestAMemoryThatOthersCanHaveWrittenAllowsNone(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	peer := r.start(tool)
	r.user.answers <- always
	r.wants("allowed", r.admit(peer), "", 1)
	os.Chmod(filepath.Join(r.state, "allowed", "work.json"), 0o666)
	r.user.answers <- deny
	r.wants("spoiled", r.admit(peer), tokens.CodeNotAllowed, 2)
}

func TestProgramsThatDoAsTheyAreTold(t *testing.T) {
	for exe, want := range map[string]bool{
		"/usr/bin/python3.12": true, "/usr/bin/bash": true, "/bin/sh": true, "/usr/bin/perl": true, "/usr/bin/ruby3.1": true,
		"/usr/lib/jvm/java-21/bin/java": true, "/usr/bin/node": true, "/usr/bin/nodejs": true, "/usr/bin/lua5.4": true,
		"/usr/bin/nc.openbsd": true, "/usr/bin/curl": true, "/usr/bin/vim.basic": true, "/bin/busybox": true,
		"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": true, "/usr/bin/qemu-x86_64": true, `C:\Windows\System32\cmd.exe`: true,
		"/usr/bin/git": true, "/usr/bin/flock": true, "/usr/bin/watch": true, "/usr/bin/unshare": true, "/usr/bin/dbus-run-session": true,
		"/usr/bin/setpriv": true, "/usr/sbin/chroot": true, "/usr/bin/nice": true, "/usr/bin/taskset": true, "/usr/bin/stdbuf": true, "/usr/bin/run-parts": true,
		"/usr/bin/less": true, "/usr/bin/sqlite3": true, "/usr/bin/tar": true, "/usr/bin/x86_64-linux-gnu-gcc-12": true, "/usr/local/go/bin/go": true, "/usr/bin/gio": true,
		"/usr/lib/chromium/chromium": true, "/usr/bin/dd": true, "/usr/bin/cat": true,
		"/usr/bin/gh": false, "/usr/bin/kubectl": false, "/usr/bin/terraform": false, "/usr/bin/msmtp": false,
		"/opt/shop/shopper": false, "/usr/lib/git-core/git-remote-http": true,
	} {
		if (doesWhatItIsTold(exe) != "") != want {
			t.Errorf("%s: %v", exe, !want)
		}
	}
}

func TestStatIsReadWhateverAProcessCallsItself(t *testing.T) {
	line := "4242 (a) R 1 (x) S 77 4242 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 2 3"
	parent, start, err := parseStat([]byte(line))
	if parent != 77 || start != "98765" || err != nil {
		t.Errorf("%d %q %v", parent, start, err)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 2", ")"} {
		if _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestWhatCannotBeAllowedForGoodIsRefusedWithASentence(t *testing.T) {
	for _, name := range []string{"bash", "no-such-program-anywhere", "/etc/passwd"} {
		if a, err := Find(name); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// TestAProgramThatTookThePlaceOfTheOneThatConnectedIsRefused: it connects, starts a
// program that was allowed for good in its own place, and that one's child reads.
func TestAProgramThatTookThePlaceOfTheOneThatConnectedIsRefused(t *testing.T) {
	r := newRig(t)
	tool := filepath.Join(t.TempDir(), "tool")
	peer := r.start(tool)
	r.user.answers <- always
	r.wants("the tool", r.admit(peer), "", 1)
	peer.Exe = "/usr/bin/python3.11"
	r.wants("another program in its place", r.admit(peer), tokens.CodeNotAllowed, 1)
	peer.Exe = tool + " (deleted)"
	r.wants("the same, whose file was gone for a while", r.admit(peer), "", 1)
}

func TestAScriptIsNotAllowedForGood(t *testing.T) {
	script := filepath.Join(t.TempDir(), "deploy")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if a, err := Find(script); err == nil || !strings.Contains(err.Error(), "script") {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestAQuestionNamesTheAccount(t *testing.T) {
	r := newRig(t)
	r.gate.Named(func(connection string) string { return connection + " (ada@example.org)" })
	r.user.answers <- deny
	err := r.admit(r.start(filepath.Join(t.TempDir(), "tool")))
	r.wants("the read", err, tokens.CodeNotAllowed, 1)
	if got := r.user.questions()[0].Title; got != "tool: allow the token of work (ada@example.org)?" {
		t.Errorf("it is %q", got)
	}
	if e := err.(*tokens.Error); !strings.HasPrefix(e.Hint, "authtray allow work ") {
		t.Errorf("the way on is %q", e.Hint)
	}
}

// TestAQuestionSaysWhichConnectionItIsAbout: the menu and status show it meanwhile, and
// status speaks English.
func TestAQuestionSaysWhichConnectionItIsAbout(t *testing.T) {
	r := newRig(t)
	r.gate.language = lang.Named("de")
	r.gate.Named(func(connection string) string { return connection + " (ada)" })
	r.user.answers <- deny
	r.wants("the read", r.admit(r.start(filepath.Join(t.TempDir(), "tool"))), tokens.CodeNotAllowed, 1)
	q := r.user.questions()[0]
	if q.About != "work" || q.English != "tool: allow the token of work (ada)?" || q.Title != "tool: Token von work (ada) erlauben?" {
		t.Errorf("%+v", q)
	}
}

// TestAQuestionAboutAChangeSaysSo: no token is read by who changes a setting.
func TestAQuestionAboutAChangeSaysSo(t *testing.T) {
	r := newRig(t)
	tool := r.start(filepath.Join(t.TempDir(), "tool"))
	r.user.answers <- deny
	err := r.gate.AdmitChange(t.Context(), "work", tool)
	r.wants("the change", err, tokens.CodeNotAllowed, 1)
	if q := r.user.questions()[0]; q.Title != "tool: allow to change work?" || !strings.Contains(q.Body, "wants to change its settings.") {
		t.Errorf("the question is %q, %q", q.Title, q.Body)
	}
	if !strings.Contains(err.Error(), "to change the settings of work") {
		t.Errorf("the answer is %q", err)
	}
	r.now = r.now.Add(2 * denyCooldown)
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = r.gate.AdmitChange(hurried, "work", r.start(filepath.Join(t.TempDir(), "other")))
	r.wants("one who gets no answer", err, tokens.CodeTimeout, 2)
	if !strings.Contains(err.Error(), "in a notification whether other may change the settings of work") {
		t.Errorf("the answer is %q", err)
	}
}
