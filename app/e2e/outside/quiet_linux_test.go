package outside

import (
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// After the end the provider hears nothing more, however often the agent is asked,
// killed or restarted; and the user is told once.
func TestADeadGrantStaysQuietOverRestarts(t *testing.T) {
	w := newQuietWorld(t)
	w.start("")
	w.connectWork()
	if w.inKeychain() == "" {
		t.Fatal("the grant is not in the keychain")
	}
	w.dies()
	hits := w.provider.TokenHits()

	for _, again := range []struct {
		name string
		do   func()
	}{
		{"asked", w.ask},
		{"restarted in good order", func() { w.quit(); w.start("") }},
		{"killed", func() { w.kill(); w.start("") }},
		{"replaced", w.replaced},
		{"with the keychain locked at start", w.startsLocked},
	} {
		again.do()
		w.ask()
		if got := w.provider.TokenHits(); got != hits {
			t.Errorf("%s: %d requests to the token endpoint after the end", again.name, got-hits)
		}
		if got := w.notices.withButton(); got != 1 {
			t.Errorf("%s: %d notifications, not one: %q", again.name, got, w.notices.all())
		}
	}
	if record := w.inKeychain(); strings.Contains(record, "token\":") || !strings.Contains(record, "revoked") {
		t.Errorf("the keychain holds a record of %d bytes that has tokens, or does not say why it has none", len(record))
	}

	if r := w.connect(allows, "work", "--no-browser"); r.code != 0 {
		t.Errorf("connect ended with %d: %s", r.code, r.err)
	}
	if token := w.must("", "token", "work").out; token == "" {
		t.Error("no token after reconnecting")
	}
	w.dies() // another death is told again, once
	if got := w.notices.withButton(); got != 2 {
		t.Errorf("%d notifications for two deaths", got)
	}
}

type quietWorld struct {
	*smallWorld
	bus     *storetest.Bus
	keyring *storetest.Keyring
	notices *notices
	dead    int // deaths so far
}

const loginPassword = "login password"

func newQuietWorld(t *testing.T) *quietWorld {
	w := &quietWorld{bus: storetest.StartBus(t)}
	w.keyring = w.bus.StartKeyring(loginPassword)
	w.notices = startNotices(t, w.bus.Address())
	w.smallWorld = &smallWorld{t: t, ledger: newLedger()}
	w.provider = practicetest.Start(t, server.Options{Lifetime: time.Hour}, w.ledger.Wrap)
	w.program = newProgram(t, "AUTHTRAY_LOG=debug", "DBUS_SESSION_BUS_ADDRESS="+w.bus.Address())
	return w
}

// dies removes access at the provider, and waits until the agent knows and has
// said so.
func (w *quietWorld) dies() {
	w.t.Helper()
	w.provider.Revoke("ada")
	if r := w.do(nil, "", "refresh", "work"); r.code != 3 {
		w.t.Fatalf("refresh of a dead grant ended with %d: %s", r.code, r.err)
	}
	w.dead++
	eventually(w.t, func() string { return "the death is not told" }, func() bool { return w.notices.withButton() >= w.dead })
}

// ask asks in every way that is no wish to reconnect, and wants the same answer
// each time.
func (w *quietWorld) ask() {
	w.t.Helper()
	for _, args := range [][]string{{"token", "work"}, {"token", "work", "--min-valid", "5s"}, {"request", "work", "/whoami"}, {"refresh", "work"}} {
		if r := w.do(nil, "", args...); r.code != 3 || !strings.Contains(r.err, "authtray connect work") {
			w.t.Errorf("authtray %s ended with %d: %s", strings.Join(args, " "), r.code, r.err)
		}
	}
	if r := w.do(nil, "some-old-token\n", "rejected", "work"); r.code != 3 {
		w.t.Errorf("rejected ended with %d: %s", r.code, r.err)
	}
	if r := w.do(nil, "", "status", "work", "--json"); !strings.Contains(r.out, `"reconnect_required"`) {
		w.t.Errorf("the status is %s", r.out)
	}
}

func (w *quietWorld) replaced() {
	old := w.ended
	w.start("", "--replace")
	<-old
	w.awaitAgent() // the new one
}

// startsLocked: nothing is served while nothing can be read, and the end holds
// afterwards.
func (w *quietWorld) startsLocked() {
	w.kill()
	w.keyring.Lock()
	w.start("")
	if r := w.do(nil, "", "token", "work"); r.code != 6 {
		w.t.Errorf("token with a locked keychain ended with %d: %s", r.code, r.err)
	}
	w.keyring.Unlock(loginPassword)
	eventually(w.t, func() string { return "the record is not read" }, func() bool {
		return w.do(nil, "", "token", "work").code == 3
	})
}

func (w *quietWorld) inKeychain() string {
	record, _ := w.keyring.SecretTool("", "lookup", "service", "authtray", "username", "work") // exit code 1: there is none
	return record
}
