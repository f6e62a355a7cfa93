package tokens

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

func TestASignInThatTheKeychainNeverTookLeavesTheEndAsItWas(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(time.Hour)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.m.Announced("work")
		r.pass(time.Second)
		r.store.fail(store.ErrLocked)
		r.connect()
		r.wantState(Connected, ReasonNone)
		if !r.status().Unsaved {
			t.Fatal("nobody says that the keychain does not have it")
		}
		r.store.mu.Lock()
		r.store.err = nil
		r.store.mu.Unlock()
		r.kill() // before the write is tried again
		r.start()
		r.wantState(ReconnectRequired, ReasonRevoked)
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

func TestASignInThatTheKeychainTakesLateLeavesNoNote(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.connect()
		r.store.fail(nil)
		r.pass(time.Minute)
		if r.notes.has("work") {
			t.Fatal("a note is left behind")
		}
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

func TestWhatWasGivenUpStaysSoWhereItsNoteCannotBeRead(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		if _, err := r.m.Disconnect(t.Context(), "work"); !errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
		r.notes.trouble(errors.New("damaged"), nil)
		r.restart()
		r.wantState(ReconnectRequired, ReasonNoteDamaged)
		r.store.fail(nil)
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonNoteDamaged)
		if r.stored() == nil {
			t.Fatal("erased, though nobody can tell what the note covers")
		}
		_, err := r.ask(Want{})
		r.wantCode(err, CodeReconnectRequired)
		r.wantHits(0)
		r.connect()
		r.notes.trouble(nil, nil) // it was written anew
		r.pass(time.Minute)
		r.restart()
		r.wantState(Connected, ReasonNone)
		if r.notes.has("work") {
			t.Fatal("the note is left behind")
		}
	})
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.notes.trouble(errors.New("damaged"), nil)
		r.restart()
		if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		if r.stored() != nil || r.provider.revoked != 1 {
			t.Fatalf("revoked %d times, in the keychain %v", r.provider.revoked, r.stored())
		}
	})
}

// An end is one write; until it has worked nothing is served, and nothing sent.
func TestAnEndThatCannotBeWrittenHoldsInMemory(t *testing.T) {
	dying := func(f func(t *testing.T, r *rig)) {
		inBubble(t, time.Hour, func(t *testing.T, r *rig) {
			r.store.failSet(store.ErrUnavailable)
			r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
			r.pass(55*time.Minute + 20*time.Second)
			r.wantState(ReconnectRequired, ReasonRevoked)
			r.m.Announced("work")
			synctest.Wait() // for the write of it, which fails
			_, err := r.ask(Want{})
			r.wantCode(err, CodeReconnectRequired)
			if r.stored().AccessToken == "" {
				t.Fatal("the write was to fail")
			}
			f(t, r)
		})
	}
	dying(func(t *testing.T, r *rig) {
		r.store.failSet(nil)
		r.pass(10 * time.Minute)
		g := r.stored()
		if g.AccessToken+g.RefreshToken != "" || g.End == nil || g.End.Reason != ReasonRevoked || g.Told != ReasonRevoked {
			t.Fatalf("the record is %+v", *g)
		}
		r.wantHits(1)
		r.restart()
		r.wantState(ReconnectRequired, ReasonRevoked)
		if r.status().Announce {
			t.Fatal("told twice")
		}
	})
	dying(func(t *testing.T, r *rig) { // the double fault: one more request, told once more
		r.kill()
		r.store.failSet(nil)
		r.start()
		r.pass(time.Minute)
		r.wantHits(2)
		r.wantState(ReconnectRequired, ReasonRevoked)
		if !r.status().Announce {
			t.Fatal("nobody is told")
		}
		if g := r.stored(); g.AccessToken != "" {
			t.Fatal("the end is not in the record")
		}
	})
}

func TestNothingIsAskedOfTheProviderWhileAnEndCouldNotBeWritten(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable, r.provider.liveness = false, providers.DeadToken })
		r.connect()
		r.store.fail(store.ErrLocked)
		_, err := r.reject("access-2")
		r.wantCode(err, CodeKeychainLocked)
		if r.provider.probes != 0 {
			t.Fatal("asked, and the end that this could be cannot be written")
		}
		r.store.fail(nil)
		r.pass(time.Minute)
		_, err = r.reject("access-2")
		r.wantCode(err, CodeReconnectRequired)
		if g := r.stored(); g.AccessToken != "" || g.End.Reason != ReasonTokenRejected {
			t.Fatalf("the record is %+v", *g)
		}
	})
}

// What is said of a grant that is kept is remembered too. Only of a record that
// cannot be read nothing can be: that is said once by each process.
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

// A process of an older version may have ended between the writing of a new grant
// and the clearing of the verdict on the old one.
func TestAnOldVerdictIsNotToldBeforeTheRecordIsRead(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.quit()
		newer := r.stored()
		r.notes.Save("work", Note{Old: &Verdict{Reason: ReasonRevoked, Generation: newer.Generation}})
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

func TestWhatIsShownLateDoesNotCountForTheNextEnd(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(time.Hour)
		r.provider.with(func() { r.provider.always = nil })
		r.connect()
		r.m.Announced("work") // the notifier's word on the first end
		r.pass(time.Second)
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(time.Hour)
		r.restart()
		r.wantState(ReconnectRequired, ReasonRevoked)
		if !r.status().Announce {
			t.Fatal("nobody is told")
		}
	})
}

// The record beside a note that cannot be read has been renewed before: the new grant is
// newer than that too, or it is never written.
func TestASignInOverADamagedNoteReplacesARecordOfManyRefreshes(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(10 * time.Hour)
		was := r.stored().Generation
		r.notes.trouble(errors.New("damaged"), nil)
		r.restart()
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonNoteDamaged)
		r.connect()
		r.notes.trouble(nil, nil) // it was written anew
		r.pass(time.Minute)
		if st, now := r.status(), r.stored().Generation; st.Unsaved || now <= was {
			t.Fatalf("generation %d is in the keychain after %d, and unsaved: %t", now, was, st.Unsaved)
		}
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

// The note that a sign-in came after does not cover it, however the clock stands
// and whichever of the two writes the process lives to see.
func TestASignInAfterANoteIsNotCoveredByIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		r.m.Disconnect(t.Context(), "work")
		r.notes.trouble(nil, errors.New("disk full")) // the note cannot be cleared
		r.clock.jump(-48 * time.Hour)
		r.store.fail(nil)
		r.connect()
		r.pass(time.Minute)
		r.restart()
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		if r.stored() == nil {
			t.Fatal("the new grant was taken for the one that was given up")
		}
		r.notes.trouble(nil, nil)
		r.pass(time.Minute)
		if r.notes.has("work") {
			t.Fatal("the note is left behind")
		}
	})
}

// …nor does one that could not be read then, nor be replaced, and can be read again
// after a restart.
func TestASignInAfterANoteThatCouldNotBeReadIsNotCoveredByIt(t *testing.T) {
	for name, gaveUpToo := range map[string]bool{"a sign-in": false, "given up once more": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.fail(store.ErrLocked)
				r.restart()
				r.m.Disconnect(t.Context(), "work")
				r.pass(time.Hour)
				r.notes.trouble(errors.New("permission denied"), errors.New("permission denied"))
				r.restart()
				r.store.fail(nil)
				if gaveUpToo {
					r.m.Disconnect(t.Context(), "work")
					r.pass(time.Minute)
				}
				r.connect()
				r.pass(2 * time.Hour)
				r.quit()
				r.notes.trouble(nil, nil)
				r.start()
				r.pass(time.Minute)
				r.wantState(Connected, ReasonNone)
				if r.stored() == nil || r.provider.revoked > 1 {
					t.Fatal("the new grant was taken for the one that was given up")
				}
				if r.notes.has("work") {
					t.Fatal("the note is left behind")
				}
			})
		})
	}
}

// The end of a grant is no more covered than the grant.
func TestTheEndOfAGrantThatCameAfterANoteIsKnownAfterARestart(t *testing.T) {
	for name, ends := range map[string]func(r *rig){
		"dead":   func(r *rig) { r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") }) },
		"parked": func(r *rig) { r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") }) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.fail(store.ErrLocked)
				r.restart()
				r.m.Disconnect(t.Context(), "work")
				r.notes.trouble(nil, errors.New("disk full")) // the note cannot be cleared
				r.store.fail(nil)
				r.connect()
				ends(r)
				r.pass(3 * time.Hour)
				was := r.status()
				if was.State != ReconnectRequired {
					t.Fatal(was.State)
				}
				r.restart()
				r.wantState(was.State, was.Reason)
				r.notes.trouble(nil, nil)
				r.pass(time.Minute)
				if r.notes.has("work") || r.stored() == nil {
					t.Error("the note is left behind, or the record is gone")
				}
			})
		})
	}
}

// A process that ends between the two must not leave a note that covers the grant.
func TestANoteIsWrittenAheadOfTheGrantThatCameAfterIt(t *testing.T) {
	now := walkStart
	m := newMachine(now, policy{provider: "P"}, &Note{Damaged: true}, func() float64 { return .5 })
	m.effects() // the record is being read
	m.connect(now, &Grant{AccessToken: "a", RefreshToken: "r", ObtainedAt: now, ExpiresAt: now.Add(time.Hour), Generation: 1})
	m.recordRead(now, nil, store.ErrAbsent)
	all := m.effects()
	if len(all) == 0 || all[0].kind != saveNote {
		t.Fatalf("first comes %+v", all)
	}
	m.noteDone(now, saveNote, m.store.note, errors.New("disk full"))
	if all = m.effects(); len(all) == 0 || all[0].kind != saveRecord {
		t.Errorf("the grant waits for a note that cannot be written: %+v", all)
	}
}

func TestWithoutRefreshTokenTheEndIsAnnouncedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.provider.refreshable = false
		r.start()
		defer r.quit()
		r.connect()
		r.pass(time.Hour - time.Second)
		r.wantState(Connected, ReasonNone)
		r.pass(time.Second)
		r.wantState(ReconnectRequired, ReasonExpired)
		r.wantHits(0)
	})
}

func TestADeadGrantLosesItsTokensAndStaysQuiet(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		s := &subscriber{r: r, sub: r.m.Subscribe()}
		defer s.sub.Stop()
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(56 * time.Minute)
		r.wantState(ReconnectRequired, ReasonRevoked)
		if g := r.stored(); g.AccessToken+g.RefreshToken != "" || g.End == nil || g.End.Reason != ReasonRevoked {
			t.Fatalf("the record is %+v", *g)
		}
		if got := s.see(); got.State != ReconnectRequired || !got.Announce {
			t.Fatalf("subscribers see %+v", got)
		}
		r.m.Announced("work")
		synctest.Wait()
		r.pass(48 * time.Hour)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeReconnectRequired)
		r.restart()
		r.pass(48 * time.Hour)
		r.wantState(ReconnectRequired, ReasonRevoked)
		r.wantHits(1)
		if s.see().Announce || r.status().Announce {
			t.Fatal("announced again")
		}
		r.provider.with(func() { r.provider.always = nil })
		r.connect()
		r.wantState(Connected, ReasonNone)
		r.restart()
		r.wantState(Connected, ReasonNone)
	})
}

func TestANewerGrantInTheStoreAvertsTheEnd(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.answers = []error{failure(refusal.Dead, "invalid_grant")}
			r.provider.slow = time.Second
		})
		go r.m.Refresh(t.Context(), "work")
		synctest.Wait() // the request is under way
		g := *r.stored()
		g.Generation, g.AccessToken, g.RefreshToken = 9, "access-9", "refresh-9"
		r.writeBehind(&g)
		r.pass(2 * time.Second)
		r.wantState(Connected, ReasonNone)
		r.wantHits(1)
		if tok := r.token(); tok != "access-9" {
			t.Errorf("%s is served", tok)
		}
	})
}

func TestALimitCountedFromConsentIsAnnouncedAWeekAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 24*time.Hour)
		r.entry.Tokens.RefreshAbsolute = "180d"
		r.start()
		defer r.quit()
		r.connect()
		r.pass(172 * 24 * time.Hour)
		if r.status().EndsSoon {
			t.Fatal("announced too early")
		}
		r.pass(2 * 24 * time.Hour)
		if s := r.status(); !s.EndsSoon || s.EndsAt == nil {
			t.Fatal("not announced")
		}
		r.pass(6 * 24 * time.Hour)
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.pass(24 * time.Hour)
		r.wantState(ReconnectRequired, ReasonAbsoluteLimit)
	})
}
