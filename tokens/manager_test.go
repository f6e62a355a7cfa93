package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

func TestTheTimerRenewsAtTheBuffer(t *testing.T) {
	for _, c := range []struct{ lifetime, at time.Duration }{
		{24 * time.Hour, 24*time.Hour - 5*time.Minute},
		{time.Hour, 55 * time.Minute},
		{5 * time.Minute, 225 * time.Second},
		{time.Minute, 45 * time.Second},
		{10 * time.Second, 7500 * time.Millisecond},
		{2 * time.Second, 5 * time.Second}, // the floor: shorter lives are left to callers
	} {
		t.Run(c.lifetime.String(), func(t *testing.T) {
			inBubble(t, c.lifetime, func(t *testing.T, r *rig) {
				jitter := max(Buffer(c.lifetime)/10, time.Millisecond)
				r.pass(c.at - time.Millisecond)
				r.wantHits(0)
				r.pass(jitter + time.Millisecond)
				r.wantHits(1)
				if g := r.stored(); g.RefreshToken != "refresh-2" || g.Generation != 2 {
					t.Fatalf("the rotated refresh token is not in the store: generation %d", g.Generation)
				}
			})
		})
	}
}

func TestATokenThatNeverExpiresHasNoTimer(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, r *rig) {
		r.pass(24 * time.Hour)
		r.wantHits(0)
		if s := r.status(); !s.NeverExpires || s.ExpiresAt != nil {
			t.Fatalf("status gives an expiry: %+v", s)
		}
		r.pass(7 * 24 * time.Hour) // but its refresh token is kept alive
		r.wantHits(1)
	})
}

func TestOnDemandIsLeftToCallersButKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.config.Refresh = "on-demand"
		r.entry.Tokens.RefreshIdle = "10d"
		r.start()
		defer r.quit()
		r.connect()
		r.pass(48 * time.Hour)
		r.wantHits(0)
		if r.token() != "access-2" {
			t.Fatal("a caller did not renew")
		}
		r.pass(5*24*time.Hour + time.Minute)
		r.wantHits(2)
	})
}

func TestAnExpiredTokenIsNeverHandedOut(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "http_503") })
		r.pass(59*time.Minute + 45*time.Second)
		if tok, err := r.ask(Want{MinValid: time.Second}); err != nil || tok.MinValidMet != nil {
			t.Fatalf("the old token is good for what was asked, but: %v", err)
		}
		if tok, err := r.ask(Want{}); err != nil || tok.MinValidMet == nil { // fifteen seconds are left: less than a caller wants
			t.Fatalf("the old token is all there is: %v", err)
		}
		r.pass(time.Minute)
		_, err := r.ask(Want{MinValid: time.Nanosecond})
		r.wantCode(err, CodeTemporarilyUnavailable)
		r.wantState(Retrying, ReasonProviderTrouble)
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

func TestManyCallersAtExpiryMakeOneRequest(t *testing.T) {
	for _, n := range []int{64, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.slow = 3 * time.Second })
				r.clock.jump(time.Hour)
				var callers sync.WaitGroup
				for range n {
					callers.Go(func() {
						if tok, err := r.ask(Want{}); err != nil || tok.AccessToken != "access-2" {
							t.Errorf("got %s, %v", tok.AccessToken, err)
						}
					})
				}
				callers.Wait()
				r.wantHits(1)
			})
		})
	}
}

func TestManyRejectionsOfOneTokenMakeOneRequest(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(time.Minute)
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() {
				if tok, err := r.reject("access-1"); err != nil || tok.AccessToken != "access-2" {
					t.Errorf("got %s, %v", tok.AccessToken, err)
				}
			})
		}
		callers.Wait()
		r.wantHits(1)
	})
}

func TestACallerThatGivesUpCancelsNothingForOthers(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 3 * time.Second })
		r.clock.jump(time.Hour)
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := r.m.Token(impatient, "work", Want{})
			r.wantCode(err, CodeTimeout)
		})
		callers.Go(func() {
			if tok, err := r.ask(Want{}); err != nil || tok.AccessToken != "access-2" {
				t.Errorf("the patient caller got %s, %v", tok.AccessToken, err)
			}
		})
		callers.Wait()
		r.wantHits(1)
	})
}

func TestAGoodTokenIsServedWhileARefreshIsSlow(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(55*time.Minute + 20*time.Second) // the refresh is under way
		before := time.Now()
		if got := r.token(); got != "access-1" {
			t.Fatalf("got %s", got)
		}
		if waited := time.Since(before); waited != 0 {
			t.Fatalf("a caller waited %s for a token that was in memory", waited)
		}
	})
}

func TestARejectedTokenIsRenewedOnceAndThenItIsTheTool(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.pass(time.Minute)
		tok, err := r.reject("access-1")
		if err != nil || tok.AccessToken != "access-2" {
			t.Fatalf("got %s, %v", tok.AccessToken, err)
		}
		for range 5 {
			r.pass(30 * time.Second)
			_, err = r.reject("access-2")
			r.wantCode(err, CodeRejectedAgain)
		}
		if tok, err = r.reject("access-1"); err != nil || tok.AccessToken != "access-2" {
			t.Fatalf("an older token was not answered with the present one: %v", err)
		}
		r.wantHits(1)
		r.pass(5 * time.Minute)
		if tok, err = r.reject("access-2"); err != nil || tok.AccessToken != "access-3" {
			t.Fatalf("much later, a refusal renews again: %s, %v", tok.AccessToken, err)
		}
	})
}

func TestWithoutRefreshTokenOnlyTheProvidersWordTwiceIsAVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.provider.refreshable = false
		r.provider.liveness = providers.Alive
		r.start()
		defer r.quit()
		r.connect()
		_, err := r.reject("access-1")
		r.wantCode(err, CodeRejectedAgain)
		r.pass(time.Minute)
		r.provider.with(func() { r.provider.liveness = providers.Unclear })
		_, err = r.reject("access-1")
		r.wantCode(err, CodeTemporarilyUnavailable)
		r.wantState(Connected, ReasonNone)
		r.pass(time.Minute)
		r.provider.with(func() { r.provider.liveness = providers.DeadToken })
		_, err = r.reject("access-1")
		r.wantCode(err, CodeReconnectRequired)
		r.wantState(ReconnectRequired, ReasonTokenRejected)
		if r.provider.probes != 6 { // one that was alive, three unclear ones for a caller with 30 s, two that were dead
			t.Fatalf("%d probes", r.provider.probes)
		}
	})
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

func TestALostAnswerIsTriedOnceSoonThenNamedAsTheReason(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		lost := &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Detail: "The connection broke."}
		r.provider.with(func() { r.provider.answers = []error{lost, failure(refusal.Dead, "invalid_grant")} })
		r.pass(55 * time.Minute)
		r.wantHits(0)
		r.pass(30*time.Second + 4*time.Second) // the timer's jitter, and the quick retry
		r.wantHits(2)
		r.wantState(ReconnectRequired, ReasonAnswerLost)
	})
}

// A process that dies with a request under way leaves a grant that is due: the
// next one sends the same refresh token again, which providers take for seconds.
func TestAnAnswerLostWithTheProcessIsAskedForAgainAtOnce(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.kill()
		r.provider.with(func() { r.provider.slow = 0 })
		r.start()
		r.wantHits(2)
		r.wantState(Connected, ReasonNone)
	})
}

func TestALostAnswerIsRememberedWhateverFailsAfterIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		lost := &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Detail: "The connection broke."}
		r.provider.with(func() { r.provider.answers = []error{lost, failure(refusal.Transient, "network")} })
		r.pass(55*time.Minute + 20*time.Second)
		r.wantHits(2)
		r.wantState(Retrying, ReasonProviderTrouble)
		r.provider.with(func() { r.provider.answers = []error{failure(refusal.Dead, "invalid_grant")} })
		r.pass(time.Minute)
		r.wantHits(3)
		r.wantState(ReconnectRequired, ReasonAnswerLost)
	})
}

func TestBackOffDoublesToFiveMinutesAndObeysRetryAfter(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "http_500") })
		r.pass(24*time.Hour - 4*time.Minute)
		r.provider.with(func() { r.provider.hits = 0 })
		r.pass(2 * time.Hour)
		if n := r.provider.count(); n < 20 || n > 31 {
			t.Fatalf("%d tries in two hours, want one about every five minutes", n)
		}
		slow := failure(refusal.Transient, "http_429")
		slow.RetryAfter = 40 * time.Minute
		r.provider.with(func() { r.provider.always, r.provider.hits = slow, 0 })
		r.pass(2 * time.Hour)
		if n := r.provider.count(); n < 3 || n > 4 {
			t.Fatalf("%d tries in two hours with Retry-After of 40 minutes", n)
		}
		r.provider.with(func() { r.provider.always, r.provider.hits = nil, 0 })
		if _, err := r.m.Refresh(t.Context(), "work"); err != nil {
			t.Fatalf("the user asked, and Retry-After still held: %v", err)
		}
	})
}

func TestFiveUnknownRefusalsParkTheGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") })
		r.pass(55*time.Minute + 30*time.Second)
		r.wantState(Retrying, ReasonUnclearRefusal)
		if d := r.status().Detail; !strings.Contains(d, "reconnecting would help") {
			t.Fatalf("from the first on: %q", d)
		}
		r.pass(10*time.Minute + 30*time.Second)
		r.wantHits(4)
		r.wantState(Retrying, ReasonUnclearRefusal)
		r.pass(30 * time.Minute)
		r.wantHits(5)
		r.wantState(ReconnectRequired, ReasonRefused)
		if g := r.stored(); g.RefreshToken != "refresh-1" || !g.parked() {
			t.Fatalf("the record is %+v", *g)
		}
		r.pass(48 * time.Hour)
		r.restart()
		r.pass(48 * time.Hour)
		r.wantState(ReconnectRequired, ReasonRefused)
		r.wantHits(5)
	})
}

// parked is a connection whose refresh was refused five times in words that
// nobody knows.
func parked(t *testing.T, f func(t *testing.T, r *rig)) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") })
		r.m.Refresh(t.Context(), "work")
		r.pass(41 * time.Minute)
		r.wantHits(5)
		r.wantState(ReconnectRequired, ReasonRefused)
		r.m.Announced("work")
		f(t, r)
	})
}

func TestAParkedGrantServesItsTokenWhileItIsGood(t *testing.T) {
	parked(t, func(t *testing.T, r *rig) {
		for range 2 {
			if got := r.token(); got != "access-1" {
				t.Fatalf("got %s", got)
			}
			_, err := r.reject("access-1")
			r.wantCode(err, CodeReconnectRequired)
			r.restart()
		}
		r.pass(24 * time.Hour)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeReconnectRequired)
		r.wantHits(5)
		if r.status().Announce {
			t.Fatal("told twice")
		}
	})
}

func TestAParkedGrantIsSentOnceWhenTheUserAsks(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		state  State
		reason Reason
	}{
		"taken":           {nil, Connected, ReasonNone},
		"strange again":   {failure(refusal.Suspect, "strange"), ReconnectRequired, ReasonRefused},
		"out of reach":    {failure(refusal.Transient, "network"), ReconnectRequired, ReasonRefused},
		"misconfigured":   {failure(refusal.Misconfigured, "invalid_client"), ReconnectRequired, ReasonRefused},
		"refused for now": {failure(refusal.RefusedForNow, "invalid_grant"), ReconnectRequired, ReasonRefused},
		"dead":            {failure(refusal.Dead, "invalid_grant"), ReconnectRequired, ReasonRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			parked(t, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.always = c.err })
				r.restart()
				_, err := r.m.Refresh(t.Context(), "work")
				r.wantState(c.state, c.reason)
				if (err == nil) != (c.state == Connected) {
					t.Fatalf("the refresh says %v", err)
				}
				r.pass(time.Hour)
				r.wantHits(6)
				if g := r.stored(); g.parked() != (c.reason == ReasonRefused) {
					t.Fatalf("the record is %+v", *g)
				}
			})
		})
	}
	t.Run("locked keychain", func(t *testing.T) {
		parked(t, func(t *testing.T, r *rig) {
			r.store.fail(store.ErrLocked)
			_, err := r.m.Refresh(t.Context(), "work")
			r.wantCode(err, CodeReconnectRequired)
			r.store.fail(nil)
			r.pass(time.Hour)
			r.wantHits(5) // not by the timer that waits for the keychain
			r.wantState(ReconnectRequired, ReasonRefused)
		})
	})
}

func TestAParkedGrantIsReplacedByASignIn(t *testing.T) {
	parked(t, func(t *testing.T, r *rig) {
		r.connect()
		r.restart()
		r.wantState(Connected, ReasonNone)
		if g := r.stored(); g.End != nil || g.RefreshToken != "refresh-2" {
			t.Fatalf("the record is %+v", *g)
		}
	})
}

func TestARefusalByAPassingPolicyKeepsTheGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		policy := failure(refusal.RefusedForNow, "invalid_grant")
		policy.Detail = "Provider refuses renewals from this network."
		r.provider.with(func() { r.provider.always = policy })
		r.pass(55*time.Minute + 20*time.Second)
		r.wantState(Retrying, ReasonRefusedForNow)
		if d := r.status().Detail; !strings.Contains(d, "from this network") {
			t.Fatal(d)
		}
		r.token() // still good
		r.pass(3 * time.Hour)
		r.wantHits(4) // hourly
		for range 5 {
			r.m.NetworkBack()
		}
		r.pass(11 * time.Second)
		r.wantHits(5) // on another network, but once for a burst
		r.m.Refresh(t.Context(), "work")
		r.wantHits(6)
		r.provider.with(func() { r.provider.always = nil })
		r.m.NetworkBack()
		r.pass(11 * time.Second)
		r.wantState(Connected, ReasonNone)
		if g := r.stored(); !g.RefusedSince.IsZero() {
			t.Fatalf("the record is %+v", *g)
		}
	})
}

func TestARefusalByAPassingPolicyIsToldOnceAfterADay(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.RefusedForNow, "invalid_grant") })
		r.pass(56 * time.Minute)
		told := 0
		for range 60 {
			r.pass(time.Hour)
			if r.status().Announce {
				if told++; r.status().State != Retrying {
					t.Fatal(r.status().State)
				}
				r.m.Announced("work")
			}
			r.restart()
			if r.provider.count() < 24 && told > 0 {
				t.Fatal("told before the day is over")
			}
		}
		if told != 1 {
			t.Fatalf("told %d times", told)
		}
	})
}

func TestAMisconfigurationKeepsTheTokensAndLooksAgain(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Misconfigured, "invalid_client") })
		r.pass(56 * time.Minute)
		r.wantState(Misconfigured, ReasonClientRefused)
		r.token() // still good
		r.pass(10 * time.Minute)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeMisconfigured)
		r.wantHits(1)
		if r.stored() == nil {
			t.Fatal("the grant was erased")
		}
		r.pass(time.Hour)
		r.wantHits(2)
		r.provider.with(func() { r.provider.always = nil })
		r.put() // the configuration changed
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestATokenHostThatMovedIsSentNothingAndTheGrantReturnsWithItsAddress(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.binding.Origins = []string{"https://elsewhere.example"} })
		r.put()
		r.pass(time.Second)
		r.wantState(ReconnectRequired, ReasonEndpointsChanged)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeReconnectRequired)
		r.pass(24 * time.Hour)
		r.wantHits(0)
		r.provider.with(func() { r.provider.binding = rigBinding })
		r.put()
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
		if r.token() != "access-2" {
			t.Fatal("the grant did not come back with the configuration")
		}
	})
}

func TestThatTheConfigurationIsBackIsSeenLaterWhereItCouldNotBeToldAtOnce(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.binding.Origins = []string{"https://elsewhere.example"} })
		r.put()
		r.pass(time.Second)
		r.wantState(ReconnectRequired, ReasonEndpointsChanged)
		r.provider.with(func() { r.provider.binding = rigBinding }) // and nobody says so
		r.pass(mendRetry)
		r.wantState(Connected, ReasonNone)
	})
}

func TestABrokenFileKeepsTheGrantAndServesItWhileGood(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.m.Put(Connection{Name: "work", Entry: r.entry, Broken: fmt.Errorf("connections/work.toml:3: unknown field \"scope\"")})
		r.wantState(Misconfigured, ReasonConfiguration)
		r.token()
		r.pass(2 * time.Hour)
		_, err := r.ask(Want{})
		r.wantCode(err, CodeMisconfigured)
		r.wantHits(0)
		r.put()
		r.token()
		r.wantState(Connected, ReasonNone)
	})
}

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

func TestANarrowerTokenIsKeptBesideTheGrant(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprintf("keeps the refresh token: %t", keeps), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.narrowKeeps = keeps
				tok, err := r.ask(Want{Scopes: []string{"read"}})
				if err != nil || tok.AccessToken != "access-2" {
					t.Fatalf("got %s, %v", tok.AccessToken, err)
				}
				if again, _ := r.ask(Want{Scopes: []string{"read"}}); again.AccessToken != "access-2" {
					t.Fatal("not cached")
				}
				r.wantHits(1)
				if r.token() != "access-1" {
					t.Fatal("the grant's own token changed")
				}
				if g := r.stored(); !keeps && g.RefreshToken != "refresh-2" || keeps && g.RefreshToken != "refresh-1" {
					t.Fatal("the store does not hold the present refresh token")
				}
				r.pass(56 * time.Minute)
				r.wantState(Connected, ReasonNone)
			})
		})
	}
}

func TestAProviderThatDoesNotGiveLessLeavesTheGrantAlone(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.answers = []error{failure(refusal.Misconfigured, "invalid_scope")} })
		_, err := r.ask(Want{Scopes: []string{"admin"}})
		r.wantCode(err, CodeBadRequest)
		r.wantState(Connected, ReasonNone)
		r.token()
	})
}

func TestAfterANarrowerTokenTheGrantsOwnIsAskedForWithAllItsScopes(t *testing.T) {
	for name, refuses := range map[string]bool{"taken": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.adopt("read", "write")
				if _, err := r.ask(Want{Scopes: []string{"read"}}); err != nil {
					t.Fatal(err)
				}
				if refuses {
					r.provider.with(func() { r.provider.answers = []error{failure(refusal.Misconfigured, "invalid_scope")} })
				}
				if _, err := r.m.Refresh(t.Context(), "work"); err != nil {
					t.Fatal(err)
				}
				r.wantState(Connected, ReasonNone)
				want := []string{"read", "read write"}
				if refuses {
					want = append(want, "") // then without any: what there is
				}
				if got := r.provider.askedScopes(); !slices.Equal(got, want) {
					t.Fatalf("the scopes asked for are %q, want %q", got, want)
				}
				if _, err := r.m.Refresh(t.Context(), "work"); err != nil {
					t.Fatal(err)
				}
				if got := r.provider.askedScopes(); got[len(got)-1] != "" {
					t.Fatalf("asked for %q for ever", got)
				}
			})
		})
	}
}

func TestAProviderThatIgnoresTheScopesAskedForGivesNobodyMoreThanTheyAsked(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.ignores = []string{"read", "write"} })
		if _, err := r.m.Refresh(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		before := r.token()
		_, err := r.ask(Want{Scopes: []string{"read"}})
		r.wantCode(err, CodeBadRequest)
		after := r.token()
		if after == before || r.stored().AccessToken != after {
			t.Fatal("the token that came all the same is not the grant's own")
		}
		_, err = r.ask(Want{Scopes: []string{"read"}})
		r.wantCode(err, CodeBadRequest)
		r.wantHits(2) // the user's, and one for less: not one for each caller
		r.wantState(Connected, ReasonNone)
	})
}

func TestAFlowLiesOverTheStateAndTheOldTokenIsServed(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.m.FlowStarted("work")
		r.wantState(Connecting, ReasonNone)
		r.token()
		r.m.FlowEnded("work", fmt.Errorf("access was denied in the browser"))
		r.wantState(Connected, ReasonNone)
		if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		r.m.FlowStarted("work")
		_, err := r.ask(Want{})
		r.wantCode(err, CodeConnecting)
	})
}

func TestASlowAnswerNeverReplacesANewerGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(55*time.Minute + 20*time.Second)
		r.connect() // access-2, while the refresh is under way
		r.pass(time.Minute)
		if got := r.token(); got != "access-2" {
			t.Fatalf("got %s", got)
		}
		if g := r.stored(); g.AccessToken != "access-2" {
			t.Fatalf("the store holds %s", g.AccessToken)
		}
	})
}

func TestUnknownConnection(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		_, err := r.m.Token(t.Context(), "nobody", Want{})
		r.wantCode(err, CodeUnknownConnection)
	})
}

func TestWhatTheConfigurationSaysStandsWhenALateAnswerComes(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 3 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.provider.with(func() { r.provider.binding.Origins = []string{"https://elsewhere.example"} })
		r.put()
		r.pass(10 * time.Second)
		r.wantState(ReconnectRequired, ReasonEndpointsChanged)
		if g := r.stored(); g.RefreshToken != "refresh-2" {
			t.Fatalf("the rotated refresh token is lost: %s", g.RefreshToken)
		}
		r.provider.with(func() { r.provider.binding = rigBinding })
		r.put()
		r.pass(time.Second)
		r.wantState(Connected, ReasonNone)
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

func TestARejectionWhileTheConfigurationIsBrokenHangsNobody(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable, r.provider.liveness = false, providers.Alive })
		r.connect()
		r.quit()
		r.run()
		r.m.Put(Connection{Name: "work", Entry: r.entry, Broken: errors.New("x")})
		r.pass(time.Second)
		r.reject("access-2")
		r.put()
		r.pass(time.Minute)
		_, err := r.reject("access-2")
		r.wantCode(err, CodeRejectedAgain)
	})
}

func TestALateAnswerBelongsToItsGeneration(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	answer := func(n string) providers.Answer {
		return providers.Answer{AccessToken: "a" + n, RefreshToken: "r" + n, ExpiresIn: time.Hour, SentAt: now}
	}
	sent := func() *machine {
		m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
		m.recordRead(now, firstGrant(providers.Result{Answer: answer("1")}, 1, false), nil)
		m.start(now, Want{})
		m.storeChecked(now, nil)
		m.connect(now, firstGrant(providers.Result{Answer: answer("2")}, m.generation(now)+1, false))
		return m
	}
	m := sent()
	m.answered(now, 1, answer("late"), nil)
	if m.next.AccessToken != "a2" {
		t.Error("the late answer took the place of what the user brought")
	}
	m = sent()
	m.saved(now, 2, nil)
	m.start(now, Want{})
	m.storeChecked(now, nil)
	m.answered(now, 1, answer("late"), nil)
	if m.next != nil {
		t.Error("a late answer of generation 1 is on its way to the store over generation 2")
	}
}

func TestAProbeHurriesNoRetry(t *testing.T) {
	inBubble(t, 3*time.Hour, func(t *testing.T, r *rig) {
		r.config.Probe = "on"
		r.put()
		r.provider.with(func() {
			r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: time.Hour}
		})
		r.m.Refresh(t.Context(), "work")
		r.wantHits(1)
		r.provider.with(func() { r.provider.liveness = providers.DeadToken })
		r.resume() // asks soon whether the token is good
		r.provider.with(func() { r.provider.probes = 0 })
		r.m.event(r.m.conns["work"], func(now time.Time) { r.m.conns["work"].m.retryAt = now.Add(time.Hour) })
		r.pass(time.Minute)
		if r.provider.probes == 0 {
			t.Fatal("nobody asked")
		}
		r.wantHits(1)
	})
}

func TestOnlyTheFirstLostAnswerIsAskedForAgainSoon(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true}
		})
		r.pass(56 * time.Minute)
		hits := r.provider.count()
		r.pass(20 * time.Minute)
		if more := r.provider.count() - hits; more > 6 {
			t.Fatalf("%d requests in 20 minutes", more)
		}
	})
}

// A probe that is due while a refresh is slow must not keep the timer awake.
func TestNothingIsDueWhileARefreshIsUnderWay(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P", probe: true, canProbe: true}, nil, func() float64 { return .5 })
	m.recordRead(now, firstGrant(providers.Result{Answer: providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}}, 1, false), nil)
	m.start(now, Want{})
	now = now.Add(3 * time.Hour)
	if at := m.due(); !at.IsZero() && !now.Before(at) {
		t.Fatalf("due since %s, and tick does nothing about it", now.Sub(at))
	}
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

func TestANetworkThatIsBackIsUsedAtOnce(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "network"} })
		r.pass(90 * time.Minute)
		r.wantState(Retrying, ReasonNetwork)
		r.provider.with(func() { r.provider.always = nil })
		for range 5 {
			r.m.NetworkBack()
		}
		r.pass(3 * time.Second)
		r.wantState(Connected, ReasonNone)
	})
}

func TestANetworkThatIsBackHurriesNoProvider(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: time.Hour}
		})
		r.pass(56 * time.Minute)
		hits := r.provider.count()
		for range 5 {
			r.m.NetworkBack()
			r.pass(10 * time.Second)
		}
		r.wantHits(hits)
	})
}
