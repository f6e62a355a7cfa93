package tokens

import (
	"context"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

func TestAnAnswerThatComesWhileTheProcessEndsIsKept(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 25 * time.Second })
		r.pass(55*time.Minute + 16*time.Second)
		r.wantHits(1)
		r.quit()
		if g := r.stored(); g.RefreshToken != "refresh-2" {
			t.Fatalf("the provider gave refresh-2, and the keychain holds %s", g.RefreshToken)
		}
		r.start()
		r.pass(10 * time.Second)
		r.wantState(Connected, ReasonNone)
		r.wantHits(1)
	})
}

func TestNothingNewIsSentWhileTheProcessEnds(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() {
			r.provider.slow = 10 * time.Second
			r.provider.always = &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true}
		})
		r.pass(55*time.Minute + 16*time.Second)
		r.quit() // the quick retry would come within these seconds
		r.wantHits(1)
		r.start()
	})
}

func TestASignInWhileTheProcessEndsIsKept(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.slowGet = 0
		go r.m.Adopt(context.Background(), "work", providers.Result{Answer: r.provider.issue(), Binding: rigBinding})
		r.pass(0)
		r.quit()
		if g := r.stored(); g.RefreshToken != "refresh-2" {
			t.Fatalf("the user connected, and the keychain holds %s", g.RefreshToken)
		}
		r.start()
	})
}
