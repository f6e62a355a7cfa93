package tokens

import (
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
)

// A request is with the provider when the user disconnects: all is not over before its answer.
func TestSettledNotBeforeTheAnswerOfWhatWasGivenUp(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	a := providers.Answer{AccessToken: "a", RefreshToken: "r", ExpiresIn: time.Hour, SentAt: now}
	m.recordRead(now, firstGrant(providers.Result{Answer: a}, 1, false), nil)
	m.start(now, Want{})
	m.storeChecked(now, nil)
	m.disconnect(now)
	for range 10 {
		for _, e := range m.effects() {
			switch e.kind {
			case saveRecord:
				m.saved(now, e.grant.Generation, nil)
			case eraseRecord:
				m.erased(now, nil)
			case revokeGrant:
				m.revoked(now, nil)
			case saveNote, clearNote:
				m.noteDone(now, e.kind, e.note, nil)
			}
		}
	}
	if m.store.held == nil && m.store.note == nil {
		t.Error("nothing says any more that a grant was given up, and the answer that rotates it is under way: a process that ends now leaves it alive")
	}
}
