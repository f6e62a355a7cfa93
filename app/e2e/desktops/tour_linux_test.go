package desktops

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// The colours of the icon's shapes, as its sources have them.
const (
	teal   = 0x0e8f7b
	orange = 0xd0660f
)

// place is a desktop with what the tour needs to know of it: all that is drawn is in
// one X screen, also where a Wayland compositor draws it.
type place struct {
	*world
	name     string          // of the screenshots
	bar      image.Rectangle // the tray's
	notices  image.Rectangle // where notifications are
	menu     int             // the mouse button that opens the icon's menu
	tooltip  bool            // the tray host shows them
	button   func(notice image.Rectangle) image.Point
	lock     func()
	minimise func()
}

const password = "a password for one test"

// topRight is the part of the screen that most notification servers use.
var topRight = image.Rect(640, 36, 1280, 400)

// keys makes gnome-keyring the keychain: its dialog is gcr's, or the shell's own.
func (p *place) keys() {
	p.Helper()
	p.d.StartKeyring()
	login := dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	p.lock = func() {
		p.Helper()
		var locked []dbus.ObjectPath
		var prompt dbus.ObjectPath
		if err := p.d.Bus().Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
			Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{login}).Store(&locked, &prompt); err != nil {
			p.Fatal(err)
		}
	}
}

// tellBus lets what the bus starts know the display of now.
func (p *place) tellBus() {
	p.Helper()
	env := map[string]string{}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"} {
		env[name] = os.Getenv(name)
	}
	if err := p.d.Bus().BusObject().Call("org.freedesktop.DBus.UpdateActivationEnvironment", 0, env).Err; err != nil {
		p.Fatal(err)
	}
}

// onX calls f with the X screen as the display.
func onX(f func()) {
	if screen := os.Getenv("X_SCREEN"); screen != "" {
		display := os.Getenv("DISPLAY")
		os.Setenv("DISPLAY", screen)
		defer os.Setenv("DISPLAY", display)
	}
	f()
}

func (p *place) shot(cell string) (img image.Image) {
	onX(func() { img = calm(p.T, "table-"+p.name+"-"+cell) })
	return img
}

func (p *place) tool(words ...string) {
	p.Helper()
	onX(func() {
		if out, err := exec.Command("xdotool", words...).CombinedOutput(); err != nil {
			p.Fatalf("xdotool %v: %v %s", words, err, out)
		}
	})
}

func (p *place) press(at image.Point, button int) {
	p.Helper()
	p.tool("mousemove", strconv.Itoa(at.X), strconv.Itoa(at.Y), "click", strconv.Itoa(button))
}

// awaitIcon waits until the panel shows an icon of a colour, and says where.
func (p *place) awaitIcon(cell string, rgb uint32) (at image.Point) {
	p.Helper()
	n := 0
	bustest.Eventually(p, func() string { return fmt.Sprintf("%d pixels of %06x in the panel", n, rgb) }, func() bool {
		at, n = bustest.Find(p.shot(cell), p.bar, rgb)
		return n >= 12
	})
	return at
}

// changed is the part of two pictures in which they differ.
func changed(a, b image.Image, in image.Rectangle) (box image.Rectangle) {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// awaitChange waits until this many pixels are not as before.
func (p *place) awaitChange(cell string, before image.Image, pixels int) (after image.Image) {
	p.Helper()
	n := 0
	bustest.Eventually(p, func() string { return fmt.Sprintf("%s: %d pixels have changed", cell, n) }, func() bool {
		after = p.shot(cell)
		n = bustest.Differ(before, after)
		return n > pixels
	})
	return after
}

// awaitAs waits until the screen is nearly as it was.
func (p *place) awaitAs(cell string, was image.Image, pixels int) {
	p.Helper()
	n := 0
	bustest.Eventually(p, func() string { return fmt.Sprintf("%s: %d pixels are not as they were", cell, n) }, func() bool {
		n = bustest.Differ(was, p.shot(cell))
		return n < pixels
	})
}

// awaitNotice waits for a notification, and says where it is.
func (p *place) awaitNotice(cell string, before image.Image) (box image.Rectangle) {
	p.Helper()
	bustest.Eventually(p, func() string { return fmt.Sprintf("%s: no notification, what changed is %v", cell, box) }, func() bool {
		box = changed(before, p.shot(cell), p.notices)
		return box.Dx() > 150 && box.Dy() > 40
	})
	return box
}

// tour goes through everything that a person sees of Authtray on a desktop, and
// leaves a picture of each.
func (p *place) tour() {
	p.Helper()
	p.run()
	p.connect("practice")
	icon := p.awaitIcon("icon", teal)
	p.tooltipAndMenu(icon)
	p.notification()
	p.window()
	p.unlock()
}

func (p *place) tooltipAndMenu(icon image.Point) {
	p.Helper()
	away := func() { p.tool("mousemove", "640", "500") }
	away()
	before := p.shot("icon")
	if p.tooltip {
		p.tool("mousemove", strconv.Itoa(icon.X), strconv.Itoa(icon.Y))
		p.tool("mousemove_relative", "1", "0") // some hosts want to see it move
		p.awaitChange("tooltip", before, 1500)
		away()
		p.awaitAs("untipped", before, 1500)
	}
	p.press(icon, p.menu)
	p.awaitChange("menu", before, 10000)
	p.press(image.Pt(640, 500), 1)
	p.awaitAs("closed", before, 1500)
}

// notification has a grant end, and presses the button of the notification of it.
func (p *place) notification() {
	p.Helper()
	before := p.shot("calm")
	p.revoke("practice")
	p.awaitIcon("dead", orange)
	box := p.awaitNotice("notification", before)
	p.press(p.button(box), 1)
	p.awaitState("practice", "connecting")
	page := p.awaitBrowser(2)
	p.tool("mousemove", "640", "500")
	bustest.Eventually(p, bustest.Said("the notification stays"), func() bool {
		left := changed(before, p.shot("clicked"), p.notices)
		return left.Dx() < 150 || left.Dy() < 40
	})
	p.agree(page)
	p.awaitState("practice", "connected")
	p.awaitIcon("connected", teal)
}

func (p *place) window() {
	p.Helper()
	before := p.shot("bare")
	p.do("open")
	open := p.awaitChange("window", before, 200_000)
	bustest.Eventually(p, bustest.Said("the window stays empty"), func() bool {
		open = p.shot("window")
		return colours(open, image.Rect(100, 100, 900, 700)) > 50
	})
	p.minimise()
	p.awaitChange("minimised", open, 200_000)
	p.do("open")
	p.awaitAs("raised", open, 60_000)
	p.minimise()
	p.awaitChange("minimised", open, 200_000)
}

// colours counts those of a part of a picture.
func colours(img image.Image, in image.Rectangle) int {
	seen := map[[3]uint32]bool{}
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}

// unlock locks the keychain, has a tool ask for a token, presses the button of the
// notification that says so, and types the password into the keychain's own dialog.
func (p *place) unlock() {
	p.Helper()
	before := p.shot("unlocked")
	p.stop() // which has read what is in it
	p.lock()
	p.run()
	p.awaitIcon("locked", orange)
	p.command("token", "practice").Run()
	box := p.awaitNotice("locked", before)
	p.press(p.button(box), 1)
	var dialog image.Rectangle
	bustest.Eventually(p, func() string { return fmt.Sprintf("no dialog, what changed in the middle is %v", dialog) }, func() bool {
		dialog = changed(before, p.shot("dialog"), image.Rect(200, 150, 1080, 700))
		return dialog.Dx() > 200 && dialog.Dy() > 80
	})
	p.tool("type", password)
	p.tool("key", "Return")
	p.awaitState("practice", "connected")
	p.awaitIcon("opened", teal)
	bustest.Eventually(p, bustest.Said("the notification stays"), func() bool {
		left := changed(before, p.shot("opened"), p.notices)
		return left.Dx() < 150 || left.Dy() < 40
	})
}

// inside is a point in a rectangle, in per mille of its size.
func inside(x, y int) func(image.Rectangle) image.Point {
	return func(r image.Rectangle) image.Point { return r.Min.Add(image.Pt(r.Dx()*x/1000, r.Dy()*y/1000)) }
}

// newPlace starts a session of X programs.
func newPlace(t *testing.T, name string, services ...string) *place {
	t.Helper()
	bustest.Need(t, "openbox", "xdotool", "import", "gnome-keyring-daemon")
	d := desktop.Bare(t, false, append(services, "org.gnome.keyring.SystemPrompter")...)
	d.Paint()
	p := &place{world: newWorld(t, d), name: name, notices: topRight, menu: 3, tooltip: true, button: inside(500, 850)}
	t.Setenv("XDG_DATA_DIRS", os.Getenv(programFolder)+"/share:/usr/local/share:/usr/share")
	t.Setenv("PATH", os.Getenv(programFolder)+":"+os.Getenv("PATH"))
	p.minimise = func() { p.tool("getactivewindow", "windowminimize") }
	return p
}

// program starts the first program that a pattern names.
func (p *place) program(pattern string, args ...string) {
	p.Helper()
	found, err := exec.Command("sh", "-c", "ls "+pattern).Output()
	first, _, _ := strings.Cut(string(found), "\n")
	if err != nil || first == "" {
		bustest.Lacks(p, pattern)
	}
	p.d.Run(exec.Command(first, args...))
}

// large skips a test of a desktop that `make test` does not install.
func large(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("AUTHTRAY_DESKTOPS") == "" {
		t.Skip("only `make desktops` runs it")
	}
	for _, p := range programs {
		bustest.Need(t, p)
	}
}

// calm is a screenshot of what has stopped moving, but for a cursor or a clock.
func calm(t *testing.T, name string) (img image.Image) {
	t.Helper()
	img = bustest.Screenshot(t, name)
	bustest.Eventually(t, bustest.Said("the screen does not come to rest"), func() bool {
		was := img
		img = bustest.Screenshot(t, name)
		return bustest.Differ(was, img) < 400
	})
	return img
}

func pressAt(t *testing.T, x, y, button int) {
	t.Helper()
	if out, err := exec.Command("xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "click", strconv.Itoa(button)).CombinedOutput(); err != nil {
		t.Fatalf("xdotool: %v %s", err, out)
	}
}
