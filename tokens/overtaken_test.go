package tokens

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// otherRenews is another process that was the owner meanwhile, and renewed.
func (r *rig) otherRenews() *Grant {
	r.t.Helper()
	g := r.stored()
	a, err := r.provider.Refresh(r.t.Context(), providers.RefreshRequest{RefreshToken: g.RefreshToken, Binding: g.Binding})
	if err != nil {
		r.t.Fatal(err)
	}
	g = g.renewed(a, false)
	r.writeBehind(g)
	return g
}

// writeBehind writes a record behind the manager's back.
func (r *rig) writeBehind(g *Grant) {
	r.t.Helper()
	b, err := g.encode()
	if err != nil {
		r.t.Fatal(err)
	}
	r.store.with(func() { r.store.values["work"] = b })
}

// away takes the ownership from the rig's process while others act.
func (r *rig) away(others func()) {
	r.store.fail(store.ErrUnavailable)
	r.pass(0)
	r.store.with(func() { r.store.err = nil })
	others()
	r.store.fail(nil)
}

func (s *rigStore) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Two agents of one user killed the grant: the provider saw a spent refresh token.
func TestARefreshTokenThatAnotherProcessSpentIsNotSentAgain(t *testing.T) {
	for name, act := range map[string]func(r *rig){
		"by the timer":              func(r *rig) { r.pass(time.Hour) },
		"because the user asks":     func(r *rig) { r.m.Refresh(r.t.Context(), "work"); r.pass(time.Hour) },
		"because a tool was sent":   func(r *rig) { r.reject("access-1"); r.pass(time.Hour) },
		"after a sleep":             func(r *rig) { r.clock.jump(2 * time.Hour); r.pass(time.Hour) },
		"after the clock went back": func(r *rig) { r.clock.jump(-time.Hour); r.pass(4 * time.Hour) },
		"by hand, several times": func(r *rig) {
			for range 5 {
				r.m.Refresh(r.t.Context(), "work")
				r.pass(time.Minute)
			}
			r.pass(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				var last *Grant
				r.away(func() { r.otherRenews(); last = r.otherRenews() })
				r.provider.with(func() {
					r.provider.refuses = func(req providers.RefreshRequest) error {
						if req.RefreshToken != r.provider.current {
							t.Error("a spent refresh token was sent: providers end the grant for that")
						}
						return nil
					}
				})
				act(r)
				r.wantState(Connected, ReasonNone)
				if g := r.stored(); g == nil || g.Generation < last.Generation || r.provider.current != g.RefreshToken {
					t.Errorf("the store holds %+v, and the provider knows %q", g, r.provider.current)
				}
				if tok := r.token(); tok == "access-1" {
					t.Error("the token of before is served")
				}
			})
		})
	}
}

func TestAGrantThatCouldNotBeWrittenDoesNotReplaceANewerOne(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.with(func() { r.store.setErr = store.ErrUnavailable })
		r.clock.jump(-10 * time.Minute) // so that the record is to be written again
		r.pass(time.Minute)
		var last *Grant
		r.away(func() {
			r.store.with(func() { r.store.setErr = nil })
			last = r.otherRenews()
		})
		r.pass(10 * time.Minute)
		if g := r.stored(); g.Generation != last.Generation || g.RefreshToken != last.RefreshToken {
			t.Errorf("the store holds generation %d, want %d", g.Generation, last.Generation)
		}
		if tok := r.token(); tok != last.AccessToken {
			t.Errorf("%s is served", tok)
		}
	})
}

// What the user brings last counts, whatever another process made of the grant before it.
func TestASignInIsNotGivenUpForARecordThatAnotherProcessWrote(t *testing.T) {
	for name, others := range map[string]func(r *rig) *Grant{
		"renewed": func(r *rig) *Grant { return nil },
		"dead": func(r *rig) *Grant {
			return deadGrant(r.stored().Generation+1, End{State: ReconnectRequired, Reason: ReasonRevoked}, ReasonRevoked)
		},
		"given up": func(r *rig) *Grant { return r.stored().with(End{State: Disconnected}) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.away(func() {
					r.otherRenews()
					r.otherRenews()
					if g := others(r); g != nil {
						r.writeBehind(g)
					}
				})
				r.connect()
				r.wantState(Connected, ReasonNone)
				if tok := r.token(); tok != "access-4" {
					t.Errorf("%s is served, and the sign-in brought access-4", tok)
				}
				r.restart()
				r.wantState(Connected, ReasonNone)
				if g := r.stored(); g.AccessToken != "access-4" {
					t.Errorf("the store holds %+v", g)
				}
			})
		})
	}
}

// Before the record is read a sign-in counts its generations by the clock, which may have
// been ahead the last time.
func TestASignInBeforeTheRecordIsReadReplacesOneOfAClockThatWasAhead(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		signIn := func() {
			r.store.fail(store.ErrLocked)
			r.restart()
			r.connect()
			r.store.fail(nil)
			r.pass(2 * time.Minute)
		}
		signIn()
		r.clock.jump(-48 * time.Hour)
		signIn()
		r.pass(2 * time.Hour)
		r.wantState(Connected, ReasonNone)
		if g := r.stored(); r.status().Unsaved || g.RefreshToken != r.provider.current {
			t.Errorf("the store holds %+v, and the provider knows %q", g, r.provider.current)
		}
	})
}

func TestAGrantThatDiedHereAndLivesThereIsTakenUp(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.answers = []error{failure(refusal.Dead, "invalid_grant")}
			r.provider.slow = time.Second
		})
		go r.m.Refresh(t.Context(), "work")
		synctest.Wait() // the request is under way
		r.store.fail(store.ErrUnavailable)
		r.pass(2 * time.Second)
		r.wantState(ReconnectRequired, ReasonRevoked)
		var last *Grant
		r.away(func() { last = r.otherRenews() })
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		if g := r.stored(); g == nil || g.Generation != last.Generation {
			t.Errorf("the store holds %+v", g)
		}
		if tok := r.token(); tok != last.AccessToken {
			t.Errorf("%s is served", tok)
		}
	})
}

func TestAGrantThatAnotherProcessEndedIsNotUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(g *Grant) *Grant
		state  State
		reason Reason
	}{
		"dead": {func(g *Grant) *Grant {
			return deadGrant(g.Generation+1, End{State: ReconnectRequired, Reason: ReasonRevoked}, ReasonRevoked)
		}, ReconnectRequired, ReasonRevoked},
		"parked": {func(g *Grant) *Grant {
			return g.with(End{State: ReconnectRequired, Reason: ReasonRefused})
		}, ReconnectRequired, ReasonRefused},
		"given up": {func(g *Grant) *Grant { return g.with(End{State: Disconnected}) }, Disconnected, ReasonNone},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.away(func() { r.writeBehind(c.end(r.stored())) })
				r.pass(3 * time.Hour)
				r.wantState(c.state, c.reason)
				r.wantHits(0)
			})
		})
	}
}

func TestWithoutANewerRecordTheOwnGrantIsUsed(t *testing.T) {
	for name, others := range map[string]func(r *rig){
		"nobody did anything": func(*rig) {},
		"the record is gone":  func(r *rig) { r.store.Delete(r.t.Context(), "work") },
		"it is damaged":       func(r *rig) { r.store.Set(r.t.Context(), "work", []byte("{")) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.away(func() { others(r) })
				r.pass(time.Hour)
				r.wantState(Connected, ReasonNone)
				r.wantHits(1)
				if g := r.stored(); g == nil || g.RefreshToken != r.provider.current {
					t.Errorf("the store holds %+v", g)
				}
			})
		})
	}
}

func TestNothingIsSentWhileTheRecordCannotBeCompared(t *testing.T) {
	for _, err := range []error{store.ErrLocked, store.ErrUnavailable} {
		t.Run(err.Error(), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.away(func() { r.otherRenews() })
				r.store.with(func() { r.store.getErr = err })
				hits := r.provider.count()
				r.pass(3 * time.Hour)
				r.wantHits(hits)
				if s := r.status(); s.State != KeychainLocked {
					t.Errorf("state is %s", s.State)
				}
				r.store.with(func() { r.store.getErr = nil })
				r.pass(time.Hour)
				r.wantState(Connected, ReasonNone)
				if g := r.stored(); g == nil || g.RefreshToken != r.provider.current {
					t.Errorf("the store holds %+v", g)
				}
			})
		})
	}
}

// A record that was read before it was erased, and is handed over late, is no newer
// one: its grant was revoked.
func TestARecordOfBeforeADisconnectIsNotTakenUp(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		before := r.stored()
		if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
		for _, connected := range []bool{false, true} {
			if connected {
				r.connect()
			}
			k, _ := r.m.find("work")
			r.m.event(k, func(now time.Time) {
				if k.m.overtaken(now, before) {
					t.Errorf("taken up, connected again: %t", connected)
				}
			})
		}
	})
}
