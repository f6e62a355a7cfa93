package tokens

import (
	"errors"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

func TestASignInThatTheKeychainNeverTookIsNotForgottenInSilence(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(time.Hour)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.m.Announced("work")
		r.store.fail(store.ErrLocked)
		r.connect()
		r.wantState(Connected, ReasonNone)
		r.restart() // killed before the keychain opened
		r.wantState(ReconnectRequired, ReasonNotKept)
		if !r.status().Announce {
			t.Fatal("the user believes that they are connected, and is not told")
		}
		r.m.Announced("work")
		r.store.fail(nil)
		r.restart()
		r.wantState(ReconnectRequired, ReasonNotKept)
		if r.status().Announce {
			t.Fatal("told twice")
		}
		r.connect()
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

func TestAnOlderGrantThatLivesIsUsedWhereANewOneCouldNotBeKept(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		old := r.token()
		r.store.fail(store.ErrLocked)
		r.connect()
		if r.token() == old {
			t.Fatal("the new token is not served")
		}
		r.restart()
		r.store.fail(nil)
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		if r.token() != old || r.status().Announce {
			t.Fatal("the old grant is not used")
		}
	})
}

func TestASignInThatTheKeychainTakesLateLeavesNoVerdict(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.connect()
		r.store.fail(nil)
		r.pass(time.Minute)
		if _, there, _ := r.verdicts.Load("work"); there {
			t.Fatal("a verdict is left behind")
		}
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

func TestADeadGrantStaysDeadWhereItsVerdictCannotBeRead(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.slow = 10 * time.Second
			r.provider.always = failure(refusal.Dead, "invalid_grant")
		})
		r.pass(55*time.Minute + 20*time.Second)
		r.store.fail(store.ErrLocked) // so that the dead record stays
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.verdicts.trouble(errors.New("damaged"), nil)
		r.restart()
		r.wantState(ReconnectRequired, ReasonVerdictDamaged)
		r.m.Announced("work")
		r.verdicts.trouble(nil, nil) // it has been written anew
		r.restart()
		r.store.fail(nil)
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonVerdictDamaged)
		if r.stored() != nil {
			t.Fatal("the dead grant is still in the keychain")
		}
		r.wantHits(1)
		r.connect()
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

func TestADeathIsWrittenDownBeforeTheGrantIsErased(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.verdicts.trouble(nil, errors.New("disk full"))
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(56 * time.Minute)
		r.wantState(ReconnectRequired, ReasonRevoked)
		if r.stored() == nil {
			t.Fatal("erased, and nothing says why")
		}
		r.restart()
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.verdicts.trouble(nil, nil)
		r.pass(time.Minute)
		if r.stored() != nil {
			t.Fatal("the dead grant is still in the keychain")
		}
		r.restart()
		r.wantState(ReconnectRequired, ReasonRevoked)
	})
}

// What is said of a grant that is kept is remembered too.
func TestEveryEndIsToldOnceOverRestarts(t *testing.T) {
	ends := map[Reason]func(r *rig){
		ReasonRevoked: func(r *rig) {
			r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
			r.pass(time.Hour)
		},
		ReasonEndpointsChanged: func(r *rig) {
			r.provider.with(func() { r.provider.binding.Origins = []string{"https://elsewhere.example"} })
			r.put()
		},
		ReasonRecordDamaged: func(r *rig) {
			r.store.Set(r.t.Context(), "work", []byte("{"))
			r.restart()
		},
		ReasonExpired: func(r *rig) {
			r.provider.with(func() { r.provider.refreshable = false })
			r.connect()
			r.pass(61 * time.Minute)
		},
	}
	for reason, end := range ends {
		t.Run(string(reason), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				for round := range 2 {
					end(r)
					told := 0
					for range 4 {
						r.pass(time.Minute)
						r.wantState(ReconnectRequired, reason)
						if r.status().Announce {
							told++
							r.m.Announced("work")
						}
						r.restart()
					}
					if told != 1 {
						t.Fatalf("round %d: told %d times", round, told)
					}
					r.provider.with(func() {
						r.provider.always, r.provider.binding = nil, rigBinding
						r.provider.refreshable = true
					})
					r.put()
					r.connect()
					r.restart()
					r.wantState(Connected, ReasonNone)
				}
			})
		})
	}
}

func TestTheProvidersOwnReasonIsPassedOn(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "inactive_user") })
		r.pass(56 * time.Minute)
		r.restart()
		if got := r.status().Detail; got != "The provider said inactive_user. Reconnect to go on." {
			t.Fatalf("said: %q", got)
		}
	})
}

// A process may end between the writing of a new grant and the clearing of the
// verdict on the old one.
func TestAnOldVerdictIsNotToldBeforeTheRecordIsRead(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.quit()
		newer := r.stored()
		r.verdicts.Save("work", Verdict{Reason: ReasonRevoked, Generation: newer.Generation})
		newer.Generation++
		raw, _ := newer.encode()
		r.store.Set(t.Context(), "work", raw)
		r.store.slowGet = 5 * time.Second
		r.start()
		r.pass(2 * time.Second)
		if r.status().Announce {
			t.Fatal("told of a death that a newer grant has ended")
		}
		r.pass(5 * time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestAnEndIsToldOnceThoughTheKeychainTakesTheGrantAfterIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable = false })
		r.store.fail(store.ErrLocked)
		r.connect()
		r.pass(61 * time.Minute)
		r.wantState(ReconnectRequired, ReasonExpired)
		r.m.Announced("work")
		r.store.fail(nil)
		r.pass(time.Minute)
		for range 2 {
			if r.wantState(ReconnectRequired, ReasonExpired); r.status().Announce {
				t.Fatal("told again")
			}
			r.restart()
		}
	})
}

func TestWhatIsShownLateDoesNotCountForTheNextDeath(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(time.Hour)
		r.store.fail(store.ErrLocked)
		r.connect()
		r.m.Announced("work") // the notifier's word on the first death
		r.pass(time.Second)
		r.restart()
		r.wantState(ReconnectRequired, ReasonNotKept)
		if !r.status().Announce {
			t.Fatal("nobody is told")
		}
	})
}

func TestAVerdictOnEveryRecordLearnsItsGeneration(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	a := providers.Result{Answer: providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}}
	m := newMachine(now, policy{}, &Verdict{Reason: ReasonVerdictDamaged, All: true}, 0, func() float64 { return .5 })
	dead := firstGrant(a, 50, false)
	m.recordRead(now, dead, nil)
	m.erased(now, store.ErrLocked)
	m.connect(now, firstGrant(a, m.generation(now)+1, false))
	m.saved(now, m.next.Generation, store.ErrLocked)
	if !m.verdict.covers(dead) {
		t.Fatalf("%+v no longer covers the dead record of generation 50", *m.verdict)
	}
}
