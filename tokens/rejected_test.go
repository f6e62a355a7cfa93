package tokens

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// A 401 within 10 s of a sign-in or of the timer's renewal was taken for the tool's fault.
func TestARejectionIsBelievedHoweverYoungTheTokenIs(t *testing.T) {
	for name, brought := range map[string]func(r *rig){
		"by a sign-in":      func(r *rig) {},
		"by the timer":      func(r *rig) { r.pass(55*time.Minute + 30*time.Second) },
		"by the user":       func(r *rig) { r.pass(time.Minute); r.m.Refresh(r.t.Context(), "work") },
		"by an early asker": func(r *rig) { r.pass(31 * time.Minute); r.ask(Want{MinValid: 30 * time.Minute}) },
		"by the one before": func(r *rig) { r.pass(time.Minute); r.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				brought(r)
				hits, old := r.provider.count(), r.token()
				tok, err := r.reject(old)
				if err != nil || tok.AccessToken == old {
					t.Fatalf("got %s, %v", tok.AccessToken, err)
				}
				r.wantHits(hits + 1)
				r.pass(time.Second)
				_, err = r.reject(tok.AccessToken)
				r.wantCode(err, CodeRejectedAgain)
				r.wantHits(hits + 1)
			})
		})
	}
}

func TestATokenRejectedAgainSaysWhenToSaySoAgain(t *testing.T) {
	for _, c := range []struct {
		lifetime, pause time.Duration
		words           string
	}{
		{time.Hour, 5 * time.Minute, "in 5 min"},
		{4 * time.Minute, time.Minute, "in 1 min"},
		{20 * time.Second, 10 * time.Second, "in 10 s"},
		{0, 5 * time.Minute, "in 5 min"},
	} {
		t.Run(c.lifetime.String(), func(t *testing.T) {
			inBubble(t, c.lifetime, func(t *testing.T, r *rig) {
				tok, err := r.reject("access-1")
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.reject(tok.AccessToken)
				r.wantCode(err, CodeRejectedAgain)
				e := err.(*Error)
				if got := e.RetryAt.Sub(r.clock.Now()); got != c.pause || !strings.Contains(e.Detail, c.words) {
					t.Fatalf("again after %s: %s", got, e.Detail)
				}
				r.pass(c.pause - time.Second)
				_, err = r.reject(tok.AccessToken)
				r.wantCode(err, CodeRejectedAgain)
				r.pass(time.Second)
				if _, err = r.reject(tok.AccessToken); err != nil {
					t.Fatalf("and then it is not believed: %v", err)
				}
			})
		})
	}
}

func TestATokenThatWasJustConfirmedSaysWhenToSaySoAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.provider.refreshable, r.provider.liveness = false, providers.Alive
		r.start()
		defer r.quit()
		r.connect()
		_, err := r.reject("access-1")
		r.wantCode(err, CodeRejectedAgain)
		if e := err.(*Error); e.RetryAt.Sub(r.clock.Now()) != justRenewed || !strings.Contains(e.Detail, "in 10 s") {
			t.Errorf("told %+v", e)
		}
	})
}

func TestAToolThatAlwaysGetsA401DoesNotRenewForEver(t *testing.T) {
	for _, lifetime := range []time.Duration{time.Hour, 24 * time.Hour, 0} {
		t.Run(lifetime.String(), func(t *testing.T) {
			inBubble(t, lifetime, func(t *testing.T, r *rig) {
				for range 3600 {
					r.reject(r.token())
					r.pass(time.Second)
				}
				if n := r.provider.count(); n > 14 {
					t.Errorf("%d renewals in an hour", n)
				}
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

// A token of GitHub's OAuth Apps neither ends nor can be renewed: nobody would see that it
// was revoked before a tool fails.
func TestARevokedTokenThatNothingRenewsIsSeenAtIntervalsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.config.Probe = "on"
		r.provider.refreshable, r.provider.liveness = false, providers.Alive
		r.start()
		defer r.quit()
		r.connect()
		r.pass(24 * time.Hour)
		if n := r.provider.probes; n < 20 || n > 24 {
			t.Errorf("asked %d times in a day, want about once an hour", n)
		}
		r.provider.with(func() { r.provider.liveness, r.provider.probes = providers.Unclear, 0 })
		r.pass(5 * time.Hour)
		r.wantState(Connected, ReasonNone)
		r.provider.with(func() { r.provider.liveness, r.provider.probes = providers.DeadToken, 0 })
		r.pass(67 * time.Minute)
		r.wantState(ReconnectRequired, ReasonTokenRejected)
		if n := r.provider.probes; n != 2 {
			t.Errorf("%d bad answers are an end", n)
		}
		if g := r.stored(); g.AccessToken != "" || !r.status().Announce {
			t.Errorf("the record is %+v", *g)
		}
	})
}

// What was bad once, and good after that, is no end.
func TestAProbeThatIsAnsweredWellForgetsTheBadOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.config.Probe = "on"
		r.provider.refreshable = false
		r.start()
		defer r.quit()
		r.connect()
		for range 10 {
			before, now := 0, 0
			r.provider.with(func() { before, r.provider.liveness = r.provider.probes, providers.DeadToken })
			for i := 0; now <= before && i < 2*3600; i++ {
				r.pass(time.Second)
				r.provider.with(func() { now = r.provider.probes })
			}
			r.provider.with(func() { r.provider.liveness = providers.Alive })
			r.pass(10 * time.Second)
			r.wantState(Connected, ReasonNone)
		}
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
