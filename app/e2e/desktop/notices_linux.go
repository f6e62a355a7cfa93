package desktop

import (
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
)

const noticesName = "org.freedesktop.Notifications"

// look makes dunst legible, and puts what it shows below the panel's tray.
const look = `[global]
    font = DejaVu Sans 11
    origin = top-right
    offset = 12x44
    width = 390
    height = 300
    padding = 14
    horizontal_padding = 16
    frame_width = 1
    corner_radius = 6
    max_icon_size = 40
    markup = full
    show_indicators = yes
[urgency_critical]
    background = "#1f2430"
    foreground = "#eef1f6"
    frame_color = "#e8751a"
[urgency_normal]
    background = "#1f2430"
    foreground = "#eef1f6"
    frame_color = "#12a58e"
`

// Notice is a notification as it was sent.
type Notice struct {
	App, Summary, Body string
	Actions            []string // key, label, key, label…
}

// Notices is a running dunst, and a record of what was sent to it.
type Notices struct {
	d    *Desktop
	mu   sync.Mutex
	sent []Notice
}

// StartNotices starts the notification server.
func (d *Desktop) StartNotices() *Notices {
	d.t.Helper()
	bustest.Need(d.t, "dunst", "dunstctl")
	n := &Notices{d: d}
	n.record()
	d.run("dunst", "-conf", d.write("XDG_CONFIG_HOME", "dunst/dunstrc", look))
	d.await(noticesName, true)
	return n
}

// record watches the bus for calls of Notify.
func (n *Notices) record() {
	n.d.t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		n.d.t.Fatal(err)
	}
	n.d.t.Cleanup(func() { conn.Close() })
	rules := []string{"type='method_call',interface='" + noticesName + "',member='Notify'"}
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err; err != nil {
		n.d.t.Fatal(err)
	}
	messages := make(chan *dbus.Message, 16)
	conn.Eavesdrop(messages)
	go func() {
		for m := range messages {
			n.take(m)
		}
	}()
}

func (n *Notices) take(m *dbus.Message) {
	var (
		got      Notice
		replaces uint32
		icon     string
	)
	if len(m.Body) < 6 || dbus.Store(m.Body[:6], &got.App, &replaces, &icon, &got.Summary, &got.Body, &got.Actions) != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, got)
}

// Sent are all notifications so far.
func (n *Notices) Sent() []Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Notice(nil), n.sent...)
}

// AwaitShown waits until this many notifications are on the screen.
func (n *Notices) AwaitShown(want int) {
	n.d.t.Helper()
	var got string
	bustest.Eventually(n.d.t, func() string { return "dunst shows " + got + " notifications, not " + strconv.Itoa(want) }, func() bool {
		out, err := exec.Command("dunstctl", "count", "displayed").Output()
		got = strings.TrimSpace(string(out))
		return err == nil && got == strconv.Itoa(want)
	})
}

// Press presses the button of the notification on top.
func (n *Notices) Press() {
	n.d.t.Helper()
	if out, err := exec.Command("dunstctl", "action", "0").CombinedOutput(); err != nil {
		n.d.t.Fatalf("dunstctl: %v %s", err, out)
	}
}
