package tokens

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

func TestADisconnectionThatNobodyWaitsForIsCarriedOut(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowDel = 5 * time.Second
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.wantCode(r.m.Disconnect(short, "work"), CodeTimeout)
		r.pass(time.Minute)
		if r.provider.revoked != 1 || r.stored() != nil {
			t.Fatalf("revoked %d times, in the keychain %v", r.provider.revoked, r.stored())
		}
	})
}

func TestTheLastOfQuickDisconnectionsErasesTheLastGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowDel = 5 * time.Second
		go r.m.Disconnect(context.Background(), "work")
		r.pass(time.Second)
		go r.m.Adopt(context.Background(), "work", providers.Result{Answer: r.provider.issue(), Binding: rigBinding})
		r.pass(time.Second)
		go r.m.Disconnect(context.Background(), "work")
		r.pass(time.Minute)
		r.wantState(Disconnected, ReasonNone)
		if g := r.stored(); g != nil {
			t.Fatalf("the keychain still holds %v", g)
		}
		if r.provider.revoked != 2 {
			t.Fatalf("%d grants were given back", r.provider.revoked)
		}
	})
}

// What could not be read cannot be given back, and nobody is told that it was.
func TestAGrantInALockedKeychainIsGivenBackOnceItOpens(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		if err := r.m.Disconnect(t.Context(), "work"); !errors.Is(err, ErrLater) {
			t.Fatalf("the disconnection says %v", err)
		}
		r.wantState(Disconnected, ReasonNone)
		if r.provider.revoked != 0 {
			t.Fatal("something was revoked that nobody could read")
		}
		r.restart()
		r.store.fail(nil)
		r.pass(time.Minute)
		if r.provider.revoked != 1 || r.stored() != nil {
			t.Fatalf("revoked %d times, in the keychain %v", r.provider.revoked, r.stored())
		}
		r.wantState(Disconnected, ReasonNone)
		r.wantHits(0)
	})
}

func TestARemovedConnectionLeavesNothingInTheKeychain(t *testing.T) {
	for name, restart := range map[string]bool{"once it opens": false, "and after a restart": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.fail(store.ErrLocked)
				if err := r.m.Disconnect(t.Context(), "work"); err != nil {
					t.Fatal(err)
				}
				r.m.Remove("work")
				if restart {
					r.quit()
					r.run() // its file is gone
					r.m.Sweep([]string{"work"})
				}
				if _, err := r.m.Status("work"); err == nil || len(r.m.List()) != 0 {
					t.Fatal("it is still shown")
				}
				r.store.fail(nil)
				r.pass(time.Minute)
				if r.stored() != nil {
					t.Fatal("the grant is still in the keychain")
				}
				if _, there, _ := r.verdicts.Load("work"); there {
					t.Fatal("the verdict is left behind")
				}
				r.put()
				r.pass(time.Second)
				r.wantState(Disconnected, ReasonNone)
			})
		})
	}
}

func TestAConnectionOfWhichTheFileVanishedKeepsItsGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.quit()
		r.run()
		r.m.Sweep([]string{"work"})
		r.pass(time.Minute)
		if r.stored() == nil {
			t.Fatal("a grant that no verdict covers was erased")
		}
		r.put()
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
	})
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(providers.Dead, "invalid_grant") })
		r.pass(56 * time.Minute)
		r.quit()
		r.run()
		r.m.Sweep([]string{"work"})
		r.pass(time.Minute)
		r.put()
		r.pass(time.Second)
		r.wantState(ReconnectRequired, ReasonRevoked)
	})
}

func TestOneNameRemovedAndAddedDuringARefreshSendsOnce(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 3 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.m.Remove("work")
		r.put()
		r.pass(time.Minute)
		r.wantHits(1)
		r.wantState(Connected, ReasonNone)
	})
}
