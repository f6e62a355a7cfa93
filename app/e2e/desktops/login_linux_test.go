package desktops

import (
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// The desktop starts the agent and the keychain side by side, and perhaps the
// agent twice.
func TestDesktopLogin(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	bustest.Need(t, "gnome-keyring-daemon")
	d := desktop.Bare(t, false)
	w := newWorld(t, d)
	w.add("practice")
	w.run("--login", "--no-tray")
	w.awaitState("practice", "keychain_locked")
	if got := w.status("practice"); got.Reason != "keychain_unavailable" {
		t.Errorf("without a keychain it is %+v", got)
	}
	second := w.command("run", "--login")
	if out, err := second.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the second agent: %v, and it says %q", err, out)
	}
	d.StartKeyring()
	w.awaitState("practice", "disconnected")
	w.d.Run(w.command("connect", "practice"))
	w.agree(w.awaitBrowser(1))
	w.awaitState("practice", "connected")
}
