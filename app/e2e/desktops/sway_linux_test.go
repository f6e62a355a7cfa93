package desktops

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// sway is a Wayland compositor in a window of the test's X screen, so that a
// mouse can be moved in it, with waybar as the tray host.
type sway struct{ *world }

const swayConfig = "output * resolution 1280x800 position 0 0 scale 1\ndefault_border normal\nfocus_on_window_activation smart\n"

const waybarConfig = `{"layer":"top","height":30,"modules-left":["sway/workspaces"],"modules-right":["tray","clock"],"tray":{"icon-size":20,"spacing":10}}`

// startSway starts the compositor, the tray host and a notification server.
func startSway(t *testing.T, notices string) sway {
	t.Helper()
	bustest.Need(t, "sway", "swaymsg", "waybar", "grim", "xdotool", notices)
	d := desktop.Bare(t, false)
	for name, value := range map[string]string{"WLR_BACKENDS": "x11", "WLR_RENDERER": "pixman", "LIBGL_ALWAYS_SOFTWARE": "1",
		"XDG_CURRENT_DESKTOP": "sway", "XDG_SESSION_TYPE": "wayland"} {
		t.Setenv(name, value)
	}
	screen, run := os.Getenv("DISPLAY"), os.Getenv("XDG_RUNTIME_DIR")
	config := filepath.Join(d.Home(), "sway.conf")
	bar := filepath.Join(d.Home(), "waybar.json")
	for file, text := range map[string]string{config: swayConfig, bar: waybarConfig} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.Run(exec.Command("sway", "-c", config))
	var sockets, displays []string
	bustest.Eventually(t, bustest.Said("sway does not start"), func() bool {
		sockets, _ = filepath.Glob(run + "/sway-ipc.*.sock")
		displays, _ = filepath.Glob(run + "/wayland-?")
		return len(sockets) == 1 && len(displays) == 1
	})
	t.Setenv("SWAYSOCK", sockets[0])
	t.Setenv("WAYLAND_DISPLAY", filepath.Base(displays[0]))
	t.Setenv("DISPLAY", "")
	t.Setenv("X_SCREEN", screen)
	d.Run(exec.Command("waybar", "-c", bar))
	d.Await("org.kde.StatusNotifierWatcher")
	d.Run(exec.Command(notices))
	d.Await("org.freedesktop.Notifications")
	return sway{newWorld(t, d)}
}

// node is part of sway's tree: a workspace, a container or a window.
type node struct {
	Name, Type    string
	AppID         string `json:"app_id"`
	Focused       bool
	Nodes         []node
	FloatingNodes []node `json:"floating_nodes"`
}

// window is where a window is, as sway has it.
type window struct {
	appID, title, workspace string
	focused                 bool
}

func (n node) windows(workspace string) (all []window) {
	if n.Type == "workspace" {
		workspace = n.Name
	}
	if n.AppID != "" {
		all = append(all, window{n.AppID, n.Name, workspace, n.Focused})
	}
	for _, below := range append(n.Nodes, n.FloatingNodes...) {
		all = append(all, below.windows(workspace)...)
	}
	return all
}

func (s sway) windows() []window {
	out, err := exec.Command("swaymsg", "-t", "get_tree").Output()
	var root node
	if err != nil || json.Unmarshal(out, &root) != nil {
		return nil
	}
	return root.windows("")
}

func (s sway) awaitWindow(want window) {
	s.Helper()
	var got []window
	bustest.Eventually(s, func() string { return fmt.Sprintf("the windows are %+v, not %+v", got, want) }, func() bool {
		got = s.windows()
		return len(got) == 1 && got[0] == want
	})
}

func (s sway) msg(words ...string) {
	s.Helper()
	if out, err := exec.Command("swaymsg", words...).CombinedOutput(); err != nil {
		s.Fatalf("swaymsg %v: %v %s", words, err, out)
	}
}

// click moves the mouse and presses a button of it.
func (s sway) click(x, y, button int) {
	s.Helper()
	cmd := exec.Command("xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "click", strconv.Itoa(button))
	cmd.Env = append(os.Environ(), "DISPLAY="+os.Getenv("X_SCREEN"))
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("xdotool: %v %s", err, out)
	}
}

// picture is what the compositor shows; it is kept as name.png.
func (s sway) picture(name string) image.Image {
	s.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = s.TempDir()
	}
	path := filepath.Join(dir, name+".png")
	if out, err := exec.Command("grim", path).CombinedOutput(); err != nil {
		s.Fatalf("grim: %v %s", err, out)
	}
	f, err := os.Open(path)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		s.Fatal(err)
	}
	return img
}

// awaitDrawn waits until a window shows something in the middle of the screen.
func (s sway) awaitDrawn(name string) {
	s.Helper()
	seen := map[[3]uint32]bool{}
	bustest.Eventually(s, func() string { return fmt.Sprintf("%s: the window shows %d colours", name, len(seen)) }, func() bool {
		clear(seen)
		img := s.picture(name)
		for y := 100; y < 700; y++ {
			for x := 100; x < 900; x++ { // not below a notification
				r, g, b, _ := img.At(x, y).RGBA()
				seen[[3]uint32{r, g, b}] = true
			}
		}
		return len(seen) > 50
	})
}

func TestDesktopSwayWindow(t *testing.T) {
	if !ordinary(t, true) {
		return
	}
	s := startSway(t, "mako")
	s.run("--store=memory")
	s.do("open")
	s.awaitWindow(window{"authtray", "Authtray", "1", true})
	s.awaitDrawn("sway-window")

	t.Run("is brought to the workspace of now", func(t *testing.T) {
		s.msg("workspace", "2")
		s.do("open")
		s.awaitWindow(window{"authtray", "Authtray", "2", true})
		s.awaitDrawn("sway-window-raised")
	})
	t.Run("is brought back from the scratchpad, sway's minimising", func(t *testing.T) {
		s.msg("[app_id=authtray]", "move", "scratchpad")
		s.awaitWindow(window{"authtray", "Authtray", "__i3_scratch", false})
		s.do("open")
		s.awaitWindow(window{"authtray", "Authtray", "2", true})
		s.awaitDrawn("sway-window-back")
	})
}

// The servers that sway has: mako hides the buttons, and swaync shows them.
func TestDesktopSwayNotifications(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	for _, server := range []struct {
		name  string
		x, y  int    // the button, or the notification where it has none
		count string // the command that says how many there are
		none  string // what it says without any
	}{
		{"mako", 1110, 90, "makoctl list", `"data":[[]]`},
		{"swaync", 1030, 144, "swaync-client -c", "0"},
	} {
		t.Run(server.name, func(t *testing.T) {
			s := startSway(t, server.name)
			s.run("--store=memory")
			icon := s.d.AwaitIcon("Authtray")
			icon.AwaitShape("fine")
			s.connect("practice")
			awaitOutput(t, server.none, strings.Fields(server.count)...) // the welcome has left
			before := s.calm("sway-" + server.name + "-connected")
			s.revoke("practice")
			icon.AwaitShape("needs you")
			bustest.Eventually(t, bustest.Said("no notification is drawn"), func() bool {
				return bustest.Differ(before, s.calm("sway-"+server.name+"-notice")) > 5000
			})
			s.click(server.x, server.y, 1)
			s.awaitState("practice", "connecting")
			s.awaitBrowser(2)
			awaitOutput(t, server.none, strings.Fields(server.count)...)
			icon.AwaitShape("working")
			s.picture("sway-" + server.name + "-clicked")
		})
	}
}

// calm is a picture of what has stopped moving: notifications slide in and out.
func (s sway) calm(name string) (img image.Image) {
	s.Helper()
	img = s.picture(name)
	bustest.Eventually(s, bustest.Said("the screen does not come to rest"), func() bool {
		was := img
		img = s.picture(name)
		return bustest.Differ(was, img) == 0
	})
	return img
}

// A tool that gets no token since the keychain is locked makes a notification, once,
// and only then.
func TestDesktopSwayLockedKeychain(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	bustest.Need(t, "gnome-keyring-daemon")
	s := startSway(t, "mako")
	s.d.StartKeyring()
	s.run()
	s.connect("practice")
	s.stop()
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	login := dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	if err := s.d.Bus().Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{login}).Store(&locked, &prompt); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.d.AwaitIcon("Authtray").AwaitShape("needs you")
	if out, _ := exec.Command("makoctl", "list").Output(); !strings.Contains(string(out), `"data":[[]]`) {
		t.Errorf("before anybody asked for a token there is %s", out)
	}
	s.command("token", "practice").Run()
	s.command("token", "practice").Run()
	if said := awaitOutput(t, "Unlock", "makoctl", "list"); strings.Count(said, "keychain is locked") != 1 {
		t.Errorf("the notifications are %s", said)
	}
	s.calm("sway-mako-locked")
}
