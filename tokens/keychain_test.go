package tokens

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

func TestARefreshWaitsForAKeychainThatCannotBeWritten(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.pass(56 * time.Minute)
		r.wantHits(0)
		r.wantState(KeychainLocked, ReasonKeychainLocked)
		r.token() // in memory, and good
		r.pass(time.Hour)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeKeychainLocked)
		r.store.fail(nil)
		r.wantState(Connected, ReasonNone)
		r.wantHits(1)
	})
}

func TestAKeychainThatIsLockedAtTheStartOpensByItself(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		r.wantState(KeychainLocked, ReasonKeychainLocked)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeKeychainLocked)
		r.store.fail(nil)
		r.wantState(Connected, ReasonNone)
		if r.token() != "access-1" {
			t.Fatal("not the stored token")
		}
	})
}

func TestARefreshWithAnUnansweredDialogSaysThatTheKeychainIsLocked(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.nobody = true
		r.store.fail(store.ErrLocked)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := r.m.Refresh(ctx, "work")
		r.wantCode(err, CodeKeychainLocked)
		r.wantHits(0)
		r.store.fail(nil)
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestADialogAnsweredAfterHoursIsTakenUpAndNothingAsksMeanwhile(t *testing.T) {
	for name, locked := range map[string]error{"locked": store.ErrLocked, "withheld": store.ErrWithheld} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.nobody = true
				r.store.fail(locked)
				r.restart()
				_, err := r.m.Refresh(t.Context(), "work") // the user's word
				r.wantCode(err, CodeKeychainLocked)
				for range 18 {
					r.pass(10 * time.Minute)
					_, err := r.ask(Want{}) // a tool's
					r.wantCode(err, CodeKeychainLocked)
				}
				if r.store.dialogs != 1 {
					t.Errorf("%d dialogs, not one", r.store.dialogs)
				}
				r.wantHits(0)
				answered := time.Now()
				r.store.fail(nil)
				r.wantState(Connected, ReasonNone)
				if r.token() != "access-2" {
					t.Error("not a new token")
				}
				if took := time.Since(answered); took > time.Second {
					t.Errorf("taken up after %v", took)
				}
			})
		})
	}
}

func TestAKeychainThatSaysNothingIsLookedAtAgain(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrUnavailable)
		r.restart()
		r.wantState(KeychainLocked, ReasonKeychainUnavailable)
		r.store.mu.Lock()
		r.store.err = nil // without a word
		r.store.mu.Unlock()
		r.pass(31 * time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestStatusSaysThatAnOpenKeychainWithholdsTheRecord(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrWithheld)
		r.restart()
		r.wantState(KeychainLocked, ReasonKeychainWithheld)
		_, err := r.m.Refresh(t.Context(), "work")
		r.wantCode(err, CodeKeychainLocked)
		if e := (*Error)(nil); !errors.As(err, &e) || e.Hint != "authtray unlock" {
			t.Errorf("the hint of %v is another one", err)
		}
		if got := r.status().Detail; !strings.HasPrefix(got, "KeePassXC asks whether Authtray may read its entries. Allow it") {
			t.Errorf("it says %q", got)
		}
		r.store.fail(nil)
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestAGrantThatCannotBeWrittenIsServedAndWrittenLater(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.mu.Lock()
		r.store.setErr = store.ErrUnavailable
		r.store.mu.Unlock()
		r.pass(56 * time.Minute)
		if r.token() != "access-2" || !r.status().Unsaved || r.status().Detail == "" {
			t.Fatalf("status %+v", r.status())
		}
		r.store.mu.Lock()
		r.store.setErr = nil
		r.store.mu.Unlock()
		r.pass(time.Minute) // back-off had grown
		if g := r.stored(); g.Generation != 2 || r.status().Unsaved {
			t.Fatalf("generation %d in the store", g.Generation)
		}
		r.wantHits(1)
	})
}

func TestAnEndWhileTheKeychainIsLockedIsWrittenOnceItOpens(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.slow = 10 * time.Second
			r.provider.always = failure(refusal.Dead, "invalid_grant")
		})
		r.pass(55*time.Minute + 20*time.Second)
		r.wantHits(1)
		r.store.fail(store.ErrLocked) // between the request and its answer
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.pass(time.Hour)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.store.fail(nil)
		r.pass(time.Minute)
		if g := r.stored(); g.AccessToken != "" {
			t.Fatal("the dead grant is still in the keychain")
		}
		r.restart()
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.wantHits(1)
	})
}

func TestDisconnectWhileTheKeychainIsLockedStands(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		r.wantState(Disconnected, ReasonNone)
		if r.provider.revoked != 1 {
			t.Fatal("not revoked at the provider")
		}
		r.restart()
		r.store.fail(nil)
		r.pass(time.Minute)
		r.wantState(Disconnected, ReasonNone)
		if r.stored() != nil {
			t.Fatal("the grant is still in the keychain")
		}
	})
}

func TestADamagedRecordIsSaidAndReplaced(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.Set(t.Context(), "work", []byte("{"))
		r.restart()
		r.wantState(ReconnectRequired, ReasonRecordDamaged)
		if v := string(r.store.values["work"]); v != "{" {
			t.Fatalf("the record was touched: %q", v)
		}
		r.connect()
		r.wantState(Connected, ReasonNone)
	})
}

func TestARecordErasedByHandIsADisconnection(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.Delete(t.Context(), "work")
		r.token() // still in memory
		r.pass(56 * time.Minute)
		if r.stored() == nil {
			t.Fatal("the refresh did not write it again")
		}
		r.store.Delete(t.Context(), "work")
		r.restart()
		r.wantState(Disconnected, ReasonNone)
	})
}

func TestAKeychainThatSaysNothingAtTheStartIsNotADisconnection(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowGet = 5 * time.Second
		r.restart()
		r.pass(2 * time.Second)
		r.wantState(KeychainLocked, ReasonKeychainUnavailable)
		if got := r.token(); got != "access-1" { // who has the time waits for it
			t.Fatalf("got %s", got)
		}
		r.wantState(Connected, ReasonNone)
	})
}

func TestARefreshAskedForBeforeTheRecordIsReadIsMade(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowGet = 3 * time.Second
		r.restart()
		if st, err := r.m.Refresh(t.Context(), "work"); err != nil || st.State != Connected {
			t.Fatalf("%s, %v", st.State, err)
		}
		r.wantHits(1)
	})
}

func TestNobodyIsAskedToOpenAKeychainThatCannotBeReached(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.nobody = true
		r.store.fail(store.ErrUnavailable)
		before := r.clock.Elapsed()
		_, err := r.m.Refresh(t.Context(), "work")
		r.wantCode(err, CodeKeychainLocked)
		if took := r.clock.Elapsed() - before; took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
