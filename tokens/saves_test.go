package tokens

import (
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

func TestAnOldGrantIsNotWrittenOverANewOne(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	var queue []effect
	pump := func() {
		for _, e := range m.effects() {
			if e.kind == saveRecord {
				queue = append(queue, e)
			}
		}
	}
	a := func(n string) providers.Result {
		return providers.Result{Answer: providers.Answer{AccessToken: "a" + n, RefreshToken: "r" + n, ExpiresIn: time.Hour, SentAt: now}}
	}
	m.recordRead(now, firstGrant(a("1"), 1, false), nil)
	m.shift(now, -time.Minute, false) // or a failed save
	m.tick(now)
	pump() // save 1 under way: keychain hangs
	m.connect(now, firstGrant(a("2"), 2, false))
	pump() // save 2 behind it
	now = now.Add(10 * time.Second)
	m.saved(now, 1, store.ErrUnavailable)
	m.storeChanged(now) // the keychain came back
	pump()
	m.saved(now, 2, nil)
	pump()
	m.saved(now, queue[len(queue)-1].grant.Generation, nil)
	m.tick(now)
	pump()
	if last := queue[len(queue)-1].grant; last.Generation != m.served.Generation {
		t.Fatalf("the store holds %v, memory %v, unsaved %v", last, m.served, m.unsaved())
	}
}

func TestARetriedWriteDoesNotOvertakeTheNewGrant(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.mu.Lock()
		r.store.took, r.store.errs = []time.Duration{10 * time.Second, 8 * time.Second}, []error{store.ErrUnavailable, nil}
		r.store.mu.Unlock()
		r.clock.jump(-time.Minute) // written again: the keychain hangs
		r.status()
		r.pass(time.Second)
		r.connect() // behind it, and the keychain answers again
		r.pass(time.Minute)
		if g := r.stored(); g.AccessToken != "access-2" || r.status().Unsaved {
			t.Fatalf("connected with access-2; the keychain holds %s; unsaved %v", g.AccessToken, r.status().Unsaved)
		}
		r.restart()
		if got := r.token(); got != "access-2" {
			t.Fatal(got)
		}
	})
}

func TestAKeychainHasASecondToAnswer(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowGet = 200 * time.Millisecond
		r.restart()
		r.resume()
		r.wantState(Disconnected, ReasonNone)
	})
}

func TestAForgottenRefreshIsNotMadeHoursLater(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.store.fail(store.ErrLocked)
		r.restart()
		r.clock.jump(time.Second)
		r.store.mu.Lock()
		r.store.slowGet = time.Second
		r.store.mu.Unlock()
		_, err := r.m.Refresh(t.Context(), "work")
		r.wantCode(err, CodeKeychainLocked)
		r.pass(2 * time.Hour)
		r.store.fail(nil)
		r.pass(time.Minute)
		r.wantHits(0)
	})
}

// A token of 900 kB was served, could not be written, and a locked keychain was blamed.
func TestATokenThatIsTooLargeForTheKeychainIsSaidToBe(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int
		large bool
	}{{"900 kB", 900 << 10, true}, {"just too large", store.MaxValue, true}, {"large", 200 << 10, false}} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.store.max = store.MaxValue
				answer := r.provider.issue()
				answer.AccessToken = strings.Repeat("x", c.size)
				st, err := r.m.Adopt(t.Context(), "work", providers.Result{Answer: answer, Binding: rigBinding})
				if err != nil {
					t.Fatal(err)
				}
				if said := strings.Contains(st.Detail, "too large for the keychain"); said != c.large || st.Unsaved != c.large {
					t.Errorf("unsaved %t, told %q", st.Unsaved, st.Detail)
				}
				if strings.Contains(st.Detail, "nlock") {
					t.Errorf("a lock is blamed: %q", st.Detail)
				}
				if len(r.token()) != c.size {
					t.Error("it is not served")
				}
				r.provider.with(func() { r.provider.current = answer.RefreshToken })
				if _, err := r.m.Refresh(t.Context(), "work"); err != nil { // for one that is not
					t.Fatal(err)
				}
				if st := r.status(); st.Unsaved || st.Detail != "" || r.stored().RefreshToken != r.provider.current {
					t.Errorf("after a usual one: unsaved %t, told %q", st.Unsaved, st.Detail)
				}
			})
		})
	}
}
