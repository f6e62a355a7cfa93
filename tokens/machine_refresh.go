package tokens

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// start begins a refresh, if none is under way. want names a narrower token;
// its zero value is the grant's own.
func (m *machine) start(now time.Time, want Want) {
	if m.busy != idle || m.served == nil || m.policy.broken != "" || !m.policy.refreshable(m.served) {
		return
	}
	m.busy = checking
	m.request = effect{kind: sendRefresh, grant: m.served, want: want}
	check := effect{kind: checkStore}
	if m.answerLost {
		check.most = repeatCheck
	}
	m.emit(check)
}

// storeChecked is the answer to checkStore. A rotated refresh token that cannot
// be written would be lost with the process, so nothing is sent. A store that does
// not answer holds up no repeat: what it holds is spent, if the provider had the
// request whose answer was lost, and its grace goes by.
func (m *machine) storeChecked(now time.Time, err error) {
	if m.busy != checking {
		return
	}
	if m.answerLost && errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	if err != nil || m.bindingDiffers() { // the configuration may have changed meanwhile
		m.busy, m.request, m.rejection = idle, effect{}, false
	}
	switch {
	case m.bindingDiffers():
		return
	case err != nil && m.parked():
		m.stayParked(now, Sentence(KeychainLocked, storeReason(err), "", ""))
		return
	case err != nil:
		m.setState(now, KeychainLocked, storeReason(err), "", now.Add(storeRetry))
		return
	}
	m.busy, m.sentAt = sending, now
	m.emit(m.request)
}

// answered is the answer to sendRefresh.
func (m *machine) answered(now time.Time, generation uint64, a providers.Answer, err error) {
	if g := m.revocations.sent; g != nil && g.Generation == generation {
		if m.revocations.sent = nil; err == nil {
			m.revocations.grants = append(m.revocations.grants, g.renewed(a, false))
		}
		m.tickStore(now)
	}
	if m.busy != sending || m.served == nil || m.served.Generation != generation {
		return
	}
	want := m.request.want
	m.request = effect{}
	a.SentAt = m.sentAt // by the clock as it is now
	switch {
	case errors.Is(err, refusal.ErrBindingChanged):
		m.busy = idle
		m.endpointsChanged(now)
	case !want.plain():
		m.answeredNarrow(now, want, a, err)
	case m.served.Narrowed && mayRefuseScope(err):
		m.busy = idle // what the provider gives without being told is all there is
		m.served = m.served.changed(func(g *Grant) { g.Narrowed = false })
		m.start(now, Want{})
	case err == nil:
		m.save(now, m.served.renewed(a, m.policy.keepID))
	default:
		m.busy, m.rejection = idle, false
		m.refused(now, err)
	}
}

// mayRefuseScope reports whether the provider may not take the scopes that it granted.
// It says so, in whatever words, or names an end, which is one only where no scopes are
// named.
func mayRefuseScope(err error) bool {
	f := asFailure(err)
	return f.Class == refusal.Dead || f.Class == refusal.Suspect || f.Class == refusal.Misconfigured && !f.NothingThere() && misconfiguredReason(f) == ReasonRequestRefused
}

// renewed serves the grant that was on its way to the store.
func (m *machine) renewed(now time.Time) {
	if !m.next.wasOver() && (m.served == nil || m.served.AccessToken != m.next.AccessToken) {
		what := EventRefreshed
		if m.served == nil || m.served.ConsentedAt != m.next.ConsentedAt {
			what = EventKind(Connected)
		}
		m.note(now, what, ReasonNone, "")
	}
	m.busy = idle
	away := m.bindingDiffers() && m.served.ConsentedAt.Equal(m.next.ConsentedAt) // the configuration changed while the answer was under way
	told := m.told
	fails, again := m.fails, m.afterRejection && m.served != nil && same(m.served.AccessToken, m.next.AccessToken)
	if m.adopt(now, m.next); m.nextNarrow != nil {
		m.keepNarrow()
	}
	m.afterRejection = m.afterRejection || again // a token for less rotated the refresh token alone
	defer m.bindResources(now)                   // the configuration may have changed while it was saved
	if m.served.Binding.Resources == nil && m.policy.resources.Origins != nil {
		m.emit(effect{kind: compareBinding, grant: m.served}) // it could not be compared before
	}
	if away {
		m.told = ReasonNone // as the record has it
		m.setTold(now, told)
		return
	}
	m.told = ReasonNone
	if m.served.wasOver() && m.policy.refreshable(m.served) {
		m.fails = fails // a token that nobody can use is no success
		m.retry(now, m.errOver())
		return
	}
	m.base, m.reason, m.detail, m.said, m.retryAt = Connected, ReasonNone, "", "", time.Time{}
}

// errOver is what a token is that nobody can use.
func (m *machine) errOver() *refusal.Failure {
	return &refusal.Failure{Class: refusal.Transient, Code: "expired_token", Status: http.StatusOK,
		Detail: m.policy.provider + " gives tokens that are over as soon as they come (expires_in is 0)."}
}

// refused is the table of failures; see the package comment.
func (m *machine) refused(now time.Time, err error) {
	f := asFailure(err)
	m.said = f.Said
	if m.base == ReconnectRequired && f.Class != refusal.Dead { // parked, or the configuration changed meanwhile
		if m.answerLost = m.answerLost || f.Lost; m.parked() {
			m.stayParked(now, f.Detail)
		}
		return
	}
	switch f.Class {
	case refusal.Dead:
		detail := ""
		if slices.Contains(tellingCodes, f.Code) {
			detail = f.Detail // the provider's own reason, in our words
		}
		m.markDead(now, deathReason(m.served, m.policy, now, m.answerLost), detail)
	case refusal.RefusedForNow:
		if m.served.RefusedSince.IsZero() { // for who is told after a day, also where the process did not run for all of it
			m.change(now, func(g *Grant) { g.RefusedSince = now })
		}
		m.setState(now, Retrying, ReasonRefusedForNow, f.Detail, now.Add(slowRetry))
		m.soonest = now.Add(f.RetryAfter)
	case refusal.Misconfigured:
		if m.setState(now, Misconfigured, misconfiguredReason(f), f.Detail, now.Add(slowRetry)); f.NothingThere() {
			m.backOff(now, f)
		}
	case refusal.Suspect:
		m.suspect(now, f)
	default:
		m.retry(now, f)
	}
}

func asFailure(err error) *refusal.Failure {
	if f, ok := errors.AsType[*refusal.Failure](err); ok {
		return f
	}
	return &refusal.Failure{Class: refusal.Transient, Code: "internal", Err: err}
}

// retry plans the next try after a passing failure.
func (m *machine) retry(now time.Time, f *refusal.Failure) {
	m.setState(now, Retrying, waitReason(f), f.Detail, now)
	m.backOff(now, f)
}

// backOff has the next try come after a pause that grows, or for a caller.
func (m *machine) backOff(now time.Time, f *refusal.Failure) {
	m.fails++
	pause := backoff(m.fails, f.RetryAfter, m.rnd())
	if soon := m.repeat(now, f); soon > 0 {
		pause = min(pause, time.Duration((0.5+0.5*m.rnd())*float64(soon)))
	}
	m.retryAt = now.Add(pause)
	asked := now.Add(min(f.RetryAfter, maxRetryAfter))
	m.soonest = slices.MaxFunc([]time.Time{asked, m.sentAt.Add(callerPause)}, time.Time.Compare)
}

// repeat is how soon, at most, the next try is made of a request whose answer was
// lost; 0: the back-off says. The first one comes soon. As long as the provider is
// known to take the refresh token again, so do those after a try that brought no
// answer of the provider's: with shorter pauses as that time goes by, so that one
// reaches it.
func (m *machine) repeat(now time.Time, f *refusal.Failure) time.Duration {
	if f.Lost && !m.answerLost && m.policy.grace > 0 {
		m.graceEnds = m.sentAt.Add(m.policy.grace)
	}
	m.answerLost = m.answerLost || f.Lost
	left := m.graceEnds.Sub(now)
	switch {
	case f.RetryAfter > 0:
		return 0
	case f.Lost && !m.quickRetryUsed:
		if m.quickRetryUsed = true; f.Proof || left > 0 {
			return atOnce
		}
		return quickRetry
	case (f.Lost || f.Status == 0) && left > 0:
		return max(left/4, atOnce)
	}
	return 0
}

// tryForCaller renews for a caller that waits without a usable token. The next try
// after one that failed is made now, or as soon as may be: the back-off is for the timer.
func (m *machine) tryForCaller(now time.Time, want Want) {
	switch {
	case m.base == Connected:
		m.start(now, want)
	case !m.soonest.IsZero() && m.reason != ReasonRefusedForNow:
		if m.retryAt = earlier(m.retryAt, m.soonest); !now.Before(m.retryAt) {
			m.start(now, Want{})
		}
	}
}

// suspect tries again what was refused in words that nobody knows.
func (m *machine) suspect(now time.Time, f *refusal.Failure) {
	if m.suspects == len(suspectPauses) {
		m.served = m.served.with(End{State: ReconnectRequired, Reason: ReasonRefused, Detail: f.Detail, Time: now})
		m.setStateOfGrant(now)
		m.rewrite(now)
		return
	}
	pause := max(suspectPauses[m.suspects], min(f.RetryAfter, maxRetryAfter))
	m.suspects++
	m.setState(now, Retrying, ReasonUnclearRefusal, f.Detail, now.Add(pause))
}

// userRefresh renews now: the user asked, so back-off is forgotten.
func (m *machine) userRefresh(now time.Time) {
	m.fails = 0
	m.storeChanged(now)
	if m.store.damaged && m.served == nil && !m.store.erase {
		m.store.read, m.store.damaged = false, false
		m.tickStore(now)
	}
	m.refreshOnceRead = m.reading()
	if m.base != ReconnectRequired || m.parked() {
		m.start(now, Want{})
	}
}

// plain reports whether the grant's own token is wanted, not a narrower one.
func (w Want) plain() bool { return len(w.Scopes) == 0 && w.Resource == "" }
