package desktoptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/bus/bustest"
)

// Desktop is one desktop session. The test's own environment points to it, so
// whatever the test runs belongs to it.
type Desktop struct {
	t    testing.TB
	conn *dbus.Conn
	home string
}

// Start begins a session: bus, screen, window manager and an open keychain. The
// panel, the notification server and the browser are started by the test.
func Start(t testing.TB) *Desktop {
	t.Helper()
	bustest.Need(t, "dbus-daemon", "Xvfb", "openbox", "gnome-keyring-daemon", "secret-tool", "import", "display")
	bustest.Home(t)
	for name, value := range surroundings {
		t.Setenv(name, value)
	}
	bustest.Screen(t)
	d := &Desktop{t: t, conn: bustest.Connect(t, bustest.Start(t, true)), home: os.Getenv("HOME")}
	d.run("openbox")
	d.paint()
	d.startKeyring()
	return d
}

// paint gives the screen a background, against which icons and notifications
// are told apart in screenshots. display ends with 1 when it has painted, too,
// and nothing depends on it.
func (d *Desktop) paint() {
	_ = exec.Command("display", "-window", "root", "-size", "1280x800", "gradient:#35506b-#6f8ba3").Run()
}

// surroundings keep the outside of the test from changing what is seen in it.
var surroundings = map[string]string{
	"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_AT_BRIDGE": "1", "GIO_USE_VFS": "local",
	"BROWSER": "", "XDG_CURRENT_DESKTOP": "", "XDG_SESSION_TYPE": "x11", "AUTHTRAY_PROFILE": "",
	"AUTHTRAY_CONFIG": "", "AUTHTRAY_STATE": "", "AUTHTRAY_SOCKET": "",
}

// Home is the session's throw-away home folder.
func (d *Desktop) Home() string { return d.home }

// run starts a program in a process group of its own, which dies with the test
// process even if that is killed.
func (d *Desktop) run(program string, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command(program, args...)
	d.Run(cmd)
	return cmd
}

// Run starts cmd as part of the session. It ends with the test at the latest.
func (d *Desktop) Run(cmd *exec.Cmd) {
	d.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	bustest.Run(d.t, cmd)
}

// Kill ends a program that Run started, with SIGKILL, and all that it started.
func (d *Desktop) Kill(cmd *exec.Cmd) {
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	bustest.End(cmd)
}

// owned says whether somebody has this name on the bus.
func (d *Desktop) owned(name string) (owned bool) {
	err := d.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
	return err == nil && owned
}

// await waits for a name to be taken, or given up.
func (d *Desktop) await(name string, taken bool) {
	d.t.Helper()
	bustest.Eventually(d.t, bustest.Said(name+" on the bus is not as awaited"), func() bool { return d.owned(name) == taken })
}

// write puts a file below the session's folder that variable names.
func (d *Desktop) write(variable, name, text string) string {
	d.t.Helper()
	path := filepath.Join(os.Getenv(variable), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		d.t.Fatal(err)
	}
	return path
}
