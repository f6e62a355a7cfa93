package story

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

// TestMakeRunWorksWithoutADesktop: no screen, no bus, no keychain, no stdin; and
// Ctrl-C ends all that it started.
func TestMakeRunWorksWithoutADesktop(t *testing.T) {
	bustest.Need(t, "bash")
	out, port := programs(t), freePort(t) // in the builder's own home, where Go's cache is
	bustest.Home(t)
	for _, absent := range []string{"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"} {
		t.Setenv(absent, "")
		os.Unsetenv(absent)
	}
	t.Setenv("PORT", port)
	t.Setenv("AUTHTRAY_PROFILE", "practice")
	run := exec.Command("../../../providers/practice/run", out)
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lines := printed(t, run)

	said := until(t, lines, "http://127.0.0.1:"+port+"/authorize?")
	for _, want := range []string{"Left out: the tray icon", "Left out: the keychain", "authtray add docs --mcp http://127.0.0.1:" + port + "/mcp && authtray connect docs", "authtray token docs", "authtray request practice /notes", "Ctrl-C"} {
		if !slices.ContainsFunc(said, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("it does not say %q, but\n%s", want, strings.Join(said, "\n"))
		}
	}
	p := &program{t: t, path: filepath.Join(out, "authtray")}
	p.signIn(said[len(said)-1], "ada")
	until(t, lines, "Connected as ada.")
	request := exec.Command(p.path, "request", name, "/notes")
	if answer, err := request.Output(); err != nil || !strings.Contains(string(answer), "Hello Ada") {
		t.Errorf("the sample API answers %q: %v", answer, err)
	}

	syscall.Kill(-run.Process.Pid, syscall.SIGINT)
	if err := run.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if code := exec.Command(p.path, "status").Run(); code == nil || code.(*exec.ExitError).ExitCode() != 5 {
		t.Errorf("the agent still answers: %v", code)
	}
	if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second); err == nil {
		conn.Close()
		t.Error("the practice provider still listens")
	}
}

// programs are authtray and practice in one folder.
func programs(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	for from, to := range map[string]string{build(t, "authtray", module): "authtray", build(t, "practice", module+"/providers/practice"): "practice"} {
		if err := os.Rename(from, filepath.Join(out, to)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// printed starts a program; what it says comes a line at a time.
func printed(t *testing.T, cmd *exec.Cmd) <-chan string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// until returns what was said, up to the line that begins so.
func until(t *testing.T, lines <-chan string, beginning string) (said []string) {
	t.Helper()
	tooLong := time.After(3 * time.Minute)
	for {
		select {
		case line, more := <-lines:
			said = append(said, line)
			if strings.HasPrefix(line, beginning) {
				return said
			}
			if more {
				continue
			}
		case <-tooLong:
		}
		t.Fatalf("it said no %q, but\n%s", beginning, strings.Join(said, "\n"))
	}
}

func (p *program) signIn(url, user string) {
	p.t.Helper()
	redirect, err := practicetest.Consent(p.t.Context(), url, user)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.Get(redirect)
	if err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
}
