package desktops

import (
	"image"
	"os/exec"
	"slices"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/lang/langtest"
)

// TestDesktopGerman: in a German session the notification of an access that ended is
// in German, its button too, and so are the tray's tooltip and menu, of which it
// leaves pictures.
func TestDesktopGerman(t *testing.T) {
	bustest.Need(t, "xfce4-panel", "dunst")
	if !ordinary(t, false) {
		return
	}
	p := newPlace(t, "german", "org.xfce.Xfconf")
	t.Setenv("LANG", "de_DE.UTF-8")
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	p.d.Run(exec.Command("openbox"))
	p.keys()
	notices := p.d.StartNotices()
	p.d.StartPanel()
	p.bar = image.Rect(640, 0, 1280, 32)
	p.run()
	p.connect("practice")
	p.tooltipAndMenu(p.awaitIcon("icon", teal))
	before := p.shot("calm")
	p.revoke("practice")
	icon := p.awaitIcon("dead", orange)
	p.awaitNotice("notification", before)
	last := notices.Sent()[len(notices.Sent())-1]
	if langtest.IsEnglish(last.Summary) || langtest.IsEnglish(last.Body) || !slices.Contains(last.Actions, "Neu verbinden") {
		t.Errorf("sent %+v", last)
	}
	notified := p.shot("notification")
	p.press(icon, p.menu)
	p.awaitChange("menu-dead", notified, 10000)
}
