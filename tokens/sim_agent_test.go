package tokens

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// simAgent is one process in the simulated world: a machine whose effects are
// carried out there. Either the simulation hands it its events itself, or a Manager
// does, with what is around it simulated.
type simAgent struct {
	w        *world
	m        *machine
	real     *simManager // runs m; nil: the simulation does
	steps    clockSteps
	dead     bool
	quitting bool    // it was asked to end
	queue    []asked // for the store, in order
	working  bool
	sending  map[string]int // requests under way, by refresh token
	underway int            // requests whose answer has not come
	waiting  int            // callers of a Manager
	waited   int            // …before the present event
	alarm    uint64         // the timer that counts; older ones are void
	userAt   time.Duration  // when the user last asked for a refresh
}

// asked is an effect that is to be carried out.
type asked struct {
	effect
	reply chan outcome // where a Manager waits for what comes of it
	event string       // the event that it leads to there, where the effect does not say
	asks  bool         // the user is asked to open the store
}

// outcome is what came of an effect.
type outcome struct {
	err      error
	grant    *Grant             // readRecord
	answer   providers.Answer   // sendRefresh
	liveness providers.Liveness // askProvider
	scopes   []string           // askScopes
}

func newSimAgent(w *world) *simAgent {
	a := &simAgent{w: w, steps: clockSteps{clock: w}, sending: map[string]int{}}
	w.agent = a
	if w.managed {
		a.real = startManager(a)
		return a
	}
	a.m = newMachine(w.Now(), w.policy, w.loadNote(), w.rnd.Float64)
	a.event("start", func(time.Time) {}, nil)
	return a
}

// crash ends the process with -9. Another one begins soon.
func (a *simAgent) crash() {
	if a.dead {
		return
	}
	a.w.tell("crash: %s", a)
	a.end()
}

// end is what comes after the process has ended.
func (a *simAgent) end() {
	a.w.check.crashed(a)
	a.dead = true
	if a.real != nil {
		a.real.kill()
	}
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
	if a.real != nil {
		a.real.event("clock set", func() { a.real.m.List() })
		return a.w.Now()
	}
	now, step, undone := a.steps.measure()
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

// event is Manager.event: it also holds each transition against the table. real is
// what has a Manager hand the machine that event.
func (a *simAgent) event(name string, f func(now time.Time), real func()) {
	if a.dead {
		return
	}
	if a.real != nil {
		a.real.event(name, real)
		return
	}
	now := a.look()
	before, served := a.m.base, a.m.served
	a.plantServing()
	f(now)
	a.plantAfter(name, served)
	a.w.tell("%s: %s", name, a)
	a.w.check.transition(name, before, a)
	a.carryOut()
	if a.m.announce(now) {
		a.w.check.announced(a.m)
		a.m.announced(now)
		a.carryOut()
	}
	a.plantLast()
	a.setAlarm()
}

// answer is the event that an effect leads to.
func (a *simAgent) answer(name string, q asked, out outcome, f func(now time.Time)) {
	a.event(name, f, func() { q.reply <- out })
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
			a.event("tick", func(now time.Time) { a.m.tick(now) }, nil)
		}
	})
}

// wake is the end of a suspend.
func (a *simAgent) wake() {
	if a.real != nil {
		a.real.event("resumed", func() { a.real.m.List() })
		a.real.thaw()
		if a.real.moved != a.w.moved { // the file changed meanwhile
			a.configured()
		}
		return
	}
	a.event("tick", func(now time.Time) { a.m.tick(now) }, nil)
}

// later brings an answer after d, unless the process has died; an answer that
// falls into a suspend comes after it.
func (a *simAgent) later(d time.Duration, f func()) {
	a.w.in(d, func() {
		switch {
		case a.dead:
		case a.w.asleep && a.real == nil: // a Manager gives up what does not come soon after
			a.w.waking = append(a.w.waking, func() { a.later(time.Second, f) })
		case a.w.asleep:
			a.later(10*time.Minute, f)
		default:
			f()
		}
	})
}

func (a *simAgent) carryOut() {
	for _, e := range a.m.effects() {
		a.carry(asked{effect: e})
	}
}

// carry carries out an effect, or has it done in its turn.
func (a *simAgent) carry(q asked) {
	e := q.effect
	soon := func() time.Duration { return a.w.about(200*time.Millisecond) - time.Second }
	switch e.kind {
	case checkStore:
		a.later(5*time.Millisecond, func() { a.check(q) })
	case sendRefresh:
		a.send(q)
	case compareBinding:
		same := !a.w.moved
		if a.w.online || q.reply != nil {
			out := outcome{}
			if !a.w.online {
				out.err = lossFailures[noAnswer]
			}
			a.later(100*time.Millisecond, func() {
				a.answer("bound", q, out, func(now time.Time) { a.m.bound(now, e.grant, same) })
			})
		}
	case revokeGrant:
		a.later(soon(), func() {
			a.w.provider.revokedForUser(e.grant)
			a.answer("revoked", q, outcome{}, func(now time.Time) { a.m.revoked(now, nil) })
		})
	case askScopes:
		shown := a.w.provider.show(e.grant)
		a.later(soon(), func() {
			a.answer("proven", q, outcome{scopes: shown}, func(time.Time) { a.m.proven(e.grant.AccessToken, shown) })
		})
	case askProvider:
		if a.real != nil { // it has asked the store before
			a.probe(q)
			return
		}
		a.later(5*time.Millisecond, func() {
			if err := a.checkErr("probed"); err != nil {
				a.answer("probed", q, outcome{}, func(now time.Time) { a.m.probed(now, e.grant.Generation, providers.Unclear, err) })
				return
			}
			a.overtaken()
			a.probe(q)
		})
	default:
		a.queue = append(a.queue, q)
		a.work()
	}
}

// check is the store's answer to whether it can be written.
func (a *simAgent) check(q asked) {
	if q.asks && a.w.rnd.IntN(2) == 0 {
		a.w.locked = false
	}
	event := cmp.Or(q.event, "store checked")
	err := a.checkErr(event)
	if a.real != nil && event == "probed" {
		a.real.writable = !a.w.locked
	}
	if a.real != nil && err == nil && (event == "store checked" || event == "probed") {
		a.real.compares = event // the same goroutine, as the next thing
	}
	if err == nil {
		a.overtaken()
	}
	a.answer(event, q, outcome{err: err}, func(now time.Time) { a.m.storeChecked(now, err) })
}

// checkErr is why the store cannot be written, for the request that is to be sent.
func (a *simAgent) checkErr(event string) error {
	switch {
	case event == "store checked" && a.w.plant == bugServeBeforeWrite, event == "probed" && a.w.plant == bugProbesLocked:
		return nil
	case event == "store checked" && a.m.answerLost && a.w.rnd.IntN(20) == 0: // it hangs, for longer than a grace may be
		if a.w.plant == bugRepeatHeldUp {
			return store.ErrUnavailable
		}
		return fmt.Errorf("%w: %w", store.ErrUnavailable, context.DeadlineExceeded)
	}
	return a.w.storeErr()
}

// probe is the provider's answer to a question about a token.
func (a *simAgent) probe(q asked) {
	if a.w.locked && (a.real == nil || !a.real.writable) {
		a.w.check.fail("the provider is asked, and the end that its answer may be cannot be written")
	}
	a.later(a.w.about(200*time.Millisecond)-time.Second, func() {
		l := a.w.provider.probe(q.grant)
		a.answer("probed", q, outcome{liveness: l}, func(now time.Time) { a.m.probed(now, q.grant.Generation, l, nil) })
	})
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
		q := a.queue[0]
		a.queue = a.queue[1:]
		a.inStore(q)
		a.working = false
		a.work()
	})
}

func (a *simAgent) inStore(q asked) {
	w, e := a.w, q.effect
	err := w.storeErr()
	switch e.kind {
	case saveRecord:
		if err == nil {
			if a.overtaken(); a.real == nil && e.grant.olderThan(w.disk) && w.plant != bugNotCompared {
				err = errors.New("there is a newer one")
			}
		}
		if err = errors.Join(err, w.writeErr()); err == nil && w.plant != bugServeBeforeWrite {
			w.disk = w.asWritten(e.grant)
			w.check.kept(e.grant)
			if w.note != nil && !e.grant.givenUp() && (w.note.Damaged || w.rnd.IntN(3) == 0) {
				a.crash() // before the note on the one before it goes
			}
		}
	case eraseRecord:
		if err == nil {
			w.disk = nil
			w.check.erased()
		}
	case saveNote:
		if err = w.folderErr(); err != nil {
			w.check.unkept = true
		} else {
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
	out := outcome{err: err}
	switch e.kind {
	case readRecord:
		if q.event != "" {
			out.err = a.checkErr(q.event)
		}
		if out.grant = w.disk; out.err == nil && (w.disk == nil || q.event != "" && w.plant == bugNotCompared) {
			out.err = store.ErrAbsent
		}
		if q.event != "" {
			a.answer(q.event, q, out, nil)
		} else {
			a.answer("record read", q, out, func(now time.Time) { a.m.recordRead(now, out.grant, out.err) })
		}
	case saveRecord:
		if w.plant == bugServeBeforeWrite {
			a.answer("saved", q, outcome{}, func(now time.Time) { a.m.saved(now, e.grant.Generation, nil) })
			a.later(w.about(time.Minute), func() {
				if !w.locked {
					w.disk = e.grant
				}
			})
			return
		}
		a.answer("saved", q, out, func(now time.Time) { a.m.saved(now, e.grant.Generation, err) })
	case eraseRecord:
		a.answer("erased", q, out, func(now time.Time) { a.m.erased(now, err) })
	case saveNote, clearNote:
		a.answer("note done", q, out, func(now time.Time) { a.m.noteDone(now, e.kind, e.note, err) })
	}
}

// send is the network between the agent and the token endpoint, and
// Manager.performRemote.
func (a *simAgent) send(q asked) {
	w, e := a.w, q.effect
	w.check.sent(a, e)
	a.sending[e.grant.RefreshToken]++
	a.underway++
	answer := func(d time.Duration, ans providers.Answer, err error) {
		a.later(d, func() {
			if a.real != nil {
				a.real.arrives(q, ans, err)
				return
			}
			a.answered(q, ans, err)
		})
	}
	if a.real != nil && w.rnd.IntN(200) == 0 { // the user logs out at this very moment
		w.in(time.Duration(w.rnd.IntN(800))*time.Millisecond, a.quit)
	}
	sentAt := w.Now()
	switch {
	case w.moved:
		answer(time.Millisecond, providers.Answer{}, refusal.ErrBindingChanged)
	case !w.online:
		answer(time.Second, providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "network", Detail: "No network."})
	case w.portal:
		answer(time.Second, providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "not_oauth", Status: 403, Detail: "A login page."})
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
				if !a.dead { // whose answers nobody waits for
					w.check.lost(how)
				}
				ans, err = providers.Answer{}, lossFailures[how]
			}
			if how == noAnswer {
				back = max(w.silence()-slow, time.Millisecond)
				w.silentUntil = w.now + back
				if a.real != nil {
					return // its client gives up by itself
				}
			}
			answer(back, ans, err)
		})
	}
}

// answered hands the machine what came of a refresh, and holds what follows
// against the rules.
func (a *simAgent) answered(q asked, ans providers.Answer, err error) {
	if a.mayCrash() {
		return
	}
	w, generation := a.w, q.grant.Generation
	a.sending[q.grant.RefreshToken]--
	a.underway--
	heard := a.plantAnswer(q, err)
	if w.plant == bugNoGenerationCheck && a.m.served != nil && a.real == nil {
		generation = a.m.served.Generation
	}
	counts, before := a.m.busy == sending && a.m.served != nil && a.m.served.Generation == generation, a.m.base
	a.answer("answered", q, outcome{answer: ans, err: heard}, func(now time.Time) { a.m.answered(now, generation, ans, heard) })
	switch {
	case a.dead:
	case counts && q.want.plain():
		w.check.answered(a, err)
	case counts:
		w.check.answeredNarrow(a, before, err)
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

func (a *simAgent) storeChanged() {
	if !a.w.asleep {
		a.event("store changed", func(now time.Time) { a.m.storeChanged(now) }, func() { a.real.changed <- struct{}{} })
	}
}

func (a *simAgent) configured() {
	if !a.w.asleep {
		a.event("configured", func(now time.Time) { a.m.configured(now, a.m.policy) }, func() { a.real.put() })
	}
}

func (a *simAgent) userRefresh() {
	if !a.w.asleep {
		a.userAt = a.w.now
		a.event("user refresh", func(now time.Time) { a.m.userRefresh(now) }, func() { a.real.refresh() })
	}
}

// networkBack is what the desktop says of its network.
func (a *simAgent) networkBack() {
	if !a.w.asleep {
		a.event("network back", func(now time.Time) { a.m.networkBack(now) }, func() { a.real.m.NetworkBack() })
	}
}

// userConnects brings a new grant, where the user can.
func (a *simAgent) userConnects() {
	w := a.w
	if a.dead || a.quitting || w.asleep || !w.online || w.portal || w.outage || w.moved {
		w.in(w.about(20*time.Minute), func() { w.agent.userConnects() })
		return
	}
	r := providers.Result{Answer: w.provider.consent(), Binding: w.binding()}
	w.wanted = true
	w.check.consented()
	a.event("connect", func(now time.Time) {
		a.m.connect(now, firstGrant(r, a.m.generation(now)+1, false))
	}, func() { a.real.adopt(r) })
}

// userDisconnects, and thinks better of it soon, or some days later.
func (a *simAgent) userDisconnects() {
	if a.dead || a.quitting || a.w.asleep || a.m.served == nil && a.m.store.read && !a.m.store.note.damaged() {
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
	a.event("disconnect", func(now time.Time) { a.m.disconnect(now) }, func() { a.real.disconnect() })
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
