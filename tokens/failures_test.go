package tokens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

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

// Restarts and other tries do not move the day.
func TestARefusalByAPassingPolicyIsToldOfWhenTheDayIsOverAndNotBefore(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.RefusedForNow, "invalid_grant") })
		r.pass(55*time.Minute + 30*time.Second)
		r.wantState(Retrying, ReasonRefusedForNow)
		for range 23 {
			r.pass(time.Hour)
			r.restart()
			if r.status().Announce {
				t.Fatalf("told %s after the first refusal", r.clock.Now().Sub(r.stored().RefusedSince))
			}
		}
		r.pass(time.Hour)
		if !r.status().Announce {
			t.Errorf("not told %s after the first refusal", r.clock.Now().Sub(r.stored().RefusedSince))
		}
	})
}

// Networks come and go within seconds, and the policy is asked for once in ten of them.
func TestARefusalByAPassingPolicyIsTriedOnEachNetworkButNotMoreOftenThanInTenSeconds(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.RefusedForNow, "invalid_grant") })
		r.pass(56 * time.Minute)
		hits := r.provider.count()
		for range 60 {
			r.m.NetworkBack()
			r.pass(time.Second)
		}
		if n := r.provider.count() - hits; n < 4 || n > 7 {
			t.Errorf("%d tries in a minute in which the network changed each second", n)
		}
	})
}

// …nor against what the provider itself put off.
func TestARefusalByAPassingPolicyIsNotTriedAgainstRetryAfter(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		limit := failure(refusal.RefusedForNow, "invalid_grant")
		limit.RetryAfter = 30 * time.Minute
		r.provider.with(func() { r.provider.always = limit })
		r.m.Refresh(t.Context(), "work")
		for range 5 {
			r.pass(15 * time.Second)
			r.m.NetworkBack()
		}
		r.wantHits(1)
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

// A proxy answers 404 in the place of a server that is being started again.
func TestAnEndpointThatIsNotThereForAMinuteHoldsNobodyUpForAnHour(t *testing.T) {
	for _, status := range []int{404, 405} {
		inBubble(t, time.Hour, func(t *testing.T, r *rig) {
			gone := failure(refusal.Misconfigured, "not_oauth")
			gone.Status = status
			r.provider.with(func() { r.provider.always = gone })
			r.pass(56 * time.Minute)
			r.wantState(Misconfigured, ReasonRequestRefused)
			r.provider.with(func() { r.provider.always = nil })
			r.pass(6 * time.Minute)
			r.wantState(Connected, ReasonNone)
			r.provider.with(func() { r.provider.always, r.provider.hits = gone, 0 })
			r.pass(24 * time.Hour)
			if n := r.provider.count(); n > 24*13 {
				t.Errorf("%d requests in a day to a URL where there is nothing", n)
			}
		})
	}
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
		r.pass(5*time.Hour + time.Minute)
		r.wantState(ReconnectRequired, ReasonEndpointsChanged)
		r.provider.with(func() { r.provider.binding = rigBinding }) // and nobody says so
		r.pass(time.Hour)
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

// Who asked again and again has the pauses begin anew: the user may be mending it.
func TestTheUsersWordForgetsTheBackOff(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Transient, "http_503") })
		r.pass(3 * time.Hour)
		r.m.Refresh(t.Context(), "work")
		hits := r.provider.count()
		r.pass(7 * time.Second)
		r.wantHits(hits + 1)
		r.pass(13 * time.Second)
		r.wantHits(hits + 2)
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
