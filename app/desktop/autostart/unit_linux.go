package autostart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens/store/atomicfile"
)

// Where systemd runs the user's session (GNOME and Plasma), it would make a unit of
// the XDG entry by itself: one that is never restarted, and has 5 seconds to end,
// which is less than an answer under way may need. So there is a unit of our own,
// and the entry says that it is not for systemd. Sessions that start the entry
// themselves may reach the unit's target too; who comes second leaves.

// systemd reports whether a systemd runs for this user.
func systemd() bool {
	run := os.Getenv("XDG_RUNTIME_DIR")
	if run == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(run, "systemd", "private"))
	return err == nil
}

// unitFiles are the unit's file and the link that enables it.
func (e Entry) unitFiles() (file, link string, err error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", "", fmt.Errorf("start at login has no place to be kept: %w", err)
	}
	dir = filepath.Join(dir, "systemd", "user")
	name := e.id() + ".service"
	return filepath.Join(dir, name), filepath.Join(dir, "graphical-session.target.wants", name), nil
}

// unit is an entry in the format of systemd.service(5). It is for as long as the
// XDG entry at that path is there and on, which is what the desktop's settings
// know. Nothing in it confines the agent: what it starts would be confined too.
func (e Entry) unit(entry string) string {
	words := []string{"/usr/bin/env"} // systemd starts no program itself whose path has quotes in it
	if e.Profile != "" {
		words = append(words, quoteUnit("AUTHTRAY_PROFILE="+e.Profile))
	}
	words = append(words, quoteUnit(e.Program))
	return fmt.Sprintf(`[Unit]
Description=Authtray keeps your OAuth connections alive
PartOf=graphical-session.target
After=graphical-session.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
ExecCondition=:/bin/sh -c 'test -e "$0" && ! grep -qsE "^(Hidden=true|X-GNOME-Autostart-enabled=false)" "$0"' %s
ExecStart=:%s run --login
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2 6
TimeoutStopSec=45

[Install]
WantedBy=graphical-session.target
`, quoteUnit(entry), strings.Join(words, " "))
}

// quoteUnit writes one word of a unit's line. Dollar signs mean nothing there after
// a colon.
func quoteUnit(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s) + `"`
}

// writeUnit writes the unit and enables it.
func (e Entry) writeUnit(entry string) error {
	file, link, err := e.unitFiles()
	if err != nil {
		return err
	}
	err = atomicfile.Write(file, []byte(e.unit(entry)), atomicfile.Options{Mode: 0o644, MakeFolder: true})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(link), 0o700)
	}
	if err == nil {
		if err = os.Symlink(path.Join("..", filepath.Base(file)), link); errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("start at login could not be turned on: %w", err)
	}
	reloadUnits()
	return nil
}

// removeUnit takes the unit away. That it is not there is no error.
func (e Entry) removeUnit() error {
	file, link, err := e.unitFiles()
	if err != nil {
		return err
	}
	first, second := os.Remove(link), os.Remove(file)
	for _, err := range []error{first, second} {
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("start at login could not be turned off: %w", err)
		}
	}
	if first == nil || second == nil {
		reloadUnits()
	}
	return nil
}

// hasUnit reports whether there is one.
func (e Entry) hasUnit() bool {
	file, _, err := e.unitFiles()
	if err == nil {
		_, err = os.Stat(file)
	}
	return err == nil
}

// reloadUnits tells systemd of it. Where that fails it finds out at the next login.
func reloadUnits() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = exec.CommandContext(ctx, "systemctl", "--user", "daemon-reload").Run()
}

// OutsideUnit is a command that runs another one outside of the unit that this
// process is of, so that a browser or a window goes on when the unit is stopped or
// restarted. It keeps the environment, the process id and the exit code. False
// where this process is of no unit of ours, or there is nothing to do it with.
func OutsideUnit(command []string) ([]string, bool) {
	cgroup, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || !inUnit(string(cgroup)) {
		return nil, false
	}
	run, err := exec.LookPath("systemd-run")
	if err != nil {
		return nil, false
	}
	// The description would else be the command's line, in the journal.
	return append([]string{run, "--user", "--scope", "--collect", "--quiet", "--description=opened by Authtray", "--"}, command...), true
}

// inUnit reads /proc/PID/cgroup: the process is of authtray.service, or of a profile's.
func inUnit(cgroup string) bool {
	for line := range strings.Lines(cgroup) {
		name := path.Base(strings.TrimSpace(line))
		if name == "authtray.service" || strings.HasPrefix(name, "authtray-") && strings.HasSuffix(name, ".service") {
			return true
		}
	}
	return false
}
