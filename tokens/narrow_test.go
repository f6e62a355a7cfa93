package tokens

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

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

// The answer to a request for less gets lost, and the provider had acted on it. The repetition
// says what the grant has: a provider that takes the last scopes asked for as all there is
// would give less for good.
func TestARequestForLessOfWhichTheAnswerIsLostIsRepeatedForAllOfTheGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.adopt("read", "write")
		r.provider.with(func() {
			r.provider.answers = []error{&refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Proof: true}}
		})
		r.askWithin(time.Millisecond, readOnly)
		r.pass(time.Minute)
		r.wantState(Connected, ReasonNone)
		if got := r.provider.askedScopes(); !slices.Equal(got, []string{"read", "read write"}) {
			t.Errorf("asked for %q", got)
		}
	})
}

// …but a provider may take no scopes at a refresh, and say so in words that nobody knows.
func TestALostAnswerToARequestForLessParksNoGrant(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	a := providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now, Scopes: []string{"read", "write"}}
	m.recordRead(now, firstGrant(providers.Result{Answer: a}, 1, false), nil)
	now = now.Add(10 * time.Minute)
	m.start(now, Want{Scopes: []string{"read"}})
	m.storeChecked(now, nil)
	m.answered(now, 1, providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true, Proof: true})
	for range 20 {
		if m.busy == idle {
			now = m.retryAt
			m.tick(now)
		}
		m.storeChecked(now, nil)
		if m.busy != sending {
			break
		}
		var sent effect
		for _, e := range m.effects() {
			if e.kind == sendRefresh {
				sent = e
			}
			if e.kind == saveRecord {
				m.saved(now, e.grant.Generation, nil)
			}
		}
		if len(refreshRequest(sent).Scopes) == 0 {
			return // it would have worked
		}
		m.answered(now, sent.grant.Generation, providers.Answer{}, &refusal.Failure{Class: refusal.Suspect, Code: "invalid_request", Status: http.StatusBadRequest})
		if m.base == ReconnectRequired {
			break
		}
	}
	t.Errorf("%s %s: each try named the scopes", m.base, m.reason)
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

// refuseLess makes the provider refuse whoever names scopes or a resource.
func (r *rig) refuseLess(err error) {
	r.provider.with(func() {
		r.provider.refuses = func(req providers.RefreshRequest) error {
			if len(req.Scopes) == 0 && req.Resource == "" {
				return nil
			}
			return err
		}
	})
}

// plainHits are the requests so far that named no scopes.
func (r *rig) plainHits() (n int) {
	for _, scopes := range r.provider.askedScopes() {
		if scopes == "" {
			n++
		}
	}
	return n
}

// wantUntouched: the grant is as if nobody had asked for less.
func (r *rig) wantUntouched() {
	r.t.Helper()
	r.wantState(Connected, ReasonNone)
	if r.status().Announce {
		r.t.Error("the user is told")
	}
	if g := r.stored(); g.End != nil {
		r.t.Errorf("the record says that the grant ended: %+v", *g.End)
	}
	if g := r.stored(); g == nil || g.RefreshToken != r.provider.current {
		r.t.Error("the store does not hold the present refresh token")
	}
	r.token()
}

func TestNarrowTokenRefusedLeavesTheGrantConnected(t *testing.T) {
	wants := map[string]Want{
		"scope": {Scopes: []string{"admin"}}, "two scopes": {Scopes: []string{"admin", "read"}},
		"resource": {Resource: "https://other.example"}, "both": {Scopes: []string{"read"}, Resource: "https://other.example"},
	}
	lost := failure(refusal.Dead, "invalid_grant") // a gateway's status beside a code of the entry's rules
	lost.Status, lost.Lost = 502, true
	for _, c := range []struct {
		name   string
		err    *refusal.Failure
		code   Code
		checks int // plain refreshes that the refusal brings about
	}{
		{"invalid_grant", failure(refusal.Dead, "invalid_grant"), CodeBadRequest, 1},
		{"consent_required", failure(refusal.Dead, "consent_required"), CodeBadRequest, 1},
		{"invalid_grant from a gateway", lost, CodeBadRequest, 1},
		{"invalid_client", failure(refusal.Misconfigured, "invalid_client"), CodeBadRequest, 1},
		{"unauthorized_client", failure(refusal.Misconfigured, "unauthorized_client"), CodeBadRequest, 1},
		{"invalid_scope", failure(refusal.Misconfigured, "invalid_scope"), CodeBadRequest, 0},
		{"invalid_target", failure(refusal.Misconfigured, "invalid_target"), CodeBadRequest, 0},
		{"an unknown code", failure(refusal.Suspect, "strange"), CodeBadRequest, 0},
		{"trouble", failure(refusal.Transient, "server_error"), CodeTemporarilyUnavailable, 0},
	} {
		for name, want := range wants {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, r *rig) {
					r.refuseLess(c.err)
					r.pass(time.Minute)
					for range 10 { // more often than five unknown refusals, which would be an end
						_, err := r.ask(want)
						r.wantCode(err, c.code)
						r.wantUntouched()
						r.pass(11 * time.Second)
					}
					r.wantHits(10 + c.checks)
					r.restart()
					r.wantUntouched()
				})
			})
		}
	}
}

func TestNarrowTokenRefusedIsToldWithoutDoubtOfTheConnection(t *testing.T) {
	for _, c := range []struct {
		name         string
		granted      []string
		want         Want
		detail, hint string
	}{
		{"a scope that was not granted", []string{"read"}, Want{Scopes: []string{"admin"}},
			"Provider does not give a token for these scopes: the connection was not granted admin. The connection itself is fine.",
			"authtray connect work --scope admin"},
		{"a scope that was granted", []string{"read", "write"}, Want{Scopes: []string{"read"}},
			"Provider refused a token for these scopes. The connection itself is fine; ask for its own token.", "authtray token work"},
		{"a resource", []string{"read"}, Want{Resource: "https://other.example"},
			"Provider refused a token for this resource. The connection itself is fine; ask for its own token.", "authtray token work"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.adopt(c.granted...)
				r.refuseLess(failure(refusal.Dead, "invalid_grant"))
				r.pass(time.Minute)
				_, err := r.ask(c.want)
				r.wantCode(err, CodeBadRequest)
				if e := err.(*Error); e.Detail != c.detail || e.Hint != c.hint {
					t.Errorf("told %q, hint %q", e.Detail, e.Hint)
				}
			})
		})
	}
}

// What the plain refresh says is the truth, for the grant and for who asked.
func TestPlainRefreshDecidesAfterANarrowRefusal(t *testing.T) {
	for _, c := range []struct {
		name          string
		narrow, plain *refusal.Failure
		state         State
		reason        Reason
		code          Code
	}{
		{"dead", failure(refusal.Dead, "invalid_grant"), failure(refusal.Dead, "invalid_grant"),
			ReconnectRequired, ReasonRevoked, CodeReconnectRequired},
		{"client refused", failure(refusal.Misconfigured, "invalid_client"), failure(refusal.Misconfigured, "invalid_client"),
			Misconfigured, ReasonClientRefused, CodeMisconfigured},
		{"client refused, then dead", failure(refusal.Misconfigured, "invalid_client"), failure(refusal.Dead, "invalid_grant"),
			ReconnectRequired, ReasonRevoked, CodeReconnectRequired},
		{"unknown", failure(refusal.Dead, "invalid_grant"), failure(refusal.Suspect, "strange"),
			Retrying, ReasonUnclearRefusal, CodeTemporarilyUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.answers = []error{c.narrow, c.plain, c.plain, c.plain} })
				r.pass(time.Minute)
				_, err := r.ask(Want{Scopes: []string{"admin"}})
				r.wantCode(err, c.code)
				synctest.Wait()
				r.wantState(c.state, c.reason)
				r.wantHits(2)
				if gone := r.stored().AccessToken == ""; gone != (c.state == ReconnectRequired) {
					t.Errorf("its tokens are gone from the store: %t", gone)
				}
			})
		})
	}
}

func TestPlainRefreshThatIsDelayedDecidesWhenItIsAnswered(t *testing.T) {
	lost := &refusal.Failure{Class: refusal.Transient, Code: "timeout", Lost: true}
	for name, trouble := range map[string]error{
		"out of reach": failure(refusal.Transient, "network"), "answer lost": lost,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.answers = []error{failure(refusal.Dead, "invalid_grant"), trouble} })
				r.pass(time.Minute)
				_, err := r.ask(Want{Scopes: []string{"admin"}})
				r.wantCode(err, CodeBadRequest)
				r.wantUntouched()
				r.wantHits(3) // for less, refused; plain, in trouble; plain, answered
			})
		})
	}
	t.Run("keychain locked", func(t *testing.T) {
		inBubble(t, time.Hour, func(t *testing.T, r *rig) {
			r.provider.with(func() {
				r.provider.slow = time.Second
				r.provider.answers = []error{failure(refusal.Dead, "invalid_grant")}
			})
			r.pass(time.Minute)
			told := make(chan error, 1)
			go func() { _, err := r.ask(Want{Scopes: []string{"admin"}}); told <- err }()
			synctest.Wait()
			r.store.fail(store.ErrLocked)
			r.wantCode(<-told, CodeKeychainLocked)
			r.token()
			r.store.fail(nil)
			r.pass(time.Minute)
			r.wantUntouched()
			r.wantHits(2)
		})
	})
}

func TestNarrowAnswerLostIsAskedForAgainPlainly(t *testing.T) {
	lost := &refusal.Failure{Class: refusal.Transient, Code: "timeout", Lost: true}
	for name, then := range map[string]error{"answered": nil, "dead": failure(refusal.Dead, "invalid_grant")} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.answers = []error{lost, then} })
				r.pass(time.Minute)
				go r.ask(Want{Scopes: []string{"read"}})
				r.pass(5 * time.Second)
				if got := r.provider.askedScopes(); len(got) < 2 || got[1] != "" {
					t.Fatalf("the scopes asked for are %q", got)
				}
				if then == nil {
					r.wantState(Connected, ReasonNone)
				} else {
					r.wantState(ReconnectRequired, ReasonAnswerLost)
				}
			})
		})
	}
}

func TestNarrowRefusalsInALoopRenewTheGrantNoMoreThanOnceInABuffer(t *testing.T) {
	wants := map[string]func(i int) Want{ // another one each time must wait its turn
		"the same scope": func(int) Want { return Want{Scopes: []string{"admin"}} },
		"always another": func(i int) Want { return Want{Scopes: []string{fmt.Sprint("scope-", i)}} },
		"…of a resource that is always another": func(i int) Want { return Want{Scopes: []string{"x"}, Resource: fmt.Sprint("https://api.example/", i)} },
		"one and the other":                     func(i int) Want { return Want{Scopes: []string{"admin", fmt.Sprint("scope-", i%2)}} },
	}
	for _, lifetime := range []time.Duration{time.Hour, 3 * time.Hour, 0} {
		for name, want := range wants {
			t.Run(fmt.Sprintf("%s/%s", lifetime, name), func(t *testing.T) {
				inBubble(t, lifetime, func(t *testing.T, r *rig) {
					r.refuseLess(failure(refusal.Dead, "invalid_grant"))
					for i := range 1200 {
						_, err := r.askWithin(time.Millisecond, want(i))
						if e, ok := err.(*Error); !ok || e.Code != CodeTemporarilyUnavailable || !strings.HasSuffix(name, "another") {
							r.wantCode(err, CodeBadRequest)
						}
						r.pass(time.Second)
					}
					if n := r.provider.count() - r.plainHits(); n > 5*maxNewNarrow {
						t.Errorf("%d requests for less in 20 minutes", n)
					}
					if n := r.plainHits(); n < 1 || n > 5 {
						t.Errorf("%d plain refreshes in 20 minutes", n)
					}
					r.wantUntouched()
				})
			})
		}
	}
}

// Two tools in trouble do not take turns at renewing the grant.
func TestNarrowRefusalsAndRejectionsInALoopAreBothThrottled(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.refuseLess(failure(refusal.Dead, "invalid_grant"))
		for range 120 {
			r.pass(10 * time.Second)
			r.ask(Want{Scopes: []string{"admin"}})
			r.reject(r.token())
		}
		if n := r.plainHits(); n > 10 {
			t.Errorf("%d plain refreshes in 20 minutes", n)
		}
		r.wantUntouched()
	})
}

func TestNarrowRefusalThrottleOutlastsAClockThatIsSetBack(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.refuseLess(failure(refusal.Dead, "invalid_grant"))
		r.pass(time.Minute)
		r.ask(Want{Scopes: []string{"admin"}})
		r.clock.jump(-2 * time.Hour)
		r.status()
		for range 20 {
			r.pass(11 * time.Second)
			r.ask(Want{Scopes: []string{"admin"}})
		}
		if n := r.plainHits(); n != 1 {
			t.Errorf("%d plain refreshes in 4 minutes", n)
		}
		r.pass(5 * time.Minute)
		r.ask(Want{Scopes: []string{"admin"}})
		if n := r.plainHits(); n != 2 {
			t.Errorf("%d plain refreshes after the pause, want another one", n)
		}
	})
}

// Whoever waits for the grant's own token gets that of the refresh that decides.
func TestCallersWaitForThePlainRefreshThatDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.config.Refresh = "on-demand"
		r.start()
		defer r.quit()
		r.connect()
		r.refuseLess(failure(refusal.Dead, "invalid_grant"))
		r.provider.with(func() { r.provider.slow = 2 * time.Second })
		r.pass(61 * time.Minute)
		narrow, own := make(chan error, 5), make(chan Token, 5)
		for range 5 {
			go func() { _, err := r.ask(Want{Scopes: []string{"admin"}}); narrow <- err }()
		}
		synctest.Wait() // the request for less is under way
		for range 5 {
			go func() { tok, _ := r.ask(Want{}); own <- tok }()
		}
		for range 5 {
			if tok := <-own; tok.AccessToken != "access-2" {
				t.Errorf("a caller got %q", tok.AccessToken)
			}
			r.wantCode(<-narrow, CodeBadRequest)
		}
		r.wantHits(2)
		r.wantUntouched()
	})
}

// The user connects while the plain refresh that decides is under way: its
// answer, whatever it is, belongs to the old grant.
func TestPlainRefreshThatDecidesIsOvertakenByANewGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.slow = 5 * time.Second
			r.provider.answers = []error{failure(refusal.Dead, "invalid_grant"), failure(refusal.Dead, "invalid_grant")}
		})
		r.pass(time.Minute)
		go r.ask(Want{Scopes: []string{"admin"}})
		r.pass(7 * time.Second)
		r.wantHits(2)
		r.connect()
		r.pass(time.Minute)
		r.wantUntouched()
		if got := r.token(); got != "access-2" {
			t.Errorf("got %s", got)
		}
	})
}

// After a narrower token the grant's own is asked for with all its scopes; the
// refusal of those is no end either.
func TestScopesOfTheGrantRefusedAreAskedForOnceMoreWithoutThem(t *testing.T) {
	for _, dead := range []bool{false, true} {
		t.Run(fmt.Sprintf("dead: %t", dead), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.adopt("read", "write")
				r.pass(time.Minute)
				if _, err := r.ask(Want{Scopes: []string{"read"}}); err != nil {
					t.Fatal(err)
				}
				rotated := r.stored()
				if !rotated.Narrowed || !strings.HasPrefix(rotated.RefreshToken, "refresh-") {
					t.Fatal("the narrower token did not rotate")
				}
				r.refuseLess(failure(refusal.Dead, "consent_required"))
				if dead {
					r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
				}
				_, err := r.m.Refresh(t.Context(), "work")
				if dead {
					r.wantCode(err, CodeReconnectRequired)
					r.wantState(ReconnectRequired, ReasonRevoked)
					r.wantHits(3)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				r.wantUntouched()
				// A refusal of less, on top of a refresh token that was rotated for less.
				r.refuseLess(nil)
				r.ask(Want{Scopes: []string{"write"}})
				r.refuseLess(failure(refusal.Dead, "invalid_grant"))
				r.pass(time.Minute)
				_, err = r.ask(Want{Scopes: []string{"admin"}})
				r.wantCode(err, CodeBadRequest)
				r.wantUntouched()
			})
		})
	}
}
