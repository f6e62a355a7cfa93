package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// inManyBubble runs a test on fake time with n connections, and a subscription
// that was told of none of them.
func inManyBubble(t *testing.T, n int, f func(t *testing.T, r *rig, names []string, sub *Subscription)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.run()
		defer r.quit()
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("c%03d", i))
			r.m.Put(Connection{Name: names[i], Config: r.config, Entry: r.entry, Provider: r.provider})
		}
		synctest.Wait()
		sub := r.m.Subscribe()
		defer sub.Stop()
		f(t, r, names, sub)
	})
}

func TestSubscriptionNamesEveryConnectionThatChanged(t *testing.T) {
	inManyBubble(t, 200, func(t *testing.T, r *rig, names []string, sub *Subscription) {
		slices.Reverse(names)
		for range 3 { // more changes than any buffer holds
			for _, name := range names {
				r.m.Touch(name)
			}
		}
		if got := r.told(sub); !slices.Equal(got, names) {
			t.Errorf("told of %q", got)
		}
		if got := r.told(sub); len(got) != 0 {
			t.Errorf("told again of %q", got)
		}
	})
}

func TestSubscriptionNamesEveryRemovedConnection(t *testing.T) {
	inManyBubble(t, 200, func(t *testing.T, r *rig, names []string, sub *Subscription) {
		for _, name := range names {
			r.m.Remove(name)
			r.m.Remove(name)
			r.m.Remove("nobody")
		}
		synctest.Wait()
		if got := r.told(sub); !slices.Equal(got, names) {
			t.Fatalf("told of %q", got)
		}
		for _, name := range names {
			var e *Error
			if _, err := r.m.Status(name); !errors.As(err, &e) || e.Code != CodeUnknownConnection {
				t.Errorf("%s is still known: %v", name, err)
			}
			r.m.Touch(name)
		}
		if got := r.told(sub); len(got) != 0 {
			t.Errorf("told again of %q", got)
		}
	})
}

func TestSubscriptionNamesAConnectionThatIsMadeAnew(t *testing.T) {
	for _, locked := range []bool{false, true} {
		t.Run(fmt.Sprintf("locked=%t", locked), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				sub := r.m.Subscribe()
				defer sub.Stop()
				if locked { // the old one stays until the keychain opens
					r.store.fail(store.ErrLocked)
				}
				if _, err := r.m.Disconnect(t.Context(), "work"); err != nil {
					t.Fatal(err)
				}
				r.m.Remove("work")
				synctest.Wait()
				r.told(sub)
				if left := len(r.m.all()) > 0; left != locked {
					t.Fatalf("the old one is there: %t", left)
				}
				r.put()
				if got := r.told(sub); !slices.Equal(got, []string{"work"}) {
					t.Errorf("told of %q", got)
				}
			})
		})
	}
}

func TestSubscriptionWaitsForAChange(t *testing.T) {
	inManyBubble(t, 1, func(t *testing.T, r *rig, names []string, sub *Subscription) {
		got := make(chan []string)
		go func() {
			told, _ := sub.Wait(t.Context())
			got <- told
		}()
		synctest.Wait() // it waits
		r.m.Touch(names[0])
		if told := <-got; !slices.Equal(told, names) {
			t.Errorf("told of %q", told)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sub.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		sub.Stop()
		r.m.Touch(names[0])
		if told := r.told(sub); len(told) != 0 {
			t.Errorf("told of %q after the end", told)
		}
	})
}
