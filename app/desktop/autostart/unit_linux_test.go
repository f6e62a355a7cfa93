package autostart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// systemdHome is home for a user whose session systemd runs.
func systemdHome(t *testing.T) (config string) {
	t.Helper()
	home(t)
	run := t.TempDir()
	if err := os.MkdirAll(filepath.Join(run, "systemd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "systemd", "private"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", run)
	return os.Getenv("XDG_CONFIG_HOME")
}

func TestUnitIsWrittenWhereSystemdRunsTheSession(t *testing.T) {
	config := systemdHome(t)
	program := filepath.Join(t.TempDir(), `50% "of" $HOME\x`, "authtray")
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"", "work"} {
		e := Entry{Profile: profile, Program: program}
		if err := e.Set(true); err != nil {
			t.Fatal(err)
		}
		entry, _ := os.ReadFile(filepath.Join(config, "autostart", e.id()+".desktop"))
		if !strings.Contains(string(entry), "\nX-systemd-skip=true\n") {
			t.Errorf("systemd would make another unit of\n%s", entry)
		}
		unit := filepath.Join(config, "systemd", "user", "graphical-session.target.wants", e.id()+".service")
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"PartOf=graphical-session.target", "After=graphical-session.target", "WantedBy=graphical-session.target",
			"Restart=on-failure", "RestartPreventExitStatus=2 6", "TimeoutStopSec=45", "StartLimitBurst=5"} {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("the unit has no %s", line)
			}
		}
		verify(t, filepath.Join(config, "systemd", "user", e.id()+".service"))
		if err := e.Set(false); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(config, "systemd", "user", "*", "*.service")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// verify has systemd read a unit.
func verify(t *testing.T, unit string) {
	t.Helper()
	bustest.Need(t, "systemd-analyze")
	out, err := exec.Command("systemd-analyze", "verify", "--user", unit).CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(unit)) {
		t.Errorf("systemd says of the unit: %v\n%s", err, out)
	}
}

func TestEntryOfAnOlderVersionGetsItsUnit(t *testing.T) {
	program := filepath.Join(t.TempDir(), "authtray")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	home(t)
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	e := Entry{Program: program}
	if err := e.Set(true); err != nil {
		t.Fatal(err)
	}
	if e.hasUnit() {
		t.Fatal("there is a unit, and no systemd")
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	systemdHome(t)
	t.Setenv("XDG_CONFIG_HOME", config)
	for _, want := range []bool{true, false} {
		if wrote, err := (Entry{}).Follow(); wrote != want || err != nil {
			t.Errorf("wrote %v, %v", wrote, err)
		}
	}
	text, _ := os.ReadFile(filepath.Join(config, "systemd", "user", "authtray.service"))
	if !strings.Contains(string(text), program) {
		t.Errorf("the unit is of another program:\n%s", text)
	}
}

// The desktop's settings know the XDG entry alone: what is off there is off.
func TestUnitFollowsTheEntry(t *testing.T) {
	config := systemdHome(t)
	if err := (Entry{}).Set(true); err != nil {
		t.Fatal(err)
	}
	entry := filepath.Join(config, "autostart", "authtray.desktop")
	script, _, _ := strings.Cut(strings.SplitN(Entry{}.unit(entry), "-c '", 2)[1], "' ")
	starts := func() bool { return exec.Command("/bin/sh", "-c", script, entry).Run() == nil }
	if !starts() {
		t.Error("it does not start with an entry that is on")
	}
	on, err := os.ReadFile(entry)
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []string{"Hidden=true\n", strings.Replace(string(on), "enabled=true", "enabled=false", 1)} {
		if err := os.WriteFile(entry, []byte(off), 0o600); err != nil {
			t.Fatal(err)
		}
		if starts() {
			t.Errorf("it starts with\n%s", off)
		}
	}
	os.Remove(entry)
	if starts() {
		t.Error("it starts without an entry")
	}
}

func TestWhatIsOpenedLeavesTheUnit(t *testing.T) {
	for cgroup, want := range map[string]bool{
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/authtray.service\n":      true,
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/authtray-work.service\n": true,
		"1:name=systemd:/user.slice/authtray.service\n0::/\n":                                true,
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-foot-77.scope\n":     false,
		"0::/user.slice/user-1000.slice/session-2.scope\n":                                   false,
		"0::/\n": false,
		"":       false,
	} {
		if inUnit(cgroup) != want {
			t.Errorf("%q: %v", cgroup, !want)
		}
	}
}
