package tray

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens"
)

// The icon's colours, as its sources have them.
const (
	teal   = 0x0e8f7b
	orange = 0xd0660f
)

func startPanel(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("xfce4-panel", "--disable-wm-check")
	bustest.Run(t, cmd)
	return cmd
}

func onScreen(t *testing.T, name string, colour uint32) {
	t.Helper()
	seen := 0
	bustest.Eventually(t, func() string { return fmt.Sprintf("%s: %d pixels of %06x on the screen", name, seen, colour) }, func() bool {
		seen = bustest.Count(bustest.Screenshot(t, name), colour)
		return seen >= 30
	})
}

func TestDesktopPanelShowsTheIcon(t *testing.T) {
	bustest.Need(t, "xfce4-panel", "import", "openbox")
	bustest.Home(t)
	bustest.Screen(t)
	bustest.Start(t, true)
	bustest.Run(t, exec.Command("openbox"))
	panel := startPanel(t)
	p := startTray(t, []tokens.Status{github(tokens.Connected)})
	p.says(t, "health registered")
	onScreen(t, "tray-fine", teal)

	p.show(t, []tokens.Status{github(tokens.ReconnectRequired), gitlab(tokens.Connected)})
	onScreen(t, "tray-needs-you", orange)

	bustest.End(panel)
	p.says(t, "health no_host")
	startPanel(t)
	p.says(t, "health registered")
	onScreen(t, "tray-after-restart", orange)
}
