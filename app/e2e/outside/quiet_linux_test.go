package outside

import (
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// After the verdict the provider hears nothing more, however often the agent is
// asked, killed, restarted, or its keychain restarted with an old copy of the
// dead grant; and the user is told once.
func TestADeadGrantStaysQuietOverRestarts(t *testing.T) {
	w := newQuietWorld(t)
	w.start("")
	w.connectWork()
	alive := w.backup()
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
		{"with the old record back in the keychain", func() { w.kill(); w.restore(alive); w.start("") }},
		{"with the keychain locked at start", w.startsLocked},
	} {
		again.do()
		w.ask()
		if got := w.provider.TokenHits(); got != hits {
			t.Errorf("%s: %d requests to the token endpoint after the verdict", again.name, got-hits)
		}
		if got := w.notices.withButton(); got != 1 {
			t.Errorf("%s: %d notifications, not one: %q", again.name, got, w.notices.all())
		}
	}
	if w.inKeychain() != "" {
		t.Error("the dead grant is in the keychain")
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

// startsLocked: the verdict holds while nothing can be read, and afterwards.
func (w *quietWorld) startsLocked() {
	w.kill()
	w.keyring.Lock()
	w.start("")
	w.ask()
	w.keyring.Unlock(loginPassword)
}

// backup is the keychain's record, as a backup of the keychain would hold it.
func (w *quietWorld) backup() string {
	w.t.Helper()
	record := w.inKeychain()
	if record == "" {
		w.t.Fatal("the grant is not in the keychain")
	}
	return record
}

func (w *quietWorld) inKeychain() string {
	record, _ := w.keyring.SecretTool("", "lookup", "service", "authtray", "username", "work") // exit code 1: there is none
	return record
}

func (w *quietWorld) restore(record string) {
	w.t.Helper()
	if _, err := w.keyring.SecretTool(record, "store", "--label=authtray", "service", "authtray", "username", "work"); err != nil {
		w.t.Fatal(err)
	}
}
