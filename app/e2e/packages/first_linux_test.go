package packages

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// atTerminal runs an agent at a terminal until it ends by itself, or until done says
// yes and it is asked to quit; and gives what it said.
func (m *machine) atTerminal(args string, done func() bool) string {
	m.Helper()
	cmd := exec.Command("script", "-qec", m.program+" "+args, "/dev/null")
	cmd.Env = m.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { cmd.Process.Kill() })
	p := &process{Cmd: cmd, ended: make(chan struct{})}
	go func() { cmd.Wait(); close(p.ended) }()
	if m.until(p, done) {
		if out, err := m.command("", "quit").CombinedOutput(); err != nil {
			m.Errorf("quit: %v %s", err, out)
		}
	}
	<-p.ended
	return said.String()
}

// answered reports whether commands find an agent.
func (m *machine) answered() bool { return m.command("", "status").Run() == nil }

// desktopParts are what a first start looks for on a desktop.
var desktopParts = map[string]func(*desktop.Desktop){
	"keychain":      func(d *desktop.Desktop) { d.StartKeyring() },
	"notifications": func(d *desktop.Desktop) { d.StartNotices() },
	"tray":          func(d *desktop.Desktop) { d.StartPanel() },
}

// TestDesktopFirstStartAtATerminal: what the desktop lacks is said in one place, once
// and alone; where it lacks nothing the window is opened once, for which a script stands
// here; the real one is opened in app/e2e/window.
func TestDesktopFirstStartAtATerminal(t *testing.T) {
	bustest.Need(t, "script", "gnome-keyring-daemon")
	for name, lacks := range map[string][]string{
		"with everything there":         nil,
		"without a keychain":            {"keychain"},
		"without a tray host":           {"tray"},
		"without a notification server": {"notifications"},
		"without any of them":           {"keychain", "notifications", "tray"},
	} {
		t.Run(name, func(t *testing.T) {
			d := desktop.Bare(t, false, "org.xfce.Xfconf") // the panel asks it for its settings
			for part, start := range desktopParts {
				if !slices.Contains(lacks, part) {
					start(d)
				}
			}
			firstStart(newMachine(t), lacks)
		})
	}
}

func firstStart(m *machine, lacks []string) {
	m.env = append(m.env, "DISPLAY="+os.Getenv("DISPLAY"), "DBUS_SESSION_BUS_ADDRESS="+os.Getenv("DBUS_SESSION_BUS_ADDRESS"),
		"PATH="+m.home+":"+os.Getenv("PATH"))
	opened := filepath.Join(m.home, "opened")
	if err := os.WriteFile(m.program+"-window", []byte("#!/bin/sh\necho $1 >>"+opened+"\n"), 0o755); err != nil {
		m.Fatal(err)
	}
	windows := func() int {
		text, _ := os.ReadFile(opened)
		return bytes.Count(text, []byte("window\n"))
	}
	want := 0
	if lacks == nil {
		want = 1
	}
	first := m.atTerminal("run", func() bool { return m.answered() && windows() >= want })
	if told := missing(first); !slices.Equal(told, lacks) || strings.Contains(first, "first start") != (lacks != nil) {
		m.Errorf("%v is said to be missing; want %v: %s", told, lacks, first)
	}
	if slices.Contains(lacks, "keychain") {
		if !strings.Contains(first, "--store=file") {
			m.Errorf("it is not said what to do without a keychain: %s", first)
		}
		return // it did not start, so the next start is the first one again
	}
	until := time.Now().Add(time.Second) // nothing tells of a window that is not opened
	again := m.atTerminal("run", func() bool { return m.answered() && time.Now().After(until) })
	if strings.Contains(again, "first start") || windows() != want {
		m.Errorf("%d windows were opened, want %d; the second start said: %s", windows(), want, again)
	}
}

// missing are the parts that a first start says are missing, in the order of the
// alphabet.
func missing(said string) (parts []string) {
	for _, m := range regexp.MustCompile(`(?m)^  (\w+) {2,}\S`).FindAllStringSubmatch(said, -1) {
		parts = append(parts, m[1])
	}
	slices.Sort(parts)
	return parts
}

func TestFirstStartWithAnotherStoreAsksForNoKeychain(t *testing.T) {
	bustest.Need(t, "script")
	m := newMachine(t)
	if first := m.atTerminal("run --store=memory", m.answered); !slices.Equal(missing(first), []string{"notifications", "tray"}) || !strings.Contains(first, "authtray doctor says") {
		t.Errorf("it said: %s", first)
	}
}

func TestAgentWithoutRuntimeFolderIsFoundByCommands(t *testing.T) {
	m := newMachine(t)
	m.env = []string{"HOME=" + m.home, "PATH=/usr/bin:/bin", "AUTHTRAY_PROFILE=elsewhere"}
	p := m.agent("--store=memory")
	if !m.until(p, m.answered) {
		t.Fatalf("the agent ended: %s", p.said.String())
	}
	if out, err := m.command("", "status").CombinedOutput(); err != nil {
		t.Errorf("status: %v %s", err, out)
	}
	if out, err := m.command("", "quit").CombinedOutput(); err != nil {
		t.Errorf("quit: %v %s", err, out)
	}
}
