package desktops

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// check is one line of the doctor's report.
type check struct {
	ID, Detail, Hint string
	OK               bool
}

// hintShell is a person's shell on a desktop: it types what the doctor says.
type hintShell struct {
	*testing.T
	session *testing.T // at whose end what was started ends
	env     []string
}

// typed runs a line as in a terminal, which programs that it starts outlive; they end
// with the test.
func (s *hintShell) typed(line string) (exit int, said string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", line)
	cmd.Env, cmd.SysProcAttr = s.env, &syscall.SysProcAttr{Setpgid: true}
	out, err := os.CreateTemp(s.session.TempDir(), "said") // a pipe would wait for what stays
	if err != nil {
		s.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	group := cmd.Process.Pid
	s.session.Cleanup(func() { syscall.Kill(-group, syscall.SIGKILL) })
	_ = cmd.Wait() // the exit code says what came of it
	text, _ := os.ReadFile(out.Name())
	return cmd.ProcessState.ExitCode(), string(text)
}

func (s *hintShell) check(id string) (found check) {
	s.Helper()
	_, out := s.typed("authtray doctor --json 2>/dev/null")
	var report struct{ Checks []check }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		s.Fatalf("%v: %s", err, out)
	}
	for _, c := range report.Checks {
		if c.ID == id {
			return c
		}
	}
	return check{}
}

// helps types the hint of a check that is amiss, in the background where it is a
// program that stays, and waits for the tick.
func (s *hintShell) helps(id, hint string) {
	s.Helper()
	bad := s.check(id)
	if bad.OK || bad.Hint != hint {
		s.Fatalf("%+v, want the hint %s", bad, hint)
	}
	line := bad.Hint
	if strings.Contains(line, "authtray run") {
		line += " >/dev/null 2>&1 &"
	}
	if exit, said := s.typed(line); exit != 0 {
		s.Fatalf("%s: exit %d: %s", bad.Hint, exit, said)
	}
	var now check
	bustest.Eventually(s, func() string { return bad.Hint + " does not help: " + now.Detail }, func() bool {
		now = s.check(id)
		return now.OK
	})
}

// program puts authtray into the PATH.
func program(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	build(t, filepath.Join(dir, "authtray"), "CGO_ENABLED=0", "release")
	return dir + ":" + os.Getenv("PATH")
}

func TestHintsOfTheDoctorHelpOnADesktop(t *testing.T) {
	bustest.Need(t, "xfce4-panel", "dunst", "gnome-keyring-daemon")
	path := program(t)
	desktop.Bare(t, false, "org.xfce.Xfconf").StartKeyring() // where no tray host and no notification server start by themselves
	t.Setenv("PATH", path)
	t.Setenv("BROWSER", "true")
	s := &hintShell{t, t, os.Environ()}
	for _, c := range []struct{ name, check, hint string }{
		{"no agent", "agent", "authtray run"},
		{"no tray host", "tray", "xfce4-panel &"},
		{"no notification server", "notifications", "dunst &"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.T = t
			s.helps(c.check, c.hint)
		})
	}
}

// A keychain that is locked, with nothing in it, or that has no keyring yet: what the
// doctor, a command and the agent say is authtray unlock, and it opens it.
func TestHintsOfAKeychainHelp(t *testing.T) {
	path := program(t)
	for _, c := range []struct {
		name, says string
		start      func(*storetest.Bus) *storetest.Keyring
	}{
		{"locked and empty", "locked", func(b *storetest.Bus) *storetest.Keyring {
			k := b.StartKeyring("pw")
			k.Lock()
			return k
		}},
		{"without a keyring", "no default keyring", func(b *storetest.Bus) *storetest.Keyring { return b.StartKeyring("") }},
	} {
		for _, running := range []bool{false, true} {
			name := c.name + ", without an agent"
			if running {
				name = c.name + ", with an agent"
			}
			t.Run(name, func(t *testing.T) {
				b := storetest.StartBus(t)
				person := b.StartPrompter()
				c.start(b)
				env := append(b.Env(), "PATH="+path, "BROWSER=true")
				s := &hintShell{t, t, env}
				if running {
					s.typed("authtray run --no-tray --login >/dev/null 2>&1 &")
					bustest.Eventually(t, bustest.Said("the agent does not answer"), func() bool { exit, _ := s.typed("authtray status"); return exit == 0 })
				}
				bad := s.check("keychain")
				if bad.OK || bad.Hint != "authtray unlock" || !strings.Contains(bad.Detail, c.says) {
					t.Fatalf("%+v", bad)
				}
				s.typed("authtray add work --provider practice")
				if running {
					_, said := s.typed("authtray token work")
					if !strings.Contains(said, c.says) || !strings.Contains(said, "run: authtray unlock") {
						t.Errorf("%s", said)
					}
				}
				answered := make(chan bool)
				go func() { defer close(answered); person.Await().Answer("pw") }()
				if exit, said := s.typed(bad.Hint); exit != 0 {
					t.Fatalf("exit %d: %s", exit, said)
				}
				<-answered
				if now := s.check("keychain"); !now.OK {
					t.Errorf("%+v", now)
				}
				if exit, said := s.typed("echo s3cret | authtray secret set work"); exit != 0 {
					t.Errorf("exit %d: %s", exit, said)
				}
			})
		}
	}
}

// Without any bus there is no keychain: the command that the agent names starts one
// that needs none.
func TestHintsWithoutAKeychainHelp(t *testing.T) {
	path := program(t)
	dir, err := os.MkdirTemp("", "hk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &hintShell{t, t, []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "PATH=" + path, "DBUS_SESSION_BUS_ADDRESS=unix:path=" + dir + "/none"}}
	bad := s.check("keychain")
	if bad.OK || bad.Hint != "authtray run --store=file" {
		t.Fatalf("%+v", bad)
	}
	s.typed("echo a passphrase | " + bad.Hint + " --no-tray >/dev/null 2>&1 &")
	bustest.Eventually(t, bustest.Said(bad.Hint+" does not help"), func() bool { return s.check("keychain").OK })
}

// A panel that shows only icons of the old kind is named, and what helps there.
func TestDesktopTrayOfTheOldKindIsSaid(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	bustest.Need(t, "trayer")
	d := desktop.Bare(t, false)
	d.Run(exec.Command("trayer", "--edge", "top"))
	w := newWorld(t, d)
	w.run("--store=memory")
	bustest.Eventually(t, bustest.Said("the doctor does not name trayer"), func() bool {
		out, _ := w.command("doctor").Output()
		return strings.Contains(string(out), "trayer shows only icons of the old kind (XEmbed); snixembed beside it shows the others.")
	})
}
