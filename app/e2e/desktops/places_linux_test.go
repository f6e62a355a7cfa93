package desktops

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// write puts a file below the folder of settings.
func (p *place) write(name, text string) {
	p.Helper()
	file := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

// xPanel are a panel and a notification server, under openbox.
func xPanel(t *testing.T, name, panel, notices string, services ...string) *place {
	t.Helper()
	p := newPlace(t, strings.ToLower(name), services...)
	for variable, value := range map[string]string{"XDG_CURRENT_DESKTOP": name, "XDG_CONFIG_DIRS": "/etc/xdg:/usr/share", "QT_QPA_PLATFORM": "xcb"} {
		t.Setenv(variable, value)
	}
	p.write("lxqt/panel.conf", lxqtPanel)
	p.d.Run(exec.Command("openbox"))
	p.keys()
	p.program(notices)
	p.d.Await("org.freedesktop.Notifications")
	if name == "XFCE" {
		p.d.StartPanel()
	} else {
		p.program("/usr/bin/" + panel)
		p.d.Await("org.kde.StatusNotifierWatcher")
	}
	return p
}

func TestDesktopXfce(t *testing.T) {
	if !ordinary(t, true) {
		return
	}
	p := xPanel(t, "XFCE", "", "/usr/lib/*/xfce4/notifyd/xfce4-notifyd", "org.xfce.Xfconf")
	p.bar, p.button = image.Rect(640, 0, 1280, 32), inside(880, 750)
	p.tour()
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

func TestDesktopLXQt(t *testing.T) {
	large(t, "lxqt-panel")
	if !ordinary(t, true) {
		return
	}
	p := xPanel(t, "LXQt", "lxqt-panel", "/usr/bin/lxqt-notificationd")
	p.bar, p.notices = image.Rect(900, 760, 1280, 800), image.Rect(640, 400, 1280, 768)
	p.tour()
}

func TestDesktopMATE(t *testing.T) {
	large(t, "mate-panel")
	if !ordinary(t, true) {
		return
	}
	p := xPanel(t, "MATE", "mate-panel", "/usr/lib/mate-notification-daemon/mate-notification-daemon", "ca.desrt.dconf",
		"org.mate.panel.applet.ClockAppletFactory", "org.mate.panel.applet.NotificationAreaAppletFactory", "org.mate.panel.applet.WnckletFactory")
	p.bar = image.Rect(900, 0, 1280, 28)
	p.tour()
}

// gnome is GNOME Shell, as a Wayland compositor in a window of the test's screen.
type gnome struct{ *place }

func startGNOME(t *testing.T) gnome {
	t.Helper()
	p := newPlace(t, "gnome", "org.gnome.Shell.Notifications", "ca.desrt.dconf") // no other notification server
	g, d := gnome{p}, p.d
	for name, value := range map[string]string{
		"XDG_CURRENT_DESKTOP": "GNOME", "XDG_SESSION_DESKTOP": "gnome", "LIBGL_ALWAYS_SOFTWARE": "1",
		"GTK_A11Y": "none", "MUTTER_DEBUG_DUMMY_MODE_SPECS": "1280x800",
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
	run := os.Getenv("XDG_RUNTIME_DIR")
	d.Run(exec.Command("gnome-shell", "--nested", "--wayland", "--unsafe-mode"))
	d.Await("org.gnome.Shell")
	bustest.Eventually(t, bustest.Said("GNOME Shell does not start"), func() bool { return g.eval("1+1") == "2" })
	if err := d.Bus().BusObject().Call("org.freedesktop.DBus.StartServiceByName", 0, "org.gnome.Shell.Notifications", uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
	d.Await("org.freedesktop.Notifications")
	displays, _ := filepath.Glob(run + "/wayland-?")
	if len(displays) != 1 {
		t.Fatalf("the displays are %v", displays)
	}
	t.Setenv("X_SCREEN", os.Getenv("DISPLAY"))
	t.Setenv("WAYLAND_DISPLAY", filepath.Base(displays[0]))
	t.Setenv("XDG_SESSION_TYPE", "wayland")
	t.Setenv("DISPLAY", "")
	d.Await("org.kde.StatusNotifierWatcher")
	bustest.Eventually(t, bustest.Said("GNOME Shell stays in its overview"), func() bool {
		return g.eval("Main.overview.hide(); Main.layoutManager._startingUp || Main.overview.visible") == "false"
	})
	// What the shell itself tells of this session would stand before ours.
	g.eval("Main.messageTray.getSources().forEach(s => s.destroy())")
	p.minimise = func() {
		g.eval("global.get_window_actors().forEach(a => a.meta_window.minimize())")
		g.awaitWindow("minimised")
	}
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

func TestDesktopGNOME(t *testing.T) {
	large(t, "gnome-shell", "gjs", "gsettings")
	if !ordinary(t, true) {
		return
	}
	g := startGNOME(t)
	g.keys()
	g.bar, g.notices = image.Rect(900, 0, 1280, 32), image.Rect(320, 33, 960, 300)
	g.menu, g.tooltip, g.button = 1, false, inside(500, 880)
	g.tour()
	g.do("open")
	g.awaitWindow(`"Authtray authtray.desktop focused `)
	bustest.Eventually(t, bustest.Said("GNOME Shell shows no dash"), func() bool {
		return g.eval("Main.overview.show(); Main.overview.visible && !Main.overview.animationInProgress") == "true"
	})
	g.shot("dash")
	g.eval("Main.overview.hide()")
	g.revoke("practice")
	var sources string
	bustest.Eventually(t, func() string { return "the notifications are " + sources }, func() bool {
		sources = g.eval(`Main.messageTray.getSources().map(s => s.title + ": " + s.notifications.map(n => n.title + " " + n.urgency).join())`)
		return strings.Contains(sources, "has to be reconnected 3") // critical
	})
}

// startPlasma starts KWin as a Wayland compositor in a window of the test's screen,
// and Plasma's shell.
func startPlasma(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, "plasma", kwallet, "org.kde.kglobalaccel", "org.kde.ActivityManager", "org.kde.kded5")
	for name, value := range map[string]string{
		"XDG_CURRENT_DESKTOP": "KDE", "XDG_SESSION_DESKTOP": "KDE", "KDE_FULL_SESSION": "true", "KDE_SESSION_VERSION": "5",
		"DESKTOP_SESSION": "plasma", "LIBGL_ALWAYS_SOFTWARE": "1", "QT_QUICK_BACKEND": "software", "KWIN_COMPOSE": "Q", "XDG_CONFIG_DIRS": "/etc/xdg",
		"DBUS_SYSTEM_BUS_ADDRESS": os.Getenv("DBUS_SESSION_BUS_ADDRESS"), // there is no other
	} {
		t.Setenv(name, value)
	}
	p.write("baloofilerc", "[Basic Settings]\nIndexing-Enabled=false\n")
	p.write("kdeglobals", "[KDE]\nAnimationDurationFactor=0\n")
	p.write("kwalletrc", "[Wallet]\nFirst Use=false\n")
	// The packaged one has capabilities, which a session like this has not to give.
	kwin := filepath.Join(p.d.Home(), "kwin_wayland")
	text, err := os.ReadFile("/usr/bin/kwin_wayland")
	if err == nil {
		err = os.WriteFile(kwin, text, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	screen := os.Getenv("DISPLAY")
	p.d.Run(exec.Command(kwin, "--x11-display", screen, "--width", "1280", "--height", "800", "--socket", "wayland-kde", "--no-lockscreen"))
	bustest.Eventually(t, bustest.Said("KWin does not start"), func() bool {
		_, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "wayland-kde"))
		return err == nil
	})
	p.d.Await("org.kde.KWin")
	for name, value := range map[string]string{"X_SCREEN": screen, "DISPLAY": "", "WAYLAND_DISPLAY": "wayland-kde", "XDG_SESSION_TYPE": "wayland", "QT_QPA_PLATFORM": "wayland"} {
		t.Setenv(name, value)
	}
	p.tellBus()
	p.d.Run(exec.Command("kded5"))
	p.d.Await("org.kde.kded5")
	p.d.Run(exec.Command("plasmashell"))
	p.d.Await("org.kde.plasmashell")
	p.d.Await("org.kde.StatusNotifierWatcher")
	p.d.Await("org.freedesktop.Notifications")
	return p
}

func TestDesktopPlasma(t *testing.T) {
	large(t, "plasmashell", "kwin_wayland", "kded5", "kwalletd5")
	if !ordinary(t, true) {
		return
	}
	p := startPlasma(t)
	p.makeWallet()
	p.d.Run(exec.Command("kwalletd5"))
	p.d.Await(kwallet)
	p.openWallet("kdewallet")
	p.bar, p.notices, p.button = image.Rect(640, 756, 1280, 800), image.Rect(640, 300, 1280, 755), inside(865, 866)
	p.lock = func() {
		if err := p.kwallet().Call("org.kde.KWallet.close", 0, "kdewallet", true).Err; err != nil {
			p.Fatal(err)
		}
	}
	p.minimise = func() {
		if err := p.d.Bus().Object("org.kde.kglobalaccel", "/component/kwin").
			Call("org.kde.kglobalaccel.Component.invokeShortcut", 0, "Window Minimize").Err; err != nil {
			p.Fatal(err)
		}
	}
	p.tour()
}
