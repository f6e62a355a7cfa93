package tokens

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// losing is a machine whose refreshes bring no answer, and the time that it lives in.
type losing struct {
	t   *testing.T
	m   *machine
	now time.Time
}

func newLosing(t *testing.T, grace time.Duration, rnd float64) *losing {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P", grace: grace}, nil, func() float64 { return rnd })
	g := firstGrant(providers.Result{Answer: providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}}, 1, false)
	m.recordRead(now, g, nil)
	m.start(now, Want{})
	m.storeChecked(now, nil)
	return &losing{t, m, now}
}

// fails has the request under way fail after d, and returns the pause to the next.
func (l *losing) fails(d time.Duration, f refusal.Failure) time.Duration {
	l.t.Helper()
	l.now = l.now.Add(d)
	l.m.answered(l.now, l.m.served.Generation, providers.Answer{}, &f)
	if l.m.base != Retrying {
		l.t.Fatalf("state %s", l.m.base)
	}
	return l.m.retryAt.Sub(l.now)
}

// again sends when the next try is due.
func (l *losing) again() {
	l.t.Helper()
	l.now = l.m.retryAt
	l.m.tick(l.now)
	l.m.storeChecked(l.now, nil)
	if l.m.busy != sending || l.m.request.grant.RefreshToken != "r" {
		l.t.Fatal("the refresh token is not sent again")
	}
}

var (
	broken  = refusal.Failure{Code: "network", Lost: true, Proof: true}
	silent  = refusal.Failure{Code: "timeout", Lost: true}
	gateway = refusal.Failure{Code: "not_oauth", Status: 502, Lost: true}
	offline = refusal.Failure{Code: "network"}
)

func TestALostAnswerIsAskedForAgain(t *testing.T) {
	put := gateway
	put.RetryAfter = time.Minute
	for _, tt := range []struct {
		name        string
		grace       time.Duration
		after       time.Duration
		f           refusal.Failure
		least, most time.Duration
	}{
		{"at once where the connection broke", 0, time.Second, broken, 0, time.Second},
		{"…and a grace is known", 30 * time.Second, time.Second, broken, 0, time.Second},
		{"…after the grace", 30 * time.Second, 40 * time.Second, broken, 0, time.Second},
		{"within seconds after silence", 0, 30 * time.Second, silent, 2 * time.Second, 4 * time.Second},
		{"at once after silence within a grace", 12 * time.Second, 8 * time.Second, silent, 0, time.Second},
		{"within seconds after silence that outlasted the grace", 11 * time.Second, 30 * time.Second, silent, 2 * time.Second, 4 * time.Second},
		{"within seconds where a gateway answered", 0, time.Second, gateway, 2 * time.Second, 4 * time.Second},
		{"at once where a gateway answered within a grace", 30 * time.Second, time.Second, gateway, 0, time.Second},
		{"when the gateway says", 30 * time.Second, time.Second, put, time.Minute, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, rnd := range []float64{0, 0.5, 0.999} {
				if pause := newLosing(t, tt.grace, rnd).fails(tt.after, tt.f); pause < tt.least || pause > tt.most {
					t.Errorf("%s, not between %s and %s", pause, tt.least, tt.most)
				}
			}
		})
	}
}

// The network is away for a while after the request: tries that do not leave this
// machine are no second request.
func TestASecondRequestIsSentInsideTheGrace(t *testing.T) {
	for _, grace := range []time.Duration{12 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 10 * time.Minute} {
		for name, first := range map[string]refusal.Failure{"silence": silent, "a broken connection": broken} {
			t.Run(name+", "+grace.String(), func(t *testing.T) {
				for _, rnd := range []float64{0, 0.5, 0.999} {
					l := newLosing(t, grace, rnd)
					ends, back := l.now.Add(grace), l.now.Add(grace*3/4)
					l.fails(min(max(grace/3, 8*time.Second), providers.RequestTimeout), first)
					tries := 0
					for l.again(); l.now.Before(back); l.again() {
						l.fails(time.Millisecond, offline)
						tries++
					}
					if !l.now.Before(ends) {
						t.Errorf("sent %s after the grace", l.now.Sub(ends))
					}
					if tries > 15 {
						t.Errorf("%d tries", tries)
					}
				}
			})
		}
	}
}

// A gateway may answer several times in the place of a provider that has rotated.
func TestWithinAGraceAGatewayIsNotWaitedFor(t *testing.T) {
	for _, grace := range []time.Duration{10 * time.Second, 30 * time.Second, 2 * time.Minute} {
		t.Run(grace.String(), func(t *testing.T) {
			for _, rnd := range []float64{0, 0.5, 0.999} {
				l := newLosing(t, grace, rnd)
				ends := l.now.Add(grace)
				for range 4 {
					l.fails(time.Second, gateway)
					l.again()
				}
				if !l.now.Before(ends) {
					t.Errorf("the fifth request is sent %s after the grace", l.now.Sub(ends))
				}
			}
		})
	}
}

// Where nobody takes the token again, or no longer, nothing is to be hurried.
func TestTheBackOffHoldsOutsideAGrace(t *testing.T) {
	for _, grace := range []time.Duration{0, 12 * time.Second} {
		t.Run(grace.String(), func(t *testing.T) {
			l := newLosing(t, grace, 0.5)
			l.fails(20*time.Second, silent)
			for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
				l.again()
				if pause := l.fails(time.Second, silent); pause != want {
					t.Errorf("%s, want %s", pause, want)
				}
			}
		})
	}
}

// Another grant has a grace of its own.
func TestAnAnswerEndsTheGraceOfTheOneBefore(t *testing.T) {
	l := newLosing(t, 10*time.Minute, 0.5)
	l.fails(time.Second, broken)
	l.again()
	l.m.answered(l.now, l.m.served.Generation, providers.Answer{AccessToken: "b", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: l.now}, nil)
	l.m.saved(l.now, l.m.next.Generation, nil)
	if l.m.base != Connected || !l.m.graceEnds.IsZero() || l.m.answerLost {
		t.Errorf("%s, grace to %s, lost %v", l.m.base, l.m.graceEnds, l.m.answerLost)
	}
}

// The wall clock is set back while the grace runs.
func TestAGraceIsNoLongerForAClockThatIsSetBack(t *testing.T) {
	l := newLosing(t, 30*time.Second, 0.5)
	l.fails(10*time.Second, silent)
	left := l.m.graceEnds.Sub(l.now)
	l.now = l.now.Add(-time.Hour)
	l.m.shift(l.now, -time.Hour, false)
	if now := l.m.graceEnds.Sub(l.now); now != left {
		t.Errorf("%s are left, not %s", now, left)
	}
}

func TestPolicyHasTheEntrysGrace(t *testing.T) {
	c := Connection{Name: "work"}
	c.Entry.Tokens.Grace = "1d"
	if got := policyOf(c).grace; got != 24*time.Hour {
		t.Error(got)
	}
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

// A keychain that answers nobody for a while holds up no repeat: the refresh token
// that it holds may be spent, and its grace goes by. One that says that it is locked
// does, and so it holds up a first request, which spends what it holds.
func TestARepeatDoesNotWaitForAStoreThatDoesNotAnswer(t *testing.T) {
	hung := fmt.Errorf("%w: no answer in time: %w", store.ErrUnavailable, context.DeadlineExceeded)
	for _, tt := range []struct {
		name string
		lost bool
		err  error
		want phase
	}{
		{"a repeat, no answer", true, hung, sending},
		{"a repeat, locked", true, store.ErrLocked, idle},
		{"a repeat, gone", true, store.ErrUnavailable, idle},
		{"a first request, no answer", false, hung, idle},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLosing(t, 0, 0.5)
			failed := broken
			failed.Lost = tt.lost
			l.fails(time.Second, failed)
			l.now = l.m.retryAt
			l.m.tick(l.now)
			l.m.storeChecked(l.now, tt.err)
			if l.m.busy != tt.want {
				t.Errorf("busy %d, want %d", l.m.busy, tt.want)
			}
		})
	}
}

func TestALostAnswersGrantLivesThoughTheStoreHangs(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.answers = []error{&refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Proof: true}}
		})
		r.pass(54 * time.Minute)
		r.wantHits(0)
		for r.provider.count() == 0 {
			r.pass(time.Second)
		}
		r.store.slowDown(time.Hour)
		r.pass(3 * time.Second) // at once, and two for the store
		r.wantHits(2)
		r.pass(store.Timeout)
		if got := r.token(); got != "access-2" {
			t.Errorf("served %q", got)
		}
		r.store.slowDown(0)
		r.pass(2 * storeRetry)
		if g := r.stored(); g.AccessToken != "access-2" {
			t.Error("the grant is not written once the store answers")
		}
	})
}
