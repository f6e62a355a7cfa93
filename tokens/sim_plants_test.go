package tokens

import (
	"errors"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// plant is a bug put in on purpose. Both simulations, that of the machine alone and
// that of a Manager that runs it, must find each.
type plant int

const (
	noBug plant = iota
	bugServeBeforeWrite
	bugNoGenerationCheck
	bugUncappedBuffer
	bugDeafTimer
	bugNarrowEnds
	bugNarrowRenews
	bugEndForgotten
	bugServesUnwritten
	bugSendsParked
	bugParkForgotten
	bugParkedDies
	bugPolicyEnds
	bugPolicyHurries
	bugToldForgotten
	bugProbesLocked
	bugForgetsNote
	bugNoteCoversNew
	bugNoteLate
	bugMinValidCut
	bugMinValidUnthrottled
	bugNobodyHurries
	bugHurriesAgainstRetryAfter
	bugLessBecomesOwn
	bugLessForgotten
	bugUnstatedIsLess
	bugOverLoops
	bugRepeatsLate
	bugSilenceWaited
	bugProofIgnored
	bugGraceForgotten
	bugRepeatHeldUp
	bugNotCompared
	bugSignInGivesWay
)

var plants = []struct {
	name string
	bug  plant
}{
	{"served before written", bugServeBeforeWrite},
	{"no generation check", bugNoGenerationCheck},
	{"five minutes for everyone", bugUncappedBuffer},
	{"a timer that gives up", bugDeafTimer},
	{"a refusal of less is an end", bugNarrowEnds},
	{"a refusal of less renews", bugNarrowRenews},
	{"an end that is not written", bugEndForgotten},
	{"served until an end is written", bugServesUnwritten},
	{"a parked grant sent by a timer", bugSendsParked},
	{"parking that is not written", bugParkForgotten},
	{"parking that ends the grant", bugParkedDies},
	{"a passing policy is an end", bugPolicyEnds},
	{"a passing policy is hurried", bugPolicyHurries},
	{"told, and not written", bugToldForgotten},
	{"probes with a locked keychain", bugProbesLocked},
	{"a note that is not written", bugForgetsNote},
	{"a note that covers a sign-in", bugNoteCoversNew},
	{"a note written after the sign-in", bugNoteLate},
	{"a minimum that is cut", bugMinValidCut},
	{"renewed as often as asked", bugMinValidUnthrottled},
	{"callers wait for the back-off", bugNobodyHurries},
	{"callers before Retry-After", bugHurriesAgainstRetryAfter},
	{"less becomes the grant's own", bugLessBecomesOwn},
	{"less is forgotten at a restart", bugLessForgotten},
	{"not stated is as asked for", bugUnstatedIsLess},
	{"over as it comes, in a loop", bugOverLoops},
	{"repeated after the grace", bugRepeatsLate},
	{"silence waited for in a grace", bugSilenceWaited},
	{"a broken connection is silence", bugProofIgnored},
	{"the back-off in a grace", bugGraceForgotten},
	{"a repeat held up by a hung store", bugRepeatHeldUp},
	{"a record of another process that nobody reads", bugNotCompared},
	{"a sign-in gives way to another process", bugSignInGivesWay},
}

// plantAfter puts in what is wrong after an event; served is what was served before
// it.
func (a *simAgent) plantAfter(event string, served *Grant) {
	m, now := a.m, a.w.Now()
	switch a.w.plant {
	case bugSignInGivesWay:
		m.signedIn = false
	case bugServesUnwritten:
		if event == "answered" && m.over != nil && a.w.writeErr() != nil {
			m.served, m.over, m.base = served, nil, Connected // until the end is written
		}
	case bugNoteLate:
		if event == "connect" && m.store.noteAt == aheadOfSave {
			m.store.noteAt = now
		}
	case bugParkedDies:
		if event == "answered" && m.parked() {
			m.markDead(now, ReasonRevoked, "")
		}
	case bugPolicyHurries:
		if event == "answered" && m.reason == ReasonRefusedForNow && m.busy == idle {
			m.retryAt = now.Add(lastBackoff)
		}
	case bugOverLoops:
		if event == "saved" && m.served != nil && m.served.wasOver() && m.base == Retrying {
			m.retryAt = now
		}
	case bugRepeatsLate:
		if event == "answered" && m.base == Retrying && m.answerLost && !m.graceEnds.IsZero() {
			m.retryAt = m.graceEnds
		}
	case bugGraceForgotten:
		if event == "answered" && m.base == Retrying && m.answerLost {
			m.graceEnds = time.Time{}
		}
	}
	if a.real != nil { // its callers ask again at any event
		a.plantServing()
	}
}

// plantLast puts in what is wrong once an event is over.
func (a *simAgent) plantLast() {
	if a.w.plant == bugSendsParked && a.m.parked() && a.m.busy == idle {
		a.m.base, a.m.retryAt = Retrying, a.w.Now().Add(time.Hour)
	}
	if g := a.m.served; a.w.plant == bugUncappedBuffer && g != nil && g.lifetime() > 0 {
		b := float64(Buffer(g.lifetime()))
		a.m.jitter = -10 * (float64(maxBuffer) - b) / b // five minutes for everyone
	}
}

// plantServing puts in the bugs that concern how often the provider is asked.
func (a *simAgent) plantServing() {
	switch a.w.plant {
	case bugMinValidUnthrottled:
		a.m.early = nil
	case bugNobodyHurries:
		a.m.soonest = time.Time{}
	case bugHurriesAgainstRetryAfter:
		if !a.m.soonest.IsZero() {
			a.m.soonest = a.m.sentAt.Add(callerPause)
		}
	case bugLessBecomesOwn:
		a.m.given = nil
	}
}

func (a *simAgent) plantWant(w Want) Want {
	if a.w.plant == bugMinValidCut {
		w.MinValid = min(w.MinValid, a.w.lifetime/4)
	}
	return w
}

// plantAnswer puts in the bugs that concern what is made of an answer, and returns
// what the machine hears.
func (a *simAgent) plantAnswer(q asked, err error) error {
	var f *refusal.Failure
	if errors.As(err, &f) {
		n := *f
		f = &n
	}
	switch {
	case a.w.plant == bugNoGenerationCheck && a.real != nil && a.m.served != nil && a.m.busy == sending:
		g := *a.m.served
		g.Generation = q.grant.Generation
		a.m.served = &g
	case a.w.plant == bugNarrowRenews:
		a.m.decideAt = time.Time{}
	case f == nil:
	case a.w.plant == bugNarrowEnds && f.Class == refusal.Dead:
		a.m.request.want = Want{}
	case a.w.plant == bugPolicyEnds && f.Class == refusal.RefusedForNow:
		return &refusal.Failure{Class: refusal.Dead, Code: f.Code, Status: f.Status}
	case a.w.plant == bugProofIgnored:
		f.Proof = false
		return f
	}
	return err
}

// asWritten puts in the bugs of what is written.
func (w *world) asWritten(g *Grant) *Grant {
	n := *g
	switch {
	case w.plant == bugEndForgotten && g.AccessToken == "", w.plant == bugParkForgotten && g.parked():
		return w.disk
	case w.plant == bugLessForgotten:
		n.Given = nil
	case w.plant == bugToldForgotten:
		n.Told = ReasonNone
	case w.plant == bugNoteCoversNew:
		n.After = time.Time{}
	}
	return &n
}
