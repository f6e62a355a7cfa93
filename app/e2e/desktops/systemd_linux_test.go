package desktops

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// session is a desktop's target, which draws graphical-session.target in.
const session = `[Unit]
BindsTo=graphical-session.target
Before=graphical-session.target
`

// entry is an XDG entry for systemd to make a unit of.
const entry = "[Desktop Entry]\nType=Application\nName=Other\nExec=/bin/true\n"

// stay is a browser that is open until it is closed.
const stay = `#!/bin/sh
printf '%%s\n' "$1" >>'%s'
echo $$ >"$HOME/browser.pid"
exec sleep 1000
`

// generatedStop is how long a unit that systemd makes of an XDG entry has to end.
const generatedStop = 5 * time.Second

// login is a session that systemd runs, with a provider whose answers at the token
// endpoint can be held up.
type login struct {
	*world
	held    atomic.Bool
	asked   chan bool
	release chan bool
}

func startLogin(t *testing.T) *login {
	t.Helper()
	d := desktop.UnderSystemd(t)
	d.StartKeyring()
	l := &login{asked: make(chan bool), release: make(chan bool)}
	l.world = newWorld(t, d, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" && l.held.CompareAndSwap(true, false) {
				defer func() { <-l.release }() // spent, and the answer is under way
				l.asked <- true
			}
			next.ServeHTTP(w, r)
		})
	})
	config := os.Getenv("XDG_CONFIG_HOME")
	for name, text := range map[string]string{
		filepath.Join(config, "systemd/user/test-session.target"): session,
		filepath.Join(config, "autostart/other.desktop"):          entry,
		os.Getenv("BROWSER"): fmt.Sprintf(stay, l.browser),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l.systemctl("import-environment", "BROWSER", "DISPLAY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE")
	return l
}

func (l *login) systemctl(words ...string) string {
	l.Helper()
	out, err := exec.Command("systemctl", append([]string{"--user"}, words...)...).CombinedOutput()
	if err != nil {
		l.Fatalf("systemctl %v: %v %s", words, err, out)
	}
	return strings.TrimSpace(string(out))
}

// property is one of the unit's.
func (l *login) property(name string) string {
	l.Helper()
	return l.systemctl("show", "authtray.service", "--value", "--property="+name)
}

func (l *login) awaitProperty(name, want string) {
	l.Helper()
	got := ""
	bustest.Eventually(l, func() string { return fmt.Sprintf("%s of the unit is %s, not %s", name, got, want) }, func() bool {
		got = l.property(name)
		return got == want
	})
}

// has reports whether systemd knows a unit.
func (l *login) has(unit string) bool {
	return exec.Command("systemctl", "--user", "cat", unit).Run() == nil
}

// group is the last part of the control group of a process.
func (l *login) group(pid int) string {
	l.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		l.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name := filepath.Base(strings.TrimSpace(line)); strings.Contains(name, ".") {
			return name
		}
	}
	return ""
}

func (l *login) browserPID() (pid int) {
	l.Helper()
	bustest.Eventually(l, bustest.Said("the browser does not run"), func() bool {
		text, _ := os.ReadFile(filepath.Join(l.d.Home(), "browser.pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	return pid
}

func (l *login) windowPID() (pid int) {
	l.Helper()
	bustest.Eventually(l, bustest.Said("the window does not run"), func() bool {
		out, _ := exec.Command("pgrep", "-f", "authtray-window window").Output()
		pid, _ = strconv.Atoi(strings.TrimSpace(string(out)))
		return pid > 0
	})
	return pid
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// A systemd of the user's own starts the agent at login, once, and ends it at
// logout with the time that an answer may need; what the agent opened is not its.
func TestDesktopSystemdSession(t *testing.T) {
	if !bustest.WithSystemd(t, func(dir string) []string { return programs(t, dir, true) }) {
		return
	}
	l := startLogin(t)
	l.add("practice")
	l.do("autostart", "on")
	l.systemctl("daemon-reload")
	if !l.has("app-other@autostart.service") || l.has("app-authtray@autostart.service") {
		t.Error("systemd makes no units of XDG entries, or another one of ours")
	}
	l.systemctl("start", "test-session.target")
	l.awaitState("practice", "disconnected")
	if out, err := l.command("run", "--login").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("who comes second: %v, and it says %q", err, out)
	}
	l.d.Run(l.command("connect", "practice"))
	l.agree(l.awaitBrowser(1))
	l.awaitState("practice", "connected")
	l.do("open")
	browser, window := l.browserPID(), l.windowPID()
	for what, pid := range map[string]int{"browser": browser, "window": window} {
		if group := l.group(pid); !strings.HasPrefix(group, "run-") || !strings.HasSuffix(group, ".scope") {
			t.Errorf("the %s is of %s", what, group)
		}
	}
	agent := l.property("MainPID")
	if id, _ := strconv.Atoi(agent); l.group(id) != "authtray.service" {
		t.Errorf("the agent is of %s", l.group(id))
	}

	l.systemctl("restart", "authtray.service")
	l.awaitState("practice", "connected")
	if !alive(browser) || !alive(window) {
		t.Errorf("after a restart of the unit browser and window run: %v, %v", alive(browser), alive(window))
	}
	l.systemctl("kill", "--signal=SIGKILL", "authtray.service")
	l.awaitProperty("NRestarts", "1")
	l.awaitState("practice", "connected")
	l.logoutDuringAnAnswer()
	l.endsThatAreNoFailures()
}

// logoutDuringAnAnswer ends the session while a refresh token is spent and the next
// one is not yet there, for longer than a generated unit would wait.
func (l *login) logoutDuringAnAnswer() {
	l.Helper()
	l.held.Store(true)
	l.d.Run(l.command("refresh", "practice"))
	<-l.asked
	l.systemctl("stop", "--no-block", "test-session.target")
	l.awaitProperty("SubState", "stop-sigterm")
	time.Sleep(generatedStop + time.Second)
	if got := l.property("SubState"); got != "stop-sigterm" {
		l.Errorf("while the answer is under way the unit is %s", got)
	}
	l.release <- true
	l.awaitProperty("ActiveState", "inactive")
	l.systemctl("start", "test-session.target")
	l.awaitState("practice", "connected")
	l.do("refresh", "practice") // by the token of that answer
}

// endsThatAreNoFailures: what would end the same way again is not started again.
func (l *login) endsThatAreNoFailures() {
	l.Helper()
	dropIn := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "systemd/user/authtray.service.d/wrong.conf")
	if err := os.MkdirAll(filepath.Dir(dropIn), 0o700); err != nil {
		l.Fatal(err)
	}
	for option, want := range map[string]string{"--nonsense": "2", "--store=file": "6"} { // nobody is there who could type its passphrase
		err := os.WriteFile(dropIn, fmt.Appendf(nil, "[Service]\nExecStart=\nExecStart=%s run --login %s\n", l.command().Path, option), 0o600)
		if err != nil {
			l.Fatal(err)
		}
		l.systemctl("daemon-reload")
		l.systemctl("stop", "authtray.service")
		l.systemctl("reset-failed")
		l.systemctl("start", "--no-block", "authtray.service")
		l.awaitProperty("ActiveState", "failed")
		if status, times := l.property("ExecMainStatus"), l.property("NRestarts"); status != want || times != "0" {
			l.Errorf("with %s it ended with %s and was started again %s times", option, status, times)
		}
	}
	if err := os.Remove(dropIn); err != nil {
		l.Fatal(err)
	}
	l.systemctl("daemon-reload")
	l.systemctl("restart", "authtray.service")
	l.awaitState("practice", "connected")
	l.do("autostart", "off")
	if l.has("authtray.service") {
		l.Error("the unit is there after autostart off")
	}
}
