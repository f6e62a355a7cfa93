package crash

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/tokens"
)

// erased waits until the keychain has nothing of "work", not even a part.
func (d *desk) erased() {
	d.t.Helper()
	for _, item := range []string{"work", "work#a.0", "work#a.1", "work#a.2", "work#b.0", "work#b.1", "work#b.2"} {
		eventually(d.t, item+" is erased", func() bool {
			text, _ := d.keyring.SecretTool("", append([]string{"lookup"}, d.attributes(item)...)...)
			return text == ""
		})
	}
}

// thenUnlocked unlocks the keychain, under the same agent or under the next one.
func (d *desk) thenUnlocked(restarted bool, run func()) {
	d.t.Helper()
	if restarted {
		d.kill()
		run()
	}
	d.keyring.Unlock(password)
}

// eachWay runs a test with a restart before the keychain is unlocked, and
// without one.
func eachWay(t *testing.T, test func(t *testing.T, restarted bool)) {
	t.Run("unlocked under the same agent", func(t *testing.T) { test(t, false) })
	t.Run("unlocked under the next agent", func(t *testing.T) { test(t, true) })
}

func TestKeychainLockedWhenTheGrantDies(t *testing.T) {
	if !apart(t) {
		return
	}
	eachWay(t, func(t *testing.T, restarted bool) {
		d := newDesk(t)
		run := func() { d.victim("") } // which writes down what its user is told
		d.kill()
		run()
		d.await("work", tokens.Connected)
		held, release := make(chan struct{}), make(chan struct{})
		d.provider.kit.Script(faultkit.HoldBefore(held, release))
		go d.refresh("work")
		<-held
		d.keyring.Lock() // after the agent saw that it could write
		d.provider.Revoke("ada")
		close(release)
		d.await("work", tokens.ReconnectRequired)
		d.says(3, "reconnect required", "authtray connect work")
		hits := d.provider.TokenHits()

		d.thenUnlocked(restarted, run)
		again := 0
		if restarted { // the one that knew was killed before it could write it down
			again = 1
			d.await("work", tokens.Connected)
			d.refresh("work")
		}
		d.says(3, "reconnect required", "authtray connect work")
		eventually(t, "its tokens are gone", func() bool { return d.dead("work") })
		d.says(3, "reconnect required", "authtray connect work")
		if n := d.provider.TokenHits() - hits; n != again {
			t.Errorf("%d requests with a dead grant", n)
		}
		eventually(t, "told", func() bool { return d.diary().told("work") == 1+again })
		d.connect("work")
		d.recovers()
	})
}

// TestKeychainThatHangsAtTheStart: the record may be there, and nobody knows.
func TestKeychainThatHangsAtTheStart(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.kill()
	d.keyring.Stop()
	t.Cleanup(d.keyring.Continue)
	hits := d.provider.TokenHits()
	d.run()
	asked := make(chan answer, 1)
	go func() { // who asks for a token waits for the one call that may still be answered
		r, _ := d.call(http.MethodGet, "/connections/work/token?timeout="+noWait, nil)
		asked <- r
	}()
	if st := d.await("work", tokens.KeychainLocked); st.Reason != tokens.ReasonKeychainUnavailable {
		t.Errorf("reason %s", st.Reason)
	}
	if len(asked) > 0 {
		t.Error("that the keychain is out of reach was said only when the call had been given up")
	}
	if r := <-asked; r.code() != tokens.CodeKeychainLocked {
		t.Errorf("token answers %d %s", r.status, r.code())
	}
	d.says(6, "keychain")
	d.keyring.Continue()
	d.recovers()
	if n := len(d.provider.Grants()); n != 1 || d.provider.TokenHits() > hits+2 {
		t.Errorf("%d grants, %d requests", n, d.provider.TokenHits()-hits)
	}
}

// lockedAtStart is a desk whose agent has not seen its record.
func lockedAtStart(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.awaitWritten("work")
	d.kill()
	d.keyring.Lock()
	d.run()
	d.await("work", tokens.KeychainLocked)
	return d
}

// revoked waits until the provider has taken the grant back.
func (d *desk) revoked() {
	d.t.Helper()
	eventually(d.t, "the grant has been revoked", func() bool {
		g := d.provider.Grants()
		return len(g) == 1 && g[0].Ended != ""
	})
}

func TestDisconnectedWhileTheKeychainIsLockedAtTheStart(t *testing.T) {
	if !apart(t) {
		return
	}
	eachWay(t, func(t *testing.T, restarted bool) {
		d := lockedAtStart(t)
		hits := d.provider.TokenHits()
		got := d.does("disconnect", "work")
		if got.exit != 0 || !strings.Contains(got.out, "as soon as the keychain opens") {
			t.Errorf("disconnect ends with %d: %s%s", got.exit, got.out, got.err)
		}
		t.Logf("disconnect says: %s%s", got.out, got.err)
		d.says(3, "disconnected", "authtray connect work")
		d.thenUnlocked(restarted, d.run)
		d.erased()
		d.revoked()
		d.says(3, "disconnected", "authtray connect work")
		if n := d.provider.TokenHits() - hits; n != 0 {
			t.Errorf("%d requests for a token", n)
		}
		d.connect("work")
		d.recovers()
	})
}

// TestRemovedWhileTheKeychainIsLocked: the record goes once the keychain opens.
// It is revoked as well, but by an agent that has not seen the record before
// it ends: the next one knows nothing of the provider any more.
func TestRemovedWhileTheKeychainIsLocked(t *testing.T) {
	if !apart(t) {
		return
	}
	for name, locked := range map[string]func(*testing.T) *desk{
		"at the start": lockedAtStart,
		"during use":   func(t *testing.T) *desk { d := newDesk(t); d.awaitWritten("work"); d.keyring.Lock(); return d },
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, restarted bool) {
				d := locked(t)
				got := d.does("remove", "work")
				if got.exit != 0 {
					t.Errorf("remove ends with %d: %s", got.exit, got.err)
				}
				t.Logf("remove says: %s%s", got.out, got.err)
				d.thenUnlocked(restarted, d.run)
				d.erased()
				if !restarted || name == "during use" {
					d.revoked()
				}
			})
		})
	}
}
