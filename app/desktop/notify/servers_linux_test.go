package notify

import (
	"log/slog"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/e2e/bustest"
)

// servers are notification servers of other desktops than dunst's, and where on a
// screen of 1280 by 800 their button is with the text of this test.
var servers = []struct {
	name, program string
	x, y          int
}{
	{"xfce4-notifyd", "/usr/lib/*/xfce4/notifyd/xfce4-notifyd", 1207, 104},
	{"lxqt-notificationd", "/usr/bin/lxqt-notificationd", 1126, 754},
	{"mate-notification-daemon", "/usr/lib/mate-notification-daemon/mate-notification-daemon", 1195, 96},
}

// Each shows one button, which reconnects, and a banner that leaves when it is
// settled. That there is one button is seen in the screenshots.
func TestDesktopServersOfOtherDesktops(t *testing.T) {
	if !bustest.Unprivileged(t, func(string) []string { return nil }) {
		return
	}
	bustest.Need(t, "openbox", "xdotool")
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			found, _ := filepath.Glob(server.program)
			if len(found) == 0 {
				bustest.Need(t, server.program)
			}
			bustest.Home(t)
			bustest.Screen(t)
			conn := bustest.Connect(t, bustest.Start(t, false))
			bustest.Run(t, exec.Command("openbox"))
			bustest.Run(t, exec.Command(found[0]))
			n := New(Options{Enabled: true, Log: slog.New(slog.DiscardHandler)})
			t.Cleanup(n.Close)
			awaitHealth(t, n, api.NotificationActions)
			acted := make(chan bool, 10)
			empty := bustest.Screenshot(t, "notices-"+server.name)
			n.ReconnectRequired(dead("gh"), func() { acted <- true })
			bustest.Eventually(t, bustest.Said("nothing is shown"), func() bool {
				return bustest.Differ(empty, bustest.Screenshot(t, "notices-"+server.name)) > 5000
			})
			closed := closings(t, conn)
			press(t, server.x, server.y)
			<-acted
			<-closed
		})
	}
}

// closings receives a value for each notification that is closed.
func closings(t *testing.T, conn *dbus.Conn) <-chan *dbus.Signal {
	t.Helper()
	if err := conn.AddMatchSignal(dbus.WithMatchInterface(serverName), dbus.WithMatchMember("NotificationClosed")); err != nil {
		t.Fatal(err)
	}
	closed := make(chan *dbus.Signal, 10)
	conn.Signal(closed)
	return closed
}

func press(t *testing.T, x, y int) {
	t.Helper()
	if out, err := exec.Command("xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y), "click", "1").CombinedOutput(); err != nil {
		t.Fatalf("xdotool: %v %s", err, out)
	}
}
