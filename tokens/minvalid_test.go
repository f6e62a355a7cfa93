package tokens

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// wantToken asks and checks how the caller's minimum was met.
func (r *rig) wantToken(w Want, token string, met bool) {
	r.t.Helper()
	tok, err := r.ask(w)
	if err != nil {
		r.t.Fatalf("no token: %v", err)
	}
	if got := tok.MinValidMet == nil; tok.AccessToken != token || got != met {
		r.t.Fatalf("got %s, minimum met %t; want %s, %t", tok.AccessToken, got, token, met)
	}
	if !met && *tok.MinValidMet {
		r.t.Fatal("min_valid_met says both")
	}
}

// A token of 60 s, 25 s old: --min-valid 50s got one with 35 s left, and no word.
func TestMinValidBeyondAQuarterOfTheLifeRenews(t *testing.T) {
	for _, c := range []struct{ lifetime, age, minValid time.Duration }{
		{time.Minute, 25 * time.Second, 50 * time.Second},
		{time.Hour, 31 * time.Minute, 30 * time.Minute},
		{24 * time.Hour, time.Minute, 24*time.Hour - 30*time.Second},
	} {
		t.Run(fmt.Sprintf("%s of %s", c.minValid, c.lifetime), func(t *testing.T) {
			inBubble(t, c.lifetime, func(t *testing.T, r *rig) {
				r.pass(c.age)
				r.wantToken(Want{MinValid: c.minValid}, "access-2", true)
				r.wantHits(1)
			})
		})
	}
}

func TestMinValidLongerThanAnyTokenIsSaidNotToBeMet(t *testing.T) {
	for _, lifetime := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		t.Run(lifetime.String(), func(t *testing.T) {
			inBubble(t, lifetime, func(t *testing.T, r *rig) {
				r.pass(lifetime/4 - time.Second)
				r.wantToken(Want{MinValid: 48 * time.Hour}, "access-1", false) // a fresh one would be hardly better
				r.wantHits(0)
				r.pass(time.Second)
				r.wantToken(Want{MinValid: 48 * time.Hour}, "access-2", false)
				r.wantHits(1)
			})
		})
	}
}

func TestMinValidOfATokenThatNeverExpiresIsMet(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, r *rig) {
		r.pass(time.Hour)
		r.wantToken(Want{MinValid: 1000 * time.Hour}, "access-1", true)
		r.wantHits(0)
	})
}

func TestMinValidThatIsNeverMetRenewsSixTimesAnHour(t *testing.T) {
	for _, c := range []struct{ lifetime, minValid time.Duration }{
		{time.Hour, 59*time.Minute + 50*time.Second}, // met by a token that is just new
		{time.Hour, 2 * time.Hour},
		{20 * time.Minute, time.Hour},
		{24 * time.Hour, 24*time.Hour - time.Second},
	} {
		t.Run(fmt.Sprintf("%s of %s", c.minValid, c.lifetime), func(t *testing.T) {
			inBubble(t, c.lifetime, func(t *testing.T, r *rig) {
				const hours = 5
				var last time.Time
				before := r.provider.count()
				for range hours * 3600 / 5 {
					r.pass(5 * time.Second)
					if _, err := r.ask(Want{MinValid: c.minValid}); err != nil {
						t.Fatal(err)
					}
					if n := r.provider.count(); n != before {
						if since := time.Since(last); n != before+1 || !last.IsZero() && since < 10*time.Second {
							t.Fatalf("%d renewals, %s after the last one", n-before, since)
						}
						before, last = n, time.Now()
					}
				}
				byTimer := int(hours * time.Hour / (c.lifetime - Buffer(c.lifetime)))
				if before > hours*6+byTimer+1 {
					t.Errorf("%d renewals in %d hours", before, hours)
				}
			})
		})
	}
}

// What the timer is about to do is no extravagance, also where callers do it.
func TestMinValidWhereNoneIsNamedIsMetAllDayOnDemand(t *testing.T) {
	for _, lifetime := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour} {
		t.Run(lifetime.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, lifetime)
				r.config.Refresh = "on-demand"
				r.start()
				defer r.quit()
				r.connect()
				for range 12 * 3600 / 5 {
					r.pass(5 * time.Second)
					if tok, err := r.ask(Want{}); err != nil || tok.MinValidMet != nil {
						t.Fatalf("%v, not met", err)
					}
				}
			})
		})
	}
}

func TestMinValidWaitsForNothingWhereEnoughIsLeft(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(31 * time.Minute)
		go r.ask(Want{MinValid: 30 * time.Minute}) // renews, slowly
		synctest.Wait()
		r.wantHits(1)
		before := time.Now()
		r.wantToken(Want{MinValid: 20 * time.Minute}, "access-1", true)
		r.wantToken(Want{MinValid: 3 * time.Hour}, "access-2", false) // but who wants more waits
		if waited := time.Since(before); waited > 20*time.Second {
			t.Errorf("waited %s", waited)
		}
		r.wantHits(1)
	})
}

// A caller whose minimum cannot be met now gets what there is, and is told, in
// whatever trouble the connection is.
func TestMinValidThatCannotBeMetNowHandsOutWhatThereIs(t *testing.T) {
	slow := func(r *rig) { r.provider.slow = time.Minute }
	fails := func(err error) func(*rig) { return func(r *rig) { r.provider.always = err } }
	for name, trouble := range map[string]func(*rig){
		"out of reach":   fails(&refusal.Failure{Class: refusal.Transient, Code: "network"}),
		"rate limited":   fails(&refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: time.Hour}),
		"client refused": fails(failure(refusal.Misconfigured, "invalid_client")),
		"unknown":        fails(failure(refusal.Suspect, "strange")),
		"silent":         slow,
		"nothing to renew it with": func(r *rig) {
			r.provider.refreshable = false
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.provider.with(func() { trouble(r) })
				r.start()
				defer r.quit()
				r.connect()
				r.pass(31 * time.Minute)
				r.wantToken(Want{MinValid: 30 * time.Minute}, "access-1", false)
			})
		})
	}
}

// Who waits for a better token gives up early enough to make use of the one there is.
func TestMinValidIsNotWaitedForUntilTheTokenIsOver(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 29 * time.Second })
		r.pass(31 * time.Minute)
		r.clock.jump(28*time.Minute + 40*time.Second) // the machine slept: 20 s are left
		before := time.Now()
		r.wantToken(Want{}, "access-1", false)
		if waited := time.Since(before); waited != 10*time.Second {
			t.Errorf("waited %s", waited)
		}
		r.wantToken(Want{}, "access-1", false)
	})
}

// A caller that gives up gets what there is as well.
func TestMinValidAtTheCallersTimeoutHandsOutWhatThereIs(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 20 * time.Second })
		r.pass(31 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		tok, err := r.m.Token(ctx, "work", Want{MinValid: 30 * time.Minute})
		if err != nil || tok.AccessToken != "access-1" || tok.MinValidMet == nil {
			t.Fatalf("got %s, %v", tok.AccessToken, err)
		}
	})
}

// A provider that gives shorter tokens now and then is asked as for its usual ones.
// What is asked for less says nothing of how long the grant's own tokens live.
func TestMinValidGoesByTheGrantsOwnTokensThoughLessWasAskedFor(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.lifetime, r.provider.narrowKeeps = 10*time.Minute, true })
		r.m.Refresh(t.Context(), "work")
		for i := range 3 {
			r.less(Want{Scopes: []string{fmt.Sprint("scope-", i)}})
		}
		r.pass(time.Minute)
		r.provider.with(func() { r.provider.lifetime = time.Hour })
		r.wantToken(Want{MinValid: 30 * time.Minute}, "access-6", true)
	})
}

func TestMinValidGoesByTheUsualLifeOfTheLastAnswers(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.lifetime = 10 * time.Minute })
		r.m.Refresh(t.Context(), "work")
		r.pass(time.Minute)
		r.provider.with(func() { r.provider.lifetime = time.Hour })
		r.wantToken(Want{MinValid: 30 * time.Minute}, "access-3", true)
		r.provider.with(func() { r.provider.lifetime = 10 * time.Minute })
		for range 3 {
			r.m.Refresh(t.Context(), "work")
		}
		hits := r.provider.count()
		r.pass(time.Minute)
		r.wantToken(Want{MinValid: 30 * time.Minute}, "access-6", false)
		r.wantHits(hits) // that is what it gives now
	})
}

// A narrower token is renewed by the same rule, from the same six.
func TestMinValidOfANarrowerToken(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		less := Want{Scopes: []string{"read"}}
		r.wantToken(less, "access-2", true)
		r.pass(31 * time.Minute)
		less.MinValid = 30 * time.Minute
		r.wantToken(less, "access-3", true)
		less.MinValid = 2 * time.Hour
		r.pass(time.Minute)
		r.wantToken(less, "access-3", false)
		hits := r.provider.count()
		less.MinValid = 59*time.Minute + 55*time.Second
		for range 60 {
			r.pass(15 * time.Second)
			if _, err := r.ask(less); err != nil {
				t.Fatal(err)
			}
		}
		if n := r.provider.count() - hits; n != 6-1 {
			t.Errorf("%d renewals in 15 minutes", n)
		}
	})
}

// The clock of an hour's renewals goes back with the wall clock.
func TestMinValidRenewalsAreCountedOverAClockThatIsSetBack(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		wish := Want{MinValid: 24*time.Hour - 10*time.Second}
		for range 20 {
			r.pass(15 * time.Second)
			r.ask(wish)
		}
		r.wantHits(maxEarly)
		r.clock.jump(-2 * time.Hour)
		r.pass(50 * time.Minute)
		r.ask(wish)
		r.wantHits(maxEarly)
		r.pass(6 * time.Minute)
		r.ask(wish)
		r.wantHits(maxEarly + 1)
	})
}
