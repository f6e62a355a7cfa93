package tokens

import (
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

func TestNobodyIsAskedToOpenAKeychainThatCannotBeReached(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.store.nobody = true
		r.store.fail(store.ErrUnavailable)
		before := r.clock.Elapsed()
		_, err := r.m.Refresh(t.Context(), "work")
		r.wantCode(err, CodeKeychainLocked)
		if took := r.clock.Elapsed() - before; took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
