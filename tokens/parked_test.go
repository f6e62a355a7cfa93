package tokens

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

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

// Each pause is longer than the one before: a trouble of minutes is over by then.
func TestThePausesAfterUnknownRefusalsGrow(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") })
		r.m.Refresh(t.Context(), "work")
		for i, pause := range []time.Duration{30 * time.Second, 2 * time.Minute, 8 * time.Minute, 30 * time.Minute} {
			r.pass(pause - 5*time.Second)
			r.wantHits(i + 1)
			r.pass(5 * time.Second)
			r.wantHits(i + 2)
		}
		r.wantState(ReconnectRequired, ReasonRefused)
	})
}

func TestAnUnknownRefusalIsNotAskedAboutAgainstRetryAfter(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		strange := failure(refusal.Suspect, "strange")
		strange.RetryAfter = 20 * time.Minute
		r.provider.with(func() { r.provider.always = strange })
		r.m.Refresh(t.Context(), "work")
		r.pass(20*time.Minute - 5*time.Second)
		r.wantHits(1)
		r.pass(5 * time.Second)
		r.wantHits(2)
	})
}

// Refusals that nobody knows are counted from the last good answer on.
func TestAGoodAnswerForgetsTheUnknownRefusalsBeforeIt(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		for range 4 {
			r.provider.with(func() { r.provider.answers = slices.Repeat([]error{failure(refusal.Suspect, "strange")}, 3) })
			r.m.Refresh(t.Context(), "work")
			r.pass(15 * time.Minute)
			r.wantState(Connected, ReasonNone)
		}
	})
}

// A laptop that is opened and closed again hurries nothing: five refusals within minutes
// would park a grant for a trouble of minutes.
func TestThePausesAfterUnknownRefusalsAreNotCutShortByASleep(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") })
		r.m.Refresh(t.Context(), "work")
		for range 5 {
			r.clock.jump(40 * time.Second)
			r.pass(35 * time.Second)
		}
		r.wantState(Retrying, ReasonUnclearRefusal) // after six minutes
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

// The try of a parked grant may have spent its refresh token.
func TestTheEndOfAParkedGrantAfterALostAnswerIsCalledThat(t *testing.T) {
	parked(t, func(t *testing.T, r *rig) {
		lost := &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Detail: "The connection broke."}
		r.provider.with(func() { r.provider.answers = []error{lost, failure(refusal.Dead, "invalid_grant")} })
		r.m.Refresh(t.Context(), "work")
		r.wantState(ReconnectRequired, ReasonRefused)
		r.m.Refresh(t.Context(), "work")
		r.wantState(ReconnectRequired, ReasonAnswerLost)
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
