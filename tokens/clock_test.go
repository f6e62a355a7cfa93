package tokens

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// A machine may start with its clock in another time zone, until the network
// tells it better.
func TestAClockThatIsWrongForAMinuteEndsNoGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable = false })
		r.connect()
		r.clock.jump(2 * time.Hour)
		r.pass(40 * time.Second)
		r.wantState(ReconnectRequired, ReasonExpired)
		r.clock.jump(-2 * time.Hour)
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		r.token()
		r.pass(time.Hour)
		r.wantState(ReconnectRequired, ReasonExpired)
		r.m.Announced("work")
		r.pass(2 * day)
		if r.stored().AccessToken != "" {
			t.Fatal("two days after its end the token is still in the keychain")
		}
		if r.wantState(ReconnectRequired, ReasonExpired); r.status().Announce {
			t.Fatal("told twice")
		}
	})
}

func TestAClockSetBackBeforeTheRecordIsReadMakesNoTokenYounger(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(20 * time.Minute)
		r.store.fail(store.ErrLocked)
		r.restart()
		r.pass(time.Minute)
		r.clock.jump(-20 * time.Minute)
		r.pass(time.Minute)
		r.store.fail(nil)
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "http_503") })
		r.pass(40 * time.Minute) // it is 62 minutes old
		_, err := r.ask(Want{})
		r.wantCode(err, CodeTemporarilyUnavailable)
	})
}

func TestAClockSetBackDuringASaveReachesTheStore(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	m.effects()
	m.recordRead(now, nil, store.ErrAbsent)
	m.connect(now, firstGrant(providers.Result{Answer: providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}}, 1, false))
	disk := m.effects()[0].grant
	now = now.Add(-40 * time.Minute)
	m.shift(now, -40*time.Minute, false)
	m.saved(now, 1, nil)
	m.tick(now)
	for _, e := range m.effects() {
		if e.kind == saveRecord {
			disk = e.grant
		}
	}
	if !disk.ExpiresAt.Equal(m.served.ExpiresAt) {
		t.Fatalf("the keychain says that the token ends at %s, memory at %s", disk.ExpiresAt, m.served.ExpiresAt)
	}
}

func TestAClockSetBackMovesTheNextTryWithIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Misconfigured, "invalid_client") })
		r.pass(56 * time.Minute)
		r.wantHits(1)
		r.clock.jump(-10 * time.Hour)
		r.pass(61 * time.Minute)
		r.wantHits(2)
	})
}

func TestTheFirstCallerAfterASuspendIsNotHeldByARequestFromBeforeIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = time.Hour }) // its connection does not outlive the suspend
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.provider.with(func() { r.provider.slow = 0 })
		r.clock.jump(8 * time.Hour)
		before := time.Now()
		if got := r.token(); got != "access-2" {
			t.Fatalf("got %s", got)
		}
		if waited := time.Since(before); waited > 8*time.Second { // three, and a repetition within four
			t.Errorf("waited %s", waited)
		}
		r.wantHits(2)
	})
}

func TestAfterASuspendWhatBackedOffIsTriedByItself(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Misconfigured, "invalid_client") })
		r.pass(56 * time.Minute)
		r.wantHits(1)
		r.provider.with(func() { r.provider.always = nil })
		r.clock.jump(40 * time.Minute) // less than the hour to the next try
		r.pass(40 * time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

// Some providers state with each answer how long the refresh token lasts.
func TestTheRefreshTokensOwnEndIsKeptFromComing(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.config.Refresh = "on-demand"
		r.put()
		r.provider.with(func() { r.provider.refreshEnds = 20 * time.Hour })
		r.connect()
		r.pass(10*time.Hour + time.Minute) // half of it
		r.wantHits(1)
		r.pass(10 * time.Hour)
		r.wantHits(2)
	})
}

func TestAGrantThatOutlivedItsRefreshTokenSaysWhy(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshEnds = 20 * time.Hour })
		r.connect()
		r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
		r.clock.jump(30 * time.Hour) // a long sleep
		r.pass(time.Minute)
		r.wantState(ReconnectRequired, ReasonIdleLimit)
	})
}

func TestAClockSetBackMovesTheRefreshTokensOwnEnd(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.config.Refresh = "on-demand"
		r.put()
		r.provider.with(func() { r.provider.refreshEnds = 20 * time.Hour })
		r.connect()
		r.pass(time.Minute)
		r.clock.jump(-5 * time.Hour)
		r.pass(10*time.Hour + time.Minute) // half of it
		r.wantHits(1)
	})
}

// The grant is written again with its new times, which is nothing to tell.
func TestAClockSetBackIsNoTroubleWithTheKeychain(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.clock.jump(-time.Minute)
		if r.status().Unsaved {
			t.Fatal("the user is told that the keychain did not take the token")
		}
		synctest.Wait() // for the write
		r.store.fail(store.ErrLocked)
		r.clock.jump(-time.Minute)
		r.status() // sees the step, and has the record written again
		r.pass(time.Second)
		if !r.status().Unsaved {
			t.Fatal("the user is not told")
		}
	})
}

// subscriber knows the states that it was told of.
type subscriber struct {
	r    *rig
	sub  *Subscription
	last Status
}

func (s *subscriber) see() Status {
	for _, name := range s.r.told(s.sub) {
		s.last, _ = s.r.m.Status(name)
	}
	return s.last
}

// told takes the names that a subscription holds.
func (r *rig) told(s *Subscription) []string {
	r.t.Helper()
	if len(s.changed) == 0 {
		return nil
	}
	names, err := s.Wait(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return names
}

func TestAnEndDuringASuspendIsPublished(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable = false })
		s := &subscriber{r: r, sub: r.m.Subscribe()}
		defer s.sub.Stop()
		r.connect()
		s.see()
		r.clock.jump(8 * time.Hour) // a night
		r.pass(12 * time.Hour)
		if got := s.see(); got.State != r.status().State {
			t.Fatalf("subscribers see %s, it is %s", got.State, r.status().State)
		}
	})
}

func TestAnEndThatIsUndoneIsPublished(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable = false })
		s := &subscriber{r: r, sub: r.m.Subscribe()}
		defer s.sub.Stop()
		r.connect()
		r.clock.jump(2 * time.Hour)
		r.pass(40 * time.Second)
		r.resume()
		if got := s.see(); got.State != ReconnectRequired {
			t.Fatal(got.State)
		}
		r.m.Announced("work")
		r.pass(time.Second)
		s.see()
		r.clock.jump(-2 * time.Hour)
		r.status()
		r.pass(40 * time.Minute)
		if got := s.see(); got.State != r.status().State {
			t.Fatalf("subscribers see %s, it is %s", got.State, r.status().State)
		}
	})
}

func TestAClockThatIsWrongForAMinuteShortensNoToken(t *testing.T) {
	inBubble(t, 10*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable = false })
		r.connect()
		r.clock.jump(2 * time.Hour)
		r.status()
		r.pass(40 * time.Second)
		r.clock.jump(-2 * time.Hour)
		r.status()
		r.pass(9 * time.Hour)
		r.wantState(Connected, ReasonNone)
	})
}

func TestATokenObtainedByAClockThatWasAheadIsNotServedLater(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.clock.jump(2 * time.Hour)
		r.token() // renewed
		r.quit()
		r.clock.jump(-2 * time.Hour)
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "http_503") })
		r.start()
		r.pass(130 * time.Minute) // by its own times it would be good now
		_, err := r.ask(Want{})
		r.wantCode(err, CodeTemporarilyUnavailable)
		r.provider.with(func() { r.provider.always = nil })
		r.pass(6 * time.Minute)
		r.wantState(Connected, ReasonNone)
	})
}

func TestAClockSetBackDuringARequestMakesItsAnswerNoYounger(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 10 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.provider.with(func() { r.provider.stamp = r.clock.Now() }) // as of when it was sent
		r.clock.jump(-30 * time.Minute)
		r.pass(10 * time.Second)
		if age := r.clock.Now().Sub(*r.status().RefreshedAt); age < 0 || age > time.Minute {
			t.Fatalf("the new token seems %s old", age)
		}
	})
}

// TestClockStepsUndoALeapOnce: the clock is put right once; a second step back of
// about the same size makes every token younger by as much.
func TestClockStepsUndoALeapOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &rigClock{start: time.Now()}
		c := clockSteps{clock: clock}
		c.measure()
		for _, s := range []struct {
			step   time.Duration
			undone bool
		}{{time.Hour, false}, {-time.Hour, true}, {-57 * time.Minute, false}} {
			clock.jump(s.step)
			time.Sleep(time.Second)
			if _, step, undone := c.measure(); step != s.step || undone != s.undone {
				t.Errorf("a step of %v is seen as %v, undone %t", s.step, step, undone)
			}
		}
	})
}

func TestSuspendOfEightHoursThenTheFirstCallerGetsAFreshToken(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.clock.jump(8 * time.Hour)
		if got := r.token(); got != "access-2" {
			t.Fatalf("got %s after the suspend", got)
		}
		r.wantHits(1)
	})
}

func TestAfterSuspendTheTimerLooksWithinHalfAMinute(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.clock.jump(8 * time.Hour)
		r.pass(30 * time.Second)
		r.wantHits(1)
	})
}

func TestWhereJumpsAreToldOfNobodyLooksForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.clock.jumped = make(chan struct{}, 1)
		r.start()
		defer r.quit()
		r.connect()
		r.pass(5 * time.Minute)
		before := r.clock.waited()
		r.pass(40 * time.Minute)
		if waits := r.clock.waited() - before; waits > 5 {
			t.Errorf("it was woken %d times in 40 minutes", waits)
		}
		r.clock.jump(8 * time.Hour)
		synctest.Wait()
		r.pass(0)
		r.wantHits(1)
		r.pass(56 * time.Minute)
		r.wantHits(2)
	})
}

func TestResumeTriesAtOnceWhatBackedOff(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "network") })
		r.pass(3 * time.Hour)
		r.provider.with(func() { r.provider.always = nil })
		r.clock.jump(time.Hour)
		r.resume()
		r.pass(3 * time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestAClockSetBackMakesNoTokenYounger(t *testing.T) {
	for _, back := range []time.Duration{10 * time.Minute, 50 * time.Minute, 30 * 24 * time.Hour} {
		t.Run(back.String(), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.pass(40 * time.Minute)
				r.clock.jump(-back)
				r.pass(14 * time.Minute)
				r.wantHits(0)
				r.pass(2 * time.Minute) // minute 55 of the token's life, whatever the wall says
				r.wantHits(1)
			})
		})
	}
}

func TestAClockSetBackIsRememberedOverARestart(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(40 * time.Minute)
		r.clock.jump(-30 * time.Minute)
		r.pass(time.Minute)
		r.restart()
		r.pass(20 * time.Minute) // 61 minutes old
		if got := r.token(); got == "access-1" {
			t.Fatal("an expired token was handed out after the clock was set back and the process restarted")
		}
	})
}

func TestAClockSetForwardAndBackRenewsAndGoesOn(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.clock.jump(24 * time.Hour)
		r.pass(time.Minute)
		r.clock.jump(-24 * time.Hour)
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		r.token()
		r.pass(3 * time.Hour)
		r.token()
	})
}

// A machine without a battery for its clock starts in 1970, where no certificate is
// valid yet, until the network tells it the time.
func TestStartIn1970KeepsTheGrantUntilTheClockIsRight(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(40 * time.Minute)
		r.quit()
		boot := time.Since(time.Date(1970, 1, 1, 0, 0, 10, 0, time.UTC))
		r.clock.jump(-boot)
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "tls") })
		r.start()
		r.pass(30 * time.Minute)
		r.stored()
		if s := r.status(); s.State != Connected && s.State != Retrying {
			t.Fatalf("in 1970 it is %s", s.State)
		}
		r.provider.with(func() { r.provider.always = nil })
		r.clock.jump(boot + time.Hour)
		r.m.NetworkBack()
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		if got := r.token(); got == "access-1" {
			t.Fatal("a token that has expired is handed out")
		}
		r.pass(3 * time.Hour)
		r.wantState(Connected, ReasonNone)
	})
}
