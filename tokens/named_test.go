package tokens

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
)

// signIn adopts a grant of which nobody knows yet whose it is.
func (r *rig) signIn() providers.Result {
	r.t.Helper()
	result := providers.Result{Answer: r.provider.issue(), Binding: rigBinding}
	if _, err := r.m.Adopt(r.t.Context(), "work", result); err != nil {
		r.t.Fatal(err)
	}
	return result
}

// A slow whoami does not hold up the sign-in: whose it is is filled in later.
func TestWhoseGrantItIsIsFilledInLater(t *testing.T) {
	ada, bob := providers.Account{ID: "1", Label: "ada"}, providers.Account{ID: "2", Label: "bob"}
	for name, meanwhile := range map[string]func(r *rig){
		"at once":         func(*rig) {},
		"after a refresh": func(r *rig) { r.m.Refresh(r.t.Context(), "work") },
		"while a refresh is sent": func(r *rig) {
			r.provider.slow = 5 * time.Second
			go r.m.Refresh(r.t.Context(), "work")
			r.pass(time.Second)
		},
		"while the keychain is slow": func(r *rig) {
			r.store.took, r.store.errs = []time.Duration{3 * time.Second}, []error{nil}
			go r.m.Refresh(r.t.Context(), "work")
			r.pass(time.Second)
		},
		"after the clock was set": func(r *rig) { r.clock.jump(-2 * time.Hour); r.status() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				result := r.signIn()
				meanwhile(r)
				result.Account = ada
				if !r.m.Named("work", result) {
					t.Fatal("not the connection's grant")
				}
				r.pass(10 * time.Second)
				for range 2 {
					if s := r.status(); s.Account != "ada" || s.AccountID != "1" || s.Unsaved || s.State != Connected {
						t.Errorf("status %+v", s)
					}
					if g := r.stored(); g.Account != ada || g.RefreshToken != r.provider.current {
						t.Errorf("the store has %+v", g.Account)
					}
					r.restart()
				}
			})
		})
	}
	t.Run("not of another grant", func(t *testing.T) {
		inBubble(t, time.Hour, func(t *testing.T, r *rig) {
			first := r.signIn()
			r.connect() // ada's
			first.Account = bob
			if r.m.Named("work", first) || r.status().Account != "ada" {
				t.Errorf("the account is %s", r.status().Account)
			}
			second := r.signIn()
			r.m.Disconnect(t.Context(), "work")
			second.Account = bob
			if r.m.Named("work", second) {
				t.Error("a grant that was given up is named")
			}
			synctest.Wait()
			if r.stored() != nil {
				t.Error("…and written again")
			}
			if r.m.Named("nobody", second) {
				t.Error("an unknown connection is named")
			}
		})
	})
}
