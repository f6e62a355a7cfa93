package tokens

import (
	"context"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// askFor asks as a tool that gives up after d.
func (r *rig) askFor(d time.Duration) (Token, error) { return r.askWithin(d, Want{}) }

func (r *rig) askWithin(d time.Duration, w Want) (Token, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), d)
	defer cancel()
	return r.m.Token(ctx, "work", w)
}

// trouble has the connection in back-off for an hour, with no usable token.
func (r *rig) trouble(err error) {
	r.t.Helper()
	r.provider.with(func() { r.provider.always = err })
	r.pass(2 * time.Hour)
	if s := r.status().State; s != Retrying && s != Misconfigured {
		r.t.Fatalf("state is %s", s)
	}
}

// A tool that asks each second was served 71 s after the provider was back.
func TestAToolThatWaitsIsServedWithinTwelveSecondsAfterAnOutage(t *testing.T) {
	troubles := map[string]*refusal.Failure{
		"out of reach":  {Class: refusal.Transient, Code: "network"},
		"503":           {Class: refusal.Transient, Code: "http_503", Status: 503},
		"a login page":  {Class: refusal.Transient, Code: "not_oauth", Status: 200},
		"answers lost":  {Class: refusal.Transient, Code: "network", Lost: true},
		"a short limit": {Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: 2 * time.Second},
		"a proxy's 404": {Class: refusal.Misconfigured, Code: "not_oauth", Status: 404},
	}
	tools := map[string]time.Duration{"asks each second": time.Millisecond, "waits a second": time.Second, "waits half a minute": DefaultTimeout}
	for name, err := range troubles {
		for how, patience := range tools {
			for _, outage := range []time.Duration{3 * time.Second, 100 * time.Second, time.Hour} {
				t.Run(name+"/"+how+"/"+outage.String(), func(t *testing.T) {
					inBubble(t, time.Hour, func(t *testing.T, r *rig) {
						r.trouble(err)
						said := r.status().State.Code()
						r.provider.with(func() { r.provider.hits = 0 })
						back := time.Now().Add(outage)
						time.AfterFunc(outage, func() { r.provider.with(func() { r.provider.always = nil }) })
						for {
							_, err := r.askFor(patience)
							if err == nil {
								break
							}
							r.wantCode(err, said)
							r.pass(time.Second)
						}
						if waited := time.Since(back); waited > 12*time.Second {
							t.Errorf("served %s after the provider was back", waited)
						}
						if n, most := r.provider.count(), int(outage/callerPause)+3; n > most {
							t.Errorf("%d tries in %s", n, outage)
						}
					})
				})
			}
		}
	}
}

// A tool whose API no longer takes the token has no usable one either.
func TestAToolWhoseTokenWasRejectedBringsTheNextTryForward(t *testing.T) {
	inBubble(t, 3*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "network"} })
		r.pass(time.Minute)
		r.m.Refresh(t.Context(), "work")
		r.pass(time.Hour)
		r.provider.with(func() { r.provider.always = nil })
		before := time.Now()
		tok, err := r.reject("access-1")
		if err != nil || tok.AccessToken != "access-2" {
			t.Fatalf("got %s, %v", tok.AccessToken, err)
		}
		if waited := time.Since(before); waited > 12*time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestWhoeverWaitsBringsTheNextTryForwardButNot(t *testing.T) {
	limit := &refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: 10 * time.Minute}
	for _, c := range []struct {
		name string
		err  error
		most int // tries in half an hour
	}{
		{"against Retry-After", limit, 4},
		{"against the pauses after an unknown refusal", failure(refusal.Suspect, "strange"), 3},
		{"where the client is refused", failure(refusal.Misconfigured, "invalid_client"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.always = c.err })
				r.clock.jump(61 * time.Minute)
				r.askFor(time.Second)
				r.provider.with(func() { r.provider.hits = 0 })
				for range 1800 {
					if _, err := r.askFor(time.Millisecond); err == nil {
						t.Fatal("an expired token was handed out")
					}
					r.pass(time.Second)
					if r.status().State == ReconnectRequired {
						break
					}
				}
				if n := r.provider.count(); n > c.most {
					t.Errorf("%d tries in half an hour", n)
				}
			})
		})
	}
}

func TestWhoeverHasAUsableTokenBringsNoTryForward(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "network"} })
		r.pass(time.Minute)
		r.m.Refresh(t.Context(), "work")
		r.pass(time.Hour)
		r.provider.with(func() { r.provider.hits = 0 })
		for range 3600 {
			r.wantToken(Want{MinValid: 23 * time.Hour}, "access-1", false)
			r.pass(time.Second)
		}
		if n := r.provider.count(); n > 16 {
			t.Errorf("%d tries in an hour, want one about every five minutes", n)
		}
	})
}

// When nobody waits any more, the pauses are as long as they had become.
func TestBackOffGoesOnWhenNobodyWaits(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.trouble(&refusal.Failure{Class: refusal.Transient, Code: "network"})
		r.askFor(30 * time.Second)
		r.pass(10 * time.Second)
		r.provider.with(func() { r.provider.hits = 0 })
		r.pass(time.Hour)
		if n := r.provider.count(); n > 16 {
			t.Errorf("%d tries in an hour, want one about every five minutes", n)
		}
	})
}

func TestTheTryThatSomebodyWaitsForIsNamed(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.trouble(&refusal.Failure{Class: refusal.Transient, Code: "network"})
		r.askFor(2 * time.Second) // a try, which fails
		_, err := r.askFor(time.Second)
		e, ok := err.(*Error)
		if !ok || e.RetryAt.IsZero() || e.RetryAt.Sub(r.clock.Now()) > callerPause {
			t.Fatalf("told %+v", err)
		}
		if at := r.status().RetryAt; at == nil || !at.Equal(e.RetryAt) {
			t.Errorf("status says %v, the caller was told %v", at, e.RetryAt)
		}
	})
}
