package tokens

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// overAtOnce makes the provider give tokens of which nothing is left.
func (r *rig) overAtOnce(over bool) {
	r.provider.with(func() { r.provider.over = over })
}

func TestATokenThatIsOverAsItComesIsHandedToNobodyAndRenewedWithPauses(t *testing.T) {
	for name, begin := range map[string]func(r *rig){
		"from the sign-in": func(r *rig) { r.overAtOnce(true); r.connect() },
		"from a refresh":   func(r *rig) { r.overAtOnce(true); r.pass(56 * time.Minute) },
		"from the one before": func(r *rig) {
			r.overAtOnce(true)
			r.connect()
			r.restart()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				begin(r)
				r.pass(10 * time.Second)
				r.wantState(Retrying, ReasonProviderTrouble)
				if s := r.status(); !strings.Contains(s.Detail, "over as soon as they come") {
					t.Errorf("told %q", s.Detail)
				}
				hits := r.provider.count()
				r.pass(time.Hour)
				if n := r.provider.count() - hits; n < 10 || n > 20 {
					t.Errorf("%d renewals in an hour that nobody asked for", n)
				}
				hits = r.provider.count()
				for range 600 {
					if tok, err := r.askFor(time.Millisecond); err == nil {
						t.Fatalf("%s was handed out", tok.AccessToken)
					}
					r.pass(time.Second)
				}
				if n := r.provider.count() - hits; n > 61 {
					t.Errorf("%d renewals in ten minutes for a tool that asks each second", n)
				}
				if g := r.stored(); g.RefreshToken != r.provider.current {
					t.Error("the store does not hold the present refresh token")
				}
				r.overAtOnce(false)
				r.token()
				r.wantState(Connected, ReasonNone)
			})
		})
	}
}

func TestATokenThatIsOverAndCannotBeRenewedIsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.provider.refreshable = false
		r.overAtOnce(true)
		r.start()
		defer r.quit()
		r.connect()
		synctest.Wait() // for the timer, which takes up that the token is over
		r.wantState(ReconnectRequired, ReasonExpired)
		r.wantHits(0)
	})
}

// A token for less that is over as it comes was asked for again and again, as fast as the
// provider answered: 600 requests in half a minute for one caller.
func TestATokenForLessThatIsOverAsItComesIsRenewedWithPauses(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.adopt("read", "write")
		r.provider.with(func() { r.provider.over, r.provider.slow = true, 50*time.Millisecond })
		tok, err := r.askWithin(30*time.Second, readOnly)
		if err == nil {
			t.Errorf("%s was handed out", tok.AccessToken)
		}
		if n := r.provider.count(); n > 4 {
			t.Errorf("%d requests in half a minute, for one caller", n)
		}
	})
}
