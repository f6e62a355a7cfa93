package desktops

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// large skips a test of a desktop that `make test` does not install.
func large(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("AUTHTRAY_DESKTOPS") == "" {
		t.Skip("only `make desktops` runs it")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed", p)
		}
	}
}

// panels are tray hosts of other desktops, and where on a screen of 1280 by 800
// our icon is.
var panels = []struct {
	desktop, program string
	x, y             int
}{
	{"LXQt", "lxqt-panel", 1211, 784},
	{"MATE", "mate-panel", 1137, 13},
}

const lxqtPanel = `[General]
panels=panel1
[panel1]
plugins=mainmenu, taskbar, statusnotifier, worldclock
position=Bottom
alignment=-1
desktop=0
[statusnotifier]
type=statusnotifier
[mainmenu]
type=mainmenu
[taskbar]
type=taskbar
[worldclock]
type=worldclock
`

func TestDesktopPanels(t *testing.T) {
	large(t, "openbox", "xdotool", "import")
	if !ordinary(t, false) {
		return
	}
	for _, panel := range panels {
		t.Run(panel.desktop, func(t *testing.T) {
			large(t, panel.program)
			d := desktop.Bare(t, true)
			t.Setenv("XDG_CURRENT_DESKTOP", panel.desktop)
			t.Setenv("XDG_CONFIG_DIRS", "/etc/xdg:/usr/share")
			t.Setenv("QT_QPA_PLATFORM", "xcb")
			config := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "lxqt", "panel.conf")
			if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, []byte(lxqtPanel), 0o600); err != nil {
				t.Fatal(err)
			}
			d.Run(exec.Command("openbox"))
			d.Run(exec.Command(panel.program))
			d.Await("org.kde.StatusNotifierWatcher")
			w := newWorld(t, d)
			w.run("--store=memory")
			w.connect("practice")
			d.AwaitIcon("Authtray").AwaitShape("fine")
			shot := "panel-" + panel.desktop
			before := calm(t, shot)
			pressAt(t, panel.x, panel.y, 3)
			bustest.Eventually(t, bustest.Said("a right click opens no menu"), func() bool {
				return bustest.Differ(before, calm(t, shot+"-menu")) > 10000
			})
		})
	}
}

// calm is a screenshot of what has stopped moving.
func calm(t *testing.T, name string) (img image.Image) {
	t.Helper()
	img = bustest.Screenshot(t, name)
	bustest.Eventually(t, bustest.Said("the screen does not come to rest"), func() bool {
		was := img
		img = bustest.Screenshot(t, name)
		return bustest.Differ(was, img) == 0
	})
	return img
}

func pressAt(t *testing.T, x, y, button int) {
	t.Helper()
	if out, err := exec.Command("xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "click", strconv.Itoa(button)).CombinedOutput(); err != nil {
		t.Fatalf("xdotool: %v %s", err, out)
	}
}

// gnome is GNOME Shell, as a Wayland compositor in a window of the test's screen.
type gnome struct{ *world }

func startGNOME(t *testing.T) gnome {
	t.Helper()
	d := desktop.Bare(t, false, "org.gnome.Shell.Notifications", "ca.desrt.dconf") // no other notification server
	for name, value := range map[string]string{
		"XDG_CURRENT_DESKTOP": "GNOME", "XDG_SESSION_DESKTOP": "gnome", "LIBGL_ALWAYS_SOFTWARE": "1",
		"GTK_A11Y": "none", "MUTTER_DEBUG_DUMMY_MODE_SPECS": "1280x800",
		"PATH":                    os.Getenv(programFolder) + ":" + os.Getenv("PATH"), // or the menu entry does not count
		"XDG_DATA_DIRS":           filepath.Join(os.Getenv(programFolder), "share") + ":/usr/local/share:/usr/share",
		"DBUS_SYSTEM_BUS_ADDRESS": os.Getenv("DBUS_SESSION_BUS_ADDRESS"), // there is no other
	} {
		t.Setenv(name, value)
	}
	for _, setting := range [][]string{
		{"org.gnome.desktop.interface", "enable-animations", "false"},
		{"org.gnome.shell", "welcome-dialog-last-shown-version", "999"},
		{"org.gnome.shell", "enabled-extensions", "['ubuntu-appindicators@ubuntu.com','appindicatorsupport@rgcjonas.gmail.com']"},
		{"org.gnome.desktop.session", "idle-delay", "0"},
	} {
		if out, err := exec.Command("gsettings", append([]string{"set"}, setting...)...).CombinedOutput(); err != nil {
			t.Fatalf("gsettings: %v %s", err, out)
		}
	}
	screen, run := os.Getenv("DISPLAY"), os.Getenv("XDG_RUNTIME_DIR")
	shell := exec.Command("gnome-shell", "--nested", "--wayland", "--unsafe-mode")
	d.Run(shell)
	d.Await("org.gnome.Shell")
	g := gnome{newWorld(t, d)}
	bustest.Eventually(t, bustest.Said("GNOME Shell does not start"), func() bool { return g.eval("1+1") == "2" })
	if err := d.Bus().BusObject().Call("org.freedesktop.DBus.StartServiceByName", 0, "org.gnome.Shell.Notifications", uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
	d.Await("org.freedesktop.Notifications")
	displays, _ := filepath.Glob(run + "/wayland-?")
	if len(displays) != 1 {
		t.Fatalf("the displays are %v", displays)
	}
	t.Setenv("WAYLAND_DISPLAY", filepath.Base(displays[0]))
	t.Setenv("XDG_SESSION_TYPE", "wayland")
	t.Setenv("X_SCREEN", screen)
	t.Setenv("DISPLAY", "")
	d.Await("org.kde.StatusNotifierWatcher")
	return g
}

// eval runs a script in the shell, and returns its value as JSON; "" where it fails.
func (g gnome) eval(script string) string {
	var ok bool
	var value string
	err := g.d.Bus().Object("org.gnome.Shell", "/org/gnome/Shell").Call("org.gnome.Shell.Eval", 0, script).Store(&ok, &value)
	if err != nil || !ok {
		return ""
	}
	return value
}

// windows are title, application, focus and whether each is minimised.
func (g gnome) windows() string {
	return g.eval(`global.get_window_actors().map(a => { let m = a.meta_window;
		let app = imports.gi.Shell.WindowTracker.get_default().get_window_app(m);
		return [m.get_title(), app ? app.get_id() : "", m.has_focus() ? "focused" : "", m.minimized ? "minimised" : ""].join(" ") })`)
}

func (g gnome) awaitWindow(want string) {
	g.Helper()
	var got string
	bustest.Eventually(g, func() string { return fmt.Sprintf("the windows are %s, not %s", got, want) }, func() bool {
		got = g.windows()
		return strings.Contains(got, want)
	})
}

func (g gnome) picture(name string) {
	g.Helper()
	screen := os.Getenv("DISPLAY")
	defer os.Setenv("DISPLAY", screen)
	os.Setenv("DISPLAY", os.Getenv("X_SCREEN"))
	calm(g.T, name)
}

func TestDesktopGNOME(t *testing.T) {
	large(t, "gnome-shell", "gjs", "gsettings")
	if !ordinary(t, true) {
		return
	}
	g := startGNOME(t)
	bustest.Eventually(t, bustest.Said("GNOME Shell stays in its overview"), func() bool {
		return g.eval("Main.overview.hide(); Main.layoutManager._startingUp || Main.overview.visible") == "false"
	})
	g.run("--store=memory")
	// The extension lists its icons in a way of its own.
	awaitOutput(t, "the tray icon is shown", "cat", g.log)
	g.connect("practice")
	g.do("open")
	g.awaitWindow(`"Authtray authtray.desktop focused `)
	g.picture("gnome-window")
	g.eval("global.get_window_actors()[0].meta_window.minimize()")
	g.awaitWindow("minimised")
	g.do("open")
	g.awaitWindow(`"Authtray authtray.desktop focused `)
	g.picture("gnome-window-raised")
	g.revoke("practice")
	var sources string
	bustest.Eventually(t, func() string { return "the notifications are " + sources }, func() bool {
		sources = g.eval(`Main.messageTray.getSources().map(s => s.title + ": " + s.notifications.map(n => n.title + " " + n.urgency).join())`)
		return strings.Contains(sources, "needs to be reconnected 3") // critical
	})
	g.picture("gnome-notification")
}
