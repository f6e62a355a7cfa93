package story

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// TestDesktopTheMenuAnswersAQuestionThatIsNotShown: a notification server that is not to
// disturb keeps it back, so that nothing of it is on the screen.
func TestDesktopTheMenuAnswersAQuestionThatIsNotShown(t *testing.T) {
	w := begin(t)
	icon := w.d.AwaitIcon("Authtray")
	icon.Choose(name, "Connect…")
	w.consent("question-consent")
	icon.AwaitShape("fine")
	w.asksFirst()
	if out, err := exec.Command("dunstctl", "set-paused", "true").CombinedOutput(); err != nil {
		t.Fatalf("dunstctl: %v %s", err, out)
	}

	printed := make(chan string, 1)
	go func() {
		token, err := w.agent.command("token", name).CombinedOutput()
		if err != nil {
			t.Errorf("authtray token: %v, %s", err, token)
		}
		printed <- strings.TrimSpace(string(token))
	}()
	icon.AwaitShape("needs you")
	const question = "story.test: allow the token of practice (ada)?"
	if says := icon.Tooltip(); !strings.HasSuffix(says, question) {
		t.Errorf("the tooltip says %q", says)
	}
	if says := w.agent.do("status"); !strings.Contains(says, "\npractice: "+question+" Answer in") {
		t.Errorf("status says:\n%s", says)
	}
	w.notices.AwaitShown(0)
	icon.Choose(question, "Allow once")
	if who := w.provider.opens(t, <-printed); who != "ada" {
		t.Errorf("the token is %q's", who)
	}
	icon.AwaitShape("fine")
	if says := w.agent.do("status"); strings.Contains(says, question) {
		t.Errorf("status says still:\n%s", says)
	}
}

// asksFirst has the connection ask before a new program reads its token.
func (w *world) asksFirst() {
	w.t.Helper()
	file := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "authtray-"+profile, "connections", name+".toml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append([]byte("ask = true\n"), text...), 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	bustest.Eventually(w.t, bustest.Said("the edit is not taken up"), func() bool {
		return strings.Contains(w.agent.do("status", name, "--json"), `"ask": true`)
	})
}
