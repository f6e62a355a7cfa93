package tokens

import (
	"errors"
	"fmt"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// simAgent is one process: a machine, and the driver that carries out its
// effects in the simulated world, as Manager does in the real one.
type simAgent struct {
	w        *world
	m        *machine
	steps    clockSteps
	dead     bool
	queue    []effect // for the store, in order
	working  bool
	sending  map[string]int // requests under way, by refresh token
	underway int            // requests whose answer has not come
	alarm    uint64         // the timer that counts; older ones are void
	userAt   time.Duration  // when the user last asked for a refresh
}

func newSimAgent(w *world) *simAgent {
	a := &simAgent{w: w, steps: clockSteps{clock: w}, sending: map[string]int{}}
	a.m = newMachine(w.Now(), w.policy, w.note, w.rnd.Float64)
	if w.plant == bugUncappedBuffer {
		a.m.buffer = func(time.Duration) time.Duration { return maxBuffer }
	}
	a.event("start", func(time.Time) {})
	return a
}

// crash ends the process with -9. Another one begins soon.
func (a *simAgent) crash() {
	if a.dead {
		return
	}
	a.w.check.crashed(a)
	a.w.tell("crash: %s", a)
	a.dead = true
	a.w.in(a.w.about(2*time.Minute), func() {
		if a.w.agent == a {
			a.w.boot()
		}
	})
}

// mayCrash is called at each named step. It says whether the process is gone.
func (a *simAgent) mayCrash() bool {
	if !a.dead && a.w.rnd.IntN(3000) == 0 {
		a.crash()
	}
	return a.dead
}

// look is Manager.now.
func (a *simAgent) look() time.Time {
	now, step, undone := a.steps.look()
	switch {
	case step < -backStep:
		a.m.shift(now, step, undone)
		a.w.check.alive(a.m)
		a.setAlarm()
	case step > sleepGap:
		a.m.resumed(now)
		a.carryOut()
	}
	return now
}

// event is Manager.event: it also holds each transition against the table.
func (a *simAgent) event(name string, f func(now time.Time)) {
	if a.dead {
		return
	}
	now := a.look()
	before := a.m.base
	f(now)
	a.w.tell("%s: %s", name, a)
	a.w.check.transition(name, before, a)
	a.carryOut()
	if a.m.announce(now) {
		a.w.check.announced(a.m)
		a.m.announced(now)
		a.carryOut()
	}
	if a.w.plant == bugSendsParked && a.m.parked() && a.m.busy == idle {
		a.m.base, a.m.retryAt = Retrying, now.Add(time.Hour)
	}
	a.setAlarm()
}

func (a *simAgent) setAlarm() {
	at := a.m.due()
	if at.IsZero() || a.w.plant == bugDeafTimer && a.m.base == Retrying {
		return
	}
	a.alarm++
	mine := a.alarm
	pause := max(at.Sub(a.w.Now()), 0)
	if pause > time.Hour {
		pause = min(pause, farPause*6) // the real pause is ten minutes; a coarser look is enough where clocks do not jump
	}
	a.w.in(pause, func() {
		if mine == a.alarm && !a.w.asleep {
			a.event("tick", func(now time.Time) { a.m.tick(now) })
		}
	})
}

func (a *simAgent) wake() { a.event("tick", func(now time.Time) { a.m.tick(now) }) }

// later brings an answer after d, unless the process has died; an answer that
// falls into a suspend comes after it.
func (a *simAgent) later(d time.Duration, f func()) {
	a.w.in(d, func() {
		switch {
		case a.dead:
		case a.w.asleep:
			a.later(10*time.Minute, f)
		default:
			f()
		}
	})
}

func (a *simAgent) carryOut() {
	for _, e := range a.m.effects() {
		switch e.kind {
		case checkStore:
			a.later(5*time.Millisecond, func() {
				err := a.w.storeErr()
				if a.w.plant == bugServeBeforeWrite {
					err = nil
				}
				a.event("store checked", func(now time.Time) { a.m.storeChecked(now, err) })
			})
		case sendRefresh:
			a.send(e)
		case compareBinding:
			same := !a.w.moved
			if a.w.online {
				a.later(100*time.Millisecond, func() {
					a.event("bound", func(now time.Time) { a.m.bound(now, e.grant.Generation, same) })
				})
			}
		case revokeGrant:
			a.later(a.w.about(200*time.Millisecond)-time.Second, func() {
				a.w.provider.givenBack(e.grant)
				a.event("given back", func(now time.Time) { a.m.revoked(now, nil) })
			})
		case askScopes:
			shown := a.w.provider.show(e.grant)
			a.later(a.w.about(200*time.Millisecond)-time.Second, func() {
				a.event("proven", func(time.Time) { a.m.proven(e.grant.AccessToken, shown) })
			})
		case askProvider:
			a.later(5*time.Millisecond, func() {
				if err := a.w.storeErr(); err != nil && a.w.plant != bugProbesLocked {
					a.event("probed", func(now time.Time) { a.m.probed(now, e.grant.Generation, providers.Unclear, err) })
					return
				}
				if a.w.locked {
					a.w.check.fail("the provider is asked, and the end that its answer may be cannot be written")
				}
				a.later(a.w.about(200*time.Millisecond)-time.Second, func() {
					l := a.w.provider.probe(e.grant)
					a.event("probed", func(now time.Time) { a.m.probed(now, e.grant.Generation, l, nil) })
				})
			})
		default:
			a.queue = append(a.queue, e)
			a.work()
		}
	}
}

// work carries out the store's effects, one after the other.
func (a *simAgent) work() {
	if a.working || len(a.queue) == 0 {
		return
	}
	a.working = true
	a.later(a.w.about(20*time.Millisecond)-time.Second, func() {
		if a.mayCrash() {
			return
		}
		e := a.queue[0]
		a.queue = a.queue[1:]
		a.inStore(e)
		a.working = false
		a.work()
	})
}

func (a *simAgent) inStore(e effect) {
	w := a.w
	err := w.storeErr()
	switch e.kind {
	case saveRecord:
		if err = errors.Join(err, w.writeErr()); err == nil && w.plant != bugServeBeforeWrite {
			w.disk = w.asWritten(e.grant)
			w.check.kept(e.grant)
			if w.note != nil && !e.grant.givenUp() && w.rnd.IntN(3) == 0 {
				a.crash() // before the note on the one before it goes
			}
		}
	case eraseRecord:
		if err == nil {
			w.disk = nil
			w.check.erased()
		}
	case saveNote:
		if err = w.folderErr(); err == nil {
			w.check.noted()
			if w.plant != bugForgetsNote {
				w.note = e.note
			}
		}
	case clearNote:
		if err = w.folderErr(); err == nil {
			w.note = nil
		}
	}
	if a.mayCrash() {
		return
	}
	switch e.kind {
	case readRecord, rereadRecord:
		g := w.disk
		if err == nil && g == nil {
			err = store.ErrAbsent
		}
		if e.kind == readRecord {
			a.event("record read", func(now time.Time) { a.m.recordRead(now, g, err) })
		} else {
			a.event("reread", func(now time.Time) { a.reread(now, g, err) })
		}
	case saveRecord:
		if w.plant == bugServeBeforeWrite {
			a.event("saved", func(now time.Time) { a.m.saved(now, e.grant.Generation, nil) })
			a.later(w.about(time.Minute), func() {
				if !w.locked {
					w.disk = e.grant
				}
			})
			return
		}
		a.event("saved", func(now time.Time) {
			a.m.saved(now, e.grant.Generation, err)
			if w.plant == bugOverLoops && a.m.served != nil && a.m.served.wasOver() && a.m.base == Retrying {
				a.m.retryAt = now
			}
		})
	case eraseRecord:
		a.event("erased", func(now time.Time) { a.m.erased(now, err) })
	case saveNote, clearNote:
		a.event("note done", func(now time.Time) { a.m.noteDone(now, e.kind, e.note, err) })
	}
}

// reread puts in the bugs that concern how a grant ends.
func (a *simAgent) reread(now time.Time, g *Grant, err error) {
	served := a.m.served
	if a.w.plant == bugParkedDies && a.m.ending.Reason == ReasonRefused {
		a.m.ending.Detail, a.m.ending.Reason = "", ReasonRevoked
	}
	a.m.reread(now, g, err)
	if a.w.plant == bugServesUnwritten && a.m.over != nil && a.w.writeErr() != nil {
		a.m.served, a.m.over, a.m.base = served, nil, Connected // until the end is written
	}
}

// send is the network between the agent and the token endpoint, and
// Manager.performRemote.
func (a *simAgent) send(e effect) {
	w := a.w
	w.check.sent(a, e)
	a.sending[e.grant.RefreshToken]++
	a.underway++
	answer := func(d time.Duration, ans providers.Answer, err error) {
		a.later(d, func() {
			if a.mayCrash() {
				return
			}
			a.sending[e.grant.RefreshToken]--
			generation := e.grant.Generation
			if w.plant == bugNoGenerationCheck && a.m.served != nil {
				generation = a.m.served.Generation
			}
			heard := err
			if f := (*refusal.Failure)(nil); w.plant == bugPolicyEnds && errors.As(err, &f) && f.Class == refusal.RefusedForNow {
				heard = &refusal.Failure{Class: refusal.Dead, Code: f.Code, Status: f.Status}
			}
			if w.plant == bugProofIgnored && err == error(lossFailures[connBroke]) {
				f := *lossFailures[connBroke]
				f.Proof = false
				heard = &f
			}
			a.underway--
			counts, before := a.m.busy == sending && a.m.served != nil && a.m.served.Generation == generation, a.m.base
			a.plantNarrow(err)
			a.event("answered", func(now time.Time) {
				a.m.answered(now, generation, ans, heard)
				a.plantGrace()
				if w.plant == bugPolicyHurries && a.m.reason == ReasonRefusedForNow && a.m.busy == idle {
					a.m.retryAt = now.Add(lastBackoff)
				}
			})
			switch {
			case counts && e.want.plain():
				w.check.answered(a, err)
			case counts:
				w.check.answeredNarrow(a, before, err)
			}
		})
	}
	sentAt := w.Now()
	switch {
	case w.moved:
		answer(time.Millisecond, providers.Answer{}, refusal.ErrBindingChanged)
	case !w.online:
		answer(time.Second, providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "network", Detail: "No network."})
	case w.portal:
		answer(time.Second, providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "not_oauth", Status: 200, Detail: "A login page."})
	default:
		slow := w.about(200*time.Millisecond) - time.Second
		switch {
		case w.slowNext:
			slow, w.slowNext = 10*time.Second, false
		case w.rnd.IntN(300) == 0: // so slow that the user connects again meanwhile, and the new grant is refreshed, slowly too
			slow = 5 * time.Second
			w.in(time.Second, a.userConnects)
			w.in(2*time.Second, func() {
				w.slowNext = true
				a.serve(Want{Scopes: simLess})
				w.in(time.Second, func() { w.slowNext = false })
			})
		}
		w.in(slow, func() { // the request arrives whatever becomes of its sender
			ans, err := w.provider.refresh(a, e.grant, e.want)
			ans.SentAt = sentAt
			how := w.losing(2*slow > w.silence())
			w.tell("provider answers %s (%v): %v, lost %v", e.grant.RefreshToken, ans.RefreshToken, err, a.dead || how != notLost)
			w.check.provider(e.want, err)
			if a.dead || how != notLost {
				w.check.unheard = true
			}
			back := slow + time.Millisecond
			if how != notLost {
				w.check.lost(how)
				ans, err = providers.Answer{}, lossFailures[how]
			}
			if how == noAnswer {
				back = max(w.silence()-slow, time.Millisecond)
				w.silentUntil = w.now + back
			}
			answer(back, ans, err)
		})
	}
}

// losing says how an answer that comes now gets lost; notLost: it does not. late:
// nobody waits for it any more.
func (w *world) losing(late bool) loss {
	lose := w.provider.loseNext > 0 || w.lossy || !w.online || w.asleep
	w.provider.loseNext = max(w.provider.loseNext-1, 0)
	switch {
	case late:
		return noAnswer
	case !lose:
		return notLost
	case !w.online || w.asleep:
		return []loss{connBroke, noAnswer}[w.rnd.IntN(2)]
	}
	return []loss{connBroke, noAnswer, gatewayAnswer}[w.rnd.IntN(3)]
}

// plantGrace puts in the bugs that concern the repetition of a request whose
// answer was lost.
func (a *simAgent) plantGrace() {
	switch {
	case a.m.base != Retrying || !a.m.answerLost || a.m.graceEnds.IsZero():
	case a.w.plant == bugRepeatsLate:
		a.m.retryAt = a.m.graceEnds
	case a.w.plant == bugGraceForgotten:
		a.m.graceEnds = time.Time{}
	}
}

// plantNarrow puts in the bugs that concern the refusal of a narrower token.
func (a *simAgent) plantNarrow(err error) {
	switch {
	case a.w.plant == bugNarrowEnds && err != nil && asFailure(err).Class == refusal.Dead:
		a.m.request.want = Want{}
	case a.w.plant == bugNarrowRenews:
		a.m.decideAt = time.Time{}
	}
}

func (a *simAgent) storeChanged() {
	if !a.w.asleep {
		a.event("store changed", func(now time.Time) { a.m.storeChanged(now) })
	}
}

func (a *simAgent) configured() {
	if !a.w.asleep {
		a.event("configured", func(now time.Time) { a.m.configured(now, a.m.policy) })
	}
}

func (a *simAgent) userRefresh() {
	if !a.w.asleep {
		a.userAt = a.w.now
		a.w.check.fails = 0
		a.event("user refresh", func(now time.Time) { a.m.userRefresh(now) })
	}
}

// networkBack is what the desktop says of its network.
func (a *simAgent) networkBack() {
	if !a.w.asleep {
		a.event("network back", func(now time.Time) { a.m.networkBack(now) })
	}
}

// userConnects brings a new grant, where the user can.
func (a *simAgent) userConnects() {
	w := a.w
	if a.dead || w.asleep || !w.online || w.portal || w.outage || w.moved {
		w.in(w.about(20*time.Minute), func() { w.agent.userConnects() })
		return
	}
	r := providers.Result{Answer: w.provider.consent(), Binding: w.binding()}
	w.wanted = true
	w.check.consented()
	a.event("connect", func(now time.Time) {
		g := firstGrant(r, a.m.generation(now)+1, false)
		a.m.connect(now, g)
		if w.plant == bugNoteCoversNew {
			g.After = time.Time{}
		}
	})
}

// userDisconnects, and thinks better of it soon, or some days later.
func (a *simAgent) userDisconnects() {
	if a.dead || a.w.asleep || a.m.served == nil && a.m.store.read {
		return
	}
	switch a.w.rnd.IntN(4) { // the keychain is locked at this very moment, and perhaps the disk is full
	case 0:
		a.w.lockFor(a.w.about(3 * time.Hour))
	case 1:
		a.w.lockFor(a.w.about(3 * time.Hour))
		a.w.full = true // until the next spell is over
		a.w.in(a.w.about(time.Hour), func() { a.w.full = false })
	}
	a.w.wanted = false
	a.event("disconnect", func(now time.Time) { a.m.disconnect(now) })
	later := []time.Duration{2 * day, 30 * time.Minute}[a.w.rnd.IntN(2)]
	a.w.in(a.w.about(later), func() { a.w.agent.userConnects() })
}

// serve is a tool that asks, and waits for the answer at most ten seconds.
func (a *simAgent) serve(want Want) {
	a.put(simAsk{want: want, left: 10 * time.Second, each: 500 * time.Millisecond})
}

// complain is a tool that says its token was refused: sometimes it is right.
func (a *simAgent) complain() {
	if a.dead || a.w.asleep || a.m.served == nil {
		return
	}
	token := a.m.served.AccessToken
	if a.w.provider.takes(token) && a.w.rnd.IntN(3) > 0 {
		return
	}
	a.put(simAsk{rejected: token, left: 10 * time.Second, each: 500 * time.Millisecond})
}

func (a *simAgent) String() string {
	return fmt.Sprintf("%s/%s busy=%d served=%v next=%v over=%v unsaved=%v note=%v", a.m.base, a.m.reason, a.m.busy, a.m.served, a.m.next, a.m.over, a.m.unsaved(), a.m.store.note)
}
