package story

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// name is the connection's.
const name = "practice"

// lifetime of access tokens: short, so that timer refreshes come soon.
const lifetime = "15s"

func TestDesktopTheWholeStory(t *testing.T) {
	w := begin(t)

	icon := w.d.AwaitIcon("Authtray")
	icon.AwaitShape("fine")
	w.picture("tray-appears")

	icon.Choose(name, "Connect…")
	w.consent("consent")
	icon.AwaitShape("fine")
	w.opensTheAPI()
	w.picture("connected")

	w.timerRefreshes(2)

	opened := w.d.Opened()
	w.agent.kill()
	w.agent.start()
	w.d.AwaitIcon("Authtray")
	w.opensTheAPI()
	if w.d.Opened() != opened {
		t.Error("a browser was opened to go on after a crash")
	}
	w.picture("after-kill")

	w.panel.Kill()
	w.panel = w.d.StartPanel()
	icon = w.d.AwaitIcon("Authtray")
	icon.AwaitShape("fine")
	w.picture("after-panel-restart")

	w.removeAccess()
	w.tokensAreCleared()
	icon.AwaitShape("needs you")
	w.deathIsTold(icon)
	w.picture("needs-you")

	w.notices.Press()
	w.consent("reconnect")
	w.notices.AwaitShown(0)
	icon.AwaitShape("fine")
	w.opensTheAPI()
	w.picture("connected-again")
	if sent := w.notices.Sent(); len(sent) != 1 {
		t.Errorf("%d notifications were sent, not one", len(sent))
	}
}

// world is all that the story plays in.
type world struct {
	t        *testing.T
	d        *desktop.Desktop
	panel    *desktop.Panel
	notices  *desktop.Notices
	browser  *desktop.Browser
	provider *provider
	agent    *program
	pictures int
}

func begin(t *testing.T) *world {
	agent, practice := build(t, "authtray", "github.com/authtray/authtray"),
		build(t, "practice", "github.com/authtray/authtray/providers/practice")
	d := desktop.Start(t)
	w := &world{t: t, d: d, panel: d.StartPanel(), notices: d.StartNotices(), browser: d.StartBrowser()}
	w.provider = startProvider(t, d, practice, lifetime)
	w.agent = &program{t: t, d: d, path: agent}
	w.agent.do("add", name, "--provider", "practice", "--set", "vars.port="+w.provider.port())
	w.agent.start()
	return w
}

func (w *world) picture(what string) {
	w.t.Helper()
	w.pictures++
	bustest.Screenshot(w.t, fmt.Sprintf("story-%d-%s", w.pictures, what))
}

// consent goes through the provider's pages in the browser that was opened, and
// to the page that says it worked.
func (w *world) consent(picture string) {
	w.t.Helper()
	page := w.browser.AwaitPage(w.provider.issuer)
	page.Await("#as-ada, #allow")
	if page.Has("#as-ada") {
		page.Click("#as-ada")
	}
	page.Await("#allow")
	w.picture(picture)
	page.Click("#allow")
	if text := page.Await("main.fine h1"); !strings.Contains(text, "onnected") {
		w.t.Errorf("after the consent the browser says %q", text)
	}
	w.picture(picture + "-done")
	page.Close()
}

// opensTheAPI: `authtray token` prints a token, and the provider takes it.
func (w *world) opensTheAPI() {
	w.t.Helper()
	if who := w.provider.opens(w.t, w.agent.do("token", name)); who != "ada" {
		w.t.Fatalf("the token is %q's at the provider's API, not ada's", who)
	}
}

// timerRefreshes waits, asking for no token, until the grant was renewed n
// times, each time with another refresh token.
func (w *world) timerRefreshes(n int) {
	w.t.Helper()
	last, ok := kept(w.t, w.d, name)
	if !ok {
		w.t.Fatal("the keychain has no record of the connection")
	}
	seen := []secret{last.Refresh}
	bustest.Eventually(w.t, func() string { return fmt.Sprintf("%d timer refreshes, not %d", len(seen)-1, n) }, func() bool {
		now, ok := kept(w.t, w.d, name)
		if !ok {
			w.t.Fatal("the record has gone from the keychain")
		}
		if now.Generation > last.Generation {
			if slices.Contains(seen, now.Refresh) {
				w.t.Fatal("the refresh token was not rotated in the keychain")
			}
			last, seen = now, append(seen, now.Refresh)
		}
		return len(seen) > n
	})
}

// removeAccess takes the access away at the provider, in the browser.
func (w *world) removeAccess() {
	w.t.Helper()
	page := w.browser.Open(w.provider.issuer + "/account")
	page.Click("#remove-access")
	page.Await("#removed")
	w.picture("access-removed")
	page.Close()
}

// tokensAreCleared: the record says that the grant has ended, and holds no token.
func (w *world) tokensAreCleared() {
	w.t.Helper()
	bustest.Eventually(w.t, bustest.Said("the dead grant's tokens are still in the keychain"), func() bool {
		record, there := kept(w.t, w.d, name)
		return there && record.Access == none && record.Refresh == none
	})
	code, sentence := w.agent.fails("token", name)
	if code != 3 || !strings.Contains(sentence, "authtray connect "+name) {
		w.t.Errorf("`authtray token` ends with %d and says %q", code, sentence)
	}
}

// deathIsTold: a notification with a Reconnect button, and the tooltip.
func (w *world) deathIsTold(icon *desktop.Icon) {
	w.t.Helper()
	w.notices.AwaitShown(1)
	sent := w.notices.Sent()
	told := sent[len(sent)-1]
	if !strings.Contains(told.Summary, "(ada) has to be reconnected") || !strings.Contains(told.Body, "Practice provider") || !slices.Contains(told.Actions, "Reconnect") {
		w.t.Errorf("the notification is %+v", told)
	}
	bustest.Eventually(w.t, func() string { return fmt.Sprintf("the tooltip is %q", icon.Tooltip()) }, func() bool {
		return strings.Contains(icon.Tooltip(), "Practice provider")
	})
}
