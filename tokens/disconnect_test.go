package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// nowhereToWrite is a locked keychain and a full disk.
func (r *rig) nowhereToWrite() {
	r.store.fail(store.ErrLocked)
	r.notes.trouble(nil, errors.New("disk full"))
}

func TestADisconnectionThatNobodyWaitsForIsCarriedOut(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowDel = 5 * time.Second
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.m.Disconnect(short, "work")
		r.wantCode(err, CodeTimeout)
		r.pass(time.Minute)
		if r.provider.revoked != 1 || r.stored() != nil {
			t.Fatalf("revoked %d times, in the keychain %v", r.provider.revoked, r.stored())
		}
	})
}

// What a request brings that was under way is revoked like the grant that it was made for:
// to a provider that rotates, that one's refresh token is spent.
func TestWhatARefreshBringsAfterADisconnectionIsRevokedToo(t *testing.T) {
	for name, then := range map[string]struct {
		err  error
		gone []string
	}{"a token": {nil, []string{"refresh-1", "refresh-2"}}, "nothing": {failure(refusal.Dead, "invalid_grant"), []string{"refresh-1"}}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.slow, r.provider.answers = 10*time.Second, []error{then.err} })
				go r.m.Refresh(t.Context(), "work")
				r.pass(time.Second)
				if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
					t.Fatal(err)
				}
				r.pass(time.Minute)
				r.wantState(Disconnected, ReasonNone)
				if r.stored() != nil || !slices.Equal(r.provider.gone, then.gone) {
					t.Errorf("revoked %q, in the keychain %v", r.provider.gone, r.stored())
				}
			})
		})
	}
}

// Until then the record says that it was given up, also to the next process.
func TestWhatWasGivenUpStaysInTheRecordWhileARefreshOfItIsUnderWay(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	a := providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}
	m.recordRead(now, firstGrant(providers.Result{Answer: a}, 1, false), nil)
	m.start(now, Want{})
	m.storeChecked(now, nil)
	m.disconnect(now)
	for range 10 {
		for _, e := range m.effects() {
			switch e.kind {
			case saveRecord:
				m.saved(now, e.grant.Generation, nil)
			case eraseRecord:
				m.erased(now, nil)
			case revokeGrant:
				m.revoked(now, nil)
			case saveNote, clearNote:
				m.noteDone(now, e.kind, e.note, nil)
			}
		}
	}
	if m.store.held == nil && m.store.note == nil {
		t.Error("nothing says any more that it was given up")
	}
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
			t.Fatalf("%d grants were revoked", r.provider.revoked)
		}
	})
}

// What could not be read cannot be revoked, and nobody is told that it was.
func TestAGrantInALockedKeychainIsRevokedOnceItOpens(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		if _, err := r.m.Disconnect(t.Context(), "work"); !errors.Is(err, ErrLocked) {
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
				if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
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
				if r.notes.has("work") {
					t.Fatal("the note is left behind")
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
			t.Fatal("a grant that no note covers was erased")
		}
		r.put()
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
	})
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
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

func TestALateAnswerToARemovedConnectionLeavesTheNewOneAlone(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		r.m.Remove("work")
		r.put()
		r.connect()
		r.wantState(Connected, ReasonNone)
		r.pass(30 * time.Second)
		if _, err := r.m.Status("work"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestASecondDisconnectionForgetsNoRevocation(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.nowhereToWrite()
		for range 2 {
			if _, err := r.m.Disconnect(t.Context(), "work"); !errors.Is(err, ErrNotKept) {
				t.Fatal(err)
			}
		}
		r.notes.trouble(nil, nil)
		r.store.fail(nil)
		r.pass(time.Minute)
		if r.provider.revoked != 1 {
			t.Fatalf("revoked %d, stored %v", r.provider.revoked, r.stored())
		}
	})
}

func TestTwoDisconnectionsAtOnceRevokeOnce(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		k := r.m.conns["work"]
		r.m.event(k, func(now time.Time) { k.m.disconnect(now); k.m.disconnect(now) }) // as two events with a Save between that has not returned
		r.pass(time.Minute)
		if r.provider.revoked != 1 {
			t.Fatalf("revoked %d, stored %v", r.provider.revoked, r.stored())
		}
	})
}

func TestWhatIsFoundInTheStoreIsRevokedBesideTheRest(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		r.connect()
		r.store.mu.Lock()
		r.store.err = nil // unlocked; this store cannot tell
		r.store.mu.Unlock()
		r.m.Disconnect(t.Context(), "work")
		r.pass(time.Minute)
		if r.provider.revoked != 2 {
			t.Fatalf("revoked %d of the two grants", r.provider.revoked)
		}
	})
}

type slowRevoker struct {
	*rigProvider
	slow  []time.Duration
	errs  []error
	order func(r providers.Revocation)
}

func (p *slowRevoker) Revoke(ctx context.Context, r providers.Revocation) error {
	var d time.Duration
	var err error
	p.with(func() { d, p.slow = p.slow[0], p.slow[1:]; err, p.errs = p.errs[0], p.errs[1:] })
	time.Sleep(d)
	if p.order != nil {
		p.order(r)
	}
	p.with(func() { p.revoked++ })
	return err
}

func TestADisconnectionWaitsForItsOwnRevocation(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		p := &slowRevoker{rigProvider: r.provider, slow: []time.Duration{10 * time.Second, 20 * time.Second}, errs: []error{failure(refusal.Transient, "first"), nil}}
		r.m.Put(Connection{Name: "work", Entry: r.entry, Provider: p})
		go r.m.Disconnect(context.Background(), "work")
		r.pass(time.Second)
		r.connect()
		_, err := r.m.Disconnect(t.Context(), "work")
		var n int
		p.with(func() { n = p.revoked })
		if n != 2 || err != nil {
			t.Fatalf("answered when %d of 2 were answered, with %v; stored %v", n, err, r.stored())
		}
		r.pass(time.Minute)
	})
}

func TestAnOldGrantIsNotRevokedBesideANewOneWhereThereIsOnlyOne(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		var revoked string
		p := &slowRevoker{rigProvider: r.provider, slow: make([]time.Duration, 9), errs: make([]error, 9), order: func(x providers.Revocation) { revoked = x.RefreshToken }}
		r.entry.Tokens.SingleGrant = true
		r.m.Put(Connection{Name: "work", Entry: r.entry, Provider: p})
		r.nowhereToWrite()
		r.m.Disconnect(t.Context(), "work")
		r.notes.trouble(nil, nil)
		r.store.fail(nil)
		r.connect()
		r.pass(time.Minute)
		if revoked != "" {
			t.Fatalf("%s revoked while access-2 of the same account is %s", revoked, r.status().State)
		}
	})
}

func TestSweepTakesADamagedRecordToo(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.m.Disconnect(t.Context(), "work")
		r.m.Remove("work")
		r.quit()
		r.store.fail(nil)
		r.store.Set(t.Context(), "work", []byte("{"))
		r.run()
		r.m.Sweep([]string{"work"})
		r.pass(time.Minute)
		if b, err := r.store.Get(t.Context(), "work"); err == nil {
			t.Fatalf("the keychain still holds %q", b)
		}
	})
}

func TestNothingIsRevokedBeforeANoteIsWritten(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		r.notes.trouble(nil, errors.New("disk full"))
		r.m.Disconnect(t.Context(), "work")
		r.store.fail(nil)
		r.pass(time.Second)
		if r.provider.revoked != 0 {
			t.Fatal("revoked, and no note is on disk")
		}
	})
}

// The note of a second disconnection may never be written. The sign-in after it is
// not what the first one's note is about.
func TestASignInIsNotCoveredByAnEarlierNote(t *testing.T) {
	for _, again := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("%d disconnections whose notes are not written", again), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.fail(store.ErrLocked)
				r.restart()
				r.m.Disconnect(t.Context(), "work")
				r.notes.trouble(nil, errors.New("disk full"))
				for range again {
					r.pass(time.Minute)
					r.m.Disconnect(t.Context(), "work")
				}
				r.pass(time.Minute)
				r.store.fail(nil)
				r.connect()
				r.pass(time.Minute)
				r.kill()
				r.notes.trouble(nil, nil)
				before := r.provider.revoked
				r.start()
				r.pass(time.Hour / 2)
				if r.wantState(Connected, ReasonNone); r.provider.revoked != before {
					t.Fatal("the grant that the user wants was revoked")
				}
			})
		})
	}
}

// A first sign-in may come before the keychain has said that it is empty, and a
// later process may have to disconnect before it has read what came of that.
func TestAGrantFromBeforeTheFirstReadIsCoveredByADisconnectionBeforeTheNext(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.m.Disconnect(t.Context(), "work")
		for range 3 {
			r.store.fail(store.ErrLocked)
			r.restart()
			go r.m.Adopt(context.Background(), "work", providers.Result{Answer: r.provider.issue(), Binding: rigBinding})
			r.pass(time.Second)
			r.store.fail(nil)
			r.pass(time.Minute)
			r.m.Refresh(t.Context(), "work")
			r.wantState(Connected, ReasonNone)
			r.store.fail(store.ErrLocked)
			r.restart()
			r.m.Disconnect(t.Context(), "work")
			r.store.fail(nil)
			r.pass(time.Minute)
			if r.wantState(Disconnected, ReasonNone); r.stored() != nil {
				t.Fatal("the grant that the user gave up came back to life")
			}
		}
	})
}
