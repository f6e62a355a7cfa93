package desktops

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// sway is a Wayland compositor in a window of the test's X screen, so that a
// mouse can be moved in it, with waybar as the tray host.
type sway struct{ *place }

const swayConfig = "output * resolution 1280x800 position 0 0 scale 1\ndefault_border normal\nfocus_on_window_activation smart\n"

const waybarConfig = `{"layer":"top","height":30,"modules-left":["sway/workspaces"],"modules-right":["tray","clock"],"tray":{"icon-size":20,"spacing":10}}`

// startSway starts the compositor, the tray host and a notification server.
func startSway(t *testing.T, notices string) sway {
	t.Helper()
	bustest.Need(t, "sway", "swaymsg", "waybar", "grim", notices)
	p := newPlace(t, "sway-"+notices)
	p.bar, p.button = image.Rect(900, 0, 1280, 30), inside(500, 800)
	d := p.d
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
	p.tellBus()
	s := sway{p}
	p.minimise = func() { s.msg("[app_id=authtray]", "move", "scratchpad") }
	return s
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
	n := 0
	bustest.Eventually(s, func() string { return fmt.Sprintf("%s: the window shows %d colours", name, n) }, func() bool {
		n = colours(s.picture(name), image.Rect(100, 100, 900, 700)) // not below a notification
		return n > 50
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
func TestDesktopSwayMako(t *testing.T)   { tourSway(t, "mako") }
func TestDesktopSwaySwaync(t *testing.T) { tourSway(t, "swaync") }

func tourSway(t *testing.T, notices string) {
	if !ordinary(t, true) {
		return
	}
	s := startSway(t, notices)
	s.keys()
	s.tour()
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
	s := startSway(t, "mako")
	s.keys()
	s.run()
	s.connect("practice")
	s.stop()
	s.lock()
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
