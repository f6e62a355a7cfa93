package tokens

import (
	"net/http"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// E: a provider that takes no scopes at a refresh, in words that nobody knows. The answer to one
// request for less is lost; the grant's own refresh, which named none, works.
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
