package notify

import (
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/e2e/bustest"
)

// dunst is a real notification server on the test's bus and screen.
func startDunst(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("dunst")
	bustest.Run(t, cmd)
	bustest.Eventually(t, bustest.Said("dunst does not answer"), func() bool {
		return exec.Command("dunstctl", "count", "displayed").Run() == nil
	})
	return cmd
}

func displayed(t *testing.T, want string) {
	t.Helper()
	var got string
	bustest.Eventually(t, func() string { return "dunst shows " + got + " notifications, not " + want }, func() bool {
		out, err := exec.Command("dunstctl", "count", "displayed").Output()
		got = strings.TrimSpace(string(out))
		return err == nil && got == want
	})
}

func dunstctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("dunstctl", args...).CombinedOutput(); err != nil {
		t.Fatalf("dunstctl %v: %v %s", args, err, out)
	}
}

func TestDesktopDunstButtonReconnectsOnce(t *testing.T) {
	bustest.Need(t, "dunst", "dunstctl")
	bustest.Home(t)
	bustest.Screen(t)
	bustest.Start(t, false)
	server := startDunst(t)
	n := New(Options{Enabled: true, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(n.Close)
	awaitHealth(t, n, api.NotificationActions)
	acted := make(chan bool, 10)

	n.ReconnectRequired(dead("gh"), func() { acted <- true })
	displayed(t, "1")
	n.ReconnectRequired(dead("gh"), func() { acted <- true })
	n.ReconnectRequired(dead("work"), func() { t.Error("the other connection's button was pressed") })
	displayed(t, "2") // replaced, not stacked
	n.Withdraw("work")
	displayed(t, "1")
	if img := bustest.Screenshot(t, "notification"); bustest.Count(img, 0xd0660f) < 100 {
		t.Error("the warning sign is not on the screen")
	}

	bustest.End(server)
	awaitHealth(t, n, api.NotificationNone)
	startDunst(t)
	displayed(t, "1") // shown again by the new server
	dunstctl(t, "action", "0")
	<-acted
	displayed(t, "0")
	if len(acted) > 0 {
		t.Error("acted twice")
	}

	n.ReconnectRequired(dead("gh"), func() { acted <- true })
	displayed(t, "1")
	n.Withdraw("gh")
	displayed(t, "0")
}
