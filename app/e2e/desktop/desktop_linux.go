package desktop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
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
	bustest.Need(t, "openbox", "gnome-keyring-daemon", "secret-tool", "import", "display")
	d := Bare(t, true)
	d.run("openbox")
	d.Paint()
	d.StartKeyring()
	return d
}

// Bare begins a session that is only a bus and a screen without a window manager,
// for a test that brings its own desktop. services and names are as in
// bustest.Start.
func Bare(t testing.TB, services bool, names ...string) *Desktop {
	t.Helper()
	bustest.Need(t, "dbus-daemon", "Xvfb")
	bustest.Home(t)
	for name, value := range surroundings {
		t.Setenv(name, value)
	}
	bustest.Screen(t)
	return &Desktop{t: t, conn: bustest.Connect(t, bustest.Start(t, services, names...)), home: os.Getenv("HOME")}
}

// UnderSystemd is Bare for a session that systemd runs, in a place that
// bustest.WithSystemd made: the bus is systemd's, and offers what is installed.
func UnderSystemd(t testing.TB) *Desktop {
	t.Helper()
	bustest.Need(t, "Xvfb", "/lib/systemd/systemd")
	bustest.Home(t)
	for name, value := range surroundings {
		t.Setenv(name, value)
	}
	bustest.Screen(t)
	run := os.Getenv("XDG_RUNTIME_DIR")
	address := "unix:path=" + filepath.Join(run, "bus")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	d := &Desktop{t: t, home: os.Getenv("HOME")}
	d.run("/lib/systemd/systemd", "--user", "--unit=basic.target")
	bustest.Eventually(t, bustest.Said("systemd does not start"), func() bool {
		return exec.Command("systemctl", "--user", "is-active", "--quiet", "basic.target").Run() == nil
	})
	d.conn = bustest.Connect(t, address)
	return d
}

// Paint gives the screen a background, against which icons and notifications
// are told apart in screenshots. display ends with 1 when it has painted, too,
// and nothing depends on it.
func (d *Desktop) Paint() {
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

// Bus is a connection of the test's own to the session's bus.
func (d *Desktop) Bus() *dbus.Conn { return d.conn }

// run starts a program in a process group of its own, which dies with the test
// process even if that is killed.
func (d *Desktop) run(program string, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command(program, args...)
	d.Run(cmd)
	return cmd
}

// Run starts cmd as part of the session. It ends with the test at the latest, and
// so does what it started.
func (d *Desktop) Run(cmd *exec.Cmd) {
	d.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	bustest.Run(d.t, cmd)
	group := cmd.Process.Pid
	d.t.Cleanup(func() { syscall.Kill(-group, syscall.SIGKILL) })
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

// Await waits until somebody has this name on the bus.
func (d *Desktop) Await(name string) {
	d.t.Helper()
	d.await(name, true)
}

// AwaitGone waits until nobody has this name on the bus.
func (d *Desktop) AwaitGone(name string) {
	d.t.Helper()
	d.await(name, false)
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

const secretService = "org.freedesktop.secrets"

// StartKeyring starts gnome-keyring with its login collection open.
func (d *Desktop) StartKeyring() *exec.Cmd {
	d.t.Helper()
	cmd := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	cmd.Stdin = strings.NewReader("a password for one test")
	d.Run(cmd)
	d.await(secretService, true) // asking sooner would have the bus start another one
	bustest.Eventually(d.t, bustest.Said("the keychain does not open"), func() bool {
		v, err := d.conn.Object(secretService, "/org/freedesktop/secrets/collection/login").
			GetProperty("org.freedesktop.Secret.Collection.Locked")
		locked, ok := v.Value().(bool)
		return err == nil && ok && !locked
	})
	return cmd
}

// Secret looks an item up in the keychain with secret-tool, as any other
// program would; "" where there is none.
func (d *Desktop) Secret(service, user string) string {
	d.t.Helper()
	out, err := exec.Command("secret-tool", "lookup", "service", service, "username", user).Output()
	if err != nil && len(out) > 0 {
		d.t.Fatalf("secret-tool: %v", err)
	}
	return string(out)
}

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
)

// panelSettings are one panel at the upper edge: the tray and a clock, at the right.
const panelSettings = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
`

// Panel is a running xfce4-panel.
type Panel struct {
	d   *Desktop
	cmd *exec.Cmd
}

// StartPanel starts the tray host and waits until it takes icons.
func (d *Desktop) StartPanel() *Panel {
	d.t.Helper()
	bustest.Need(d.t, "xfce4-panel")
	d.write("XDG_CONFIG_HOME", "xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml", panelSettings)
	p := &Panel{d, d.run("xfce4-panel", "--disable-wm-check")}
	d.await(watcherName, true)
	bustest.Eventually(d.t, bustest.Said("xfce4-panel hosts no tray icons"), func() bool {
		v, err := d.conn.Object(watcherName, watcherPath).GetProperty(watcherName + ".IsStatusNotifierHostRegistered")
		hosted, _ := v.Value().(bool)
		return err == nil && hosted
	})
	return p
}

// Kill ends the panel, and waits until the bus knows that.
func (p *Panel) Kill() {
	p.d.t.Helper()
	p.d.Kill(p.cmd)
	p.d.await(watcherName, false)
}
