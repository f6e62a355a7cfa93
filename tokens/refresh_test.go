package tokens

import (
	"context"
	"encoding/json"
	"fmt"
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
		if s := r.status(); !s.OnDemand || !s.Refreshable || s.State != Connected {
			t.Errorf("nothing says that the token, which has ended, is left to callers: %+v", s)
		}
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

// The keychain was away when the user signed in, and another process wrote a newer record
// meanwhile. Whenever that is seen, the answer to a refresh is for the grant that was sent.
func TestARefreshGoesOnWhileASignInTakesTheRecordsPlace(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	grant := func(n string, generation uint64) *Grant {
		a := providers.Answer{AccessToken: "a" + n, RefreshToken: "r" + n, ExpiresIn: time.Hour, SentAt: now}
		return firstGrant(providers.Result{Answer: a}, generation, false)
	}
	for _, seen := range []string{"before it is sent", "while it is sent"} {
		t.Run(seen, func(t *testing.T) {
			m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
			m.recordRead(now, grant("1", 1), nil)
			m.connect(now, grant("2", 2))
			m.saved(now, 2, store.ErrUnavailable)
			other := grant("other", 5)
			m.start(now, Want{})
			if seen == "before it is sent" {
				m.overtaken(now, other)
			}
			m.storeChecked(now, nil)
			sent := m.pending[len(m.pending)-1].grant
			if m.overtaken(now, other); sent == nil || sent.RefreshToken != "r2" {
				t.Fatalf("%+v is sent", sent)
			}
			m.answered(now, sent.Generation, providers.Answer{AccessToken: "a3", RefreshToken: "r3", ExpiresIn: time.Hour, SentAt: now}, nil)
			if m.overtaken(now, other); m.next == nil || m.next.AccessToken != "a3" || m.next.Generation <= 5 {
				t.Errorf("%+v is on its way to the store", m.next)
			}
		})
	}
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

func TestTokenHasTheMembersKeptWithTheGrantAsTheyWere(t *testing.T) {
	kept := `{"cloud_id":12345678901234567890,"instance_url":"https://i.example/?a=b&c"}`
	g := &Grant{AccessToken: "a"}
	if err := json.Unmarshal([]byte(kept), &g.Extra); err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(tokenOf(g).Extra)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(string(told), `\u0026`, "&"); got != kept {
		t.Errorf("a tool is told %s of %s", got, kept)
	}
}
