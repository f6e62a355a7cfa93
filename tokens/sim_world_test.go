package tokens

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

// This file is the simulated workstation: true time, a wall clock that jumps, a
// monotonic clock that stops in suspend, a network, a keychain, a provider and
// the agent process that lives in it. One goroutine, one source of randomness:
// a seed replays exactly.

type world struct {
	seed  uint64
	rnd   *rand.Rand
	now   time.Duration // true time since the start
	jump  time.Duration // the wall clock's offset
	slept time.Duration // true time spent in suspend

	todo events
	seq  uint64

	asleep, online, portal, outage bool
	busy429, refusesClient         bool
	locked                         bool
	strange                        bool          // the provider refuses everything in words of its own
	moved                          bool          // the configuration points elsewhere
	stale                          bool          // tokens are over as they come
	lossy                          bool          // requests arrive, answers do not
	wrong                          bool          // the clock, for a minute
	slowNext                       bool          // the next request takes long
	full                           bool          // the state folder
	unreadable                     bool          // the note, for the process that is there
	stuck                          bool          // the keychain takes nothing, and looks as if it would
	away                           bool          // the bus: the records may be another process's
	unseen                         bool          // …which wrote, and the agent does not know
	barring                        bool          // a policy of the provider's that passes refuses
	wanted                         bool          // the user wants to be connected
	waking                         []func()      // what is to happen once the machine does not sleep any more
	lastBad                        time.Duration // when something was last out of order
	troubled                       time.Duration // …other than that an answer was lost
	silentUntil                    time.Duration // the agent waits for an answer that does not come

	disk     *Grant // the keychain's record
	note     *Note
	policy   policy
	provider *simProvider
	agent    *simAgent
	lifetime time.Duration
	managed  bool      // a Manager runs the machine
	bubble   time.Time // …when its life began, by the clock of its bubble
	plant    plant
	check    checker
	trace    []string // what happened last, where one seed is replayed
}

// tell notes what happens, for the replay of a seed.
func (w *world) tell(format string, args ...any) {
	if *simSeed == 0 {
		return
	}
	w.trace = append(w.trace, fmt.Sprintf("day %.6f (wall %s) ", w.now.Hours()/24, w.Now().Format(time.StampMilli))+fmt.Sprintf(format, args...))
	if len(w.trace) > 60 {
		w.trace = w.trace[1:]
	}
}

var simStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(seed uint64, bug plant, managed bool) *world {
	w := &world{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0x617574687472)), online: true, plant: bug, managed: managed}
	w.policy = policy{name: "c", provider: "Provider"}
	w.provider = &simProvider{
		w: w, refreshs: true, rotates: w.rnd.IntN(4) > 0, widens: w.rnd.IntN(4) == 0,
		refusal: simRefusals[w.rnd.IntN(len(simRefusals))], silent: w.rnd.IntN(3) == 0, shows: w.rnd.IntN(2) == 0, scopes: map[string][]string{},
	}
	w.drawLifetime()
	w.drawGrace()
	w.check.w = w
	return w
}

// drawLifetime: most grants are kept fresh by the timer, some by callers, and
// some have nothing to be renewed with.
func (w *world) drawLifetime() {
	one := func(list ...time.Duration) time.Duration { return list[w.rnd.IntN(len(list))] }
	switch w.rnd.IntN(10) {
	case 0:
		w.lifetime, w.policy.onDemand = one(10*time.Second, time.Minute, 5*time.Minute, time.Hour), true
	case 1:
		w.lifetime, w.provider.refreshs = one(0, 0, 8*time.Hour, 30*day), false
		w.policy.canProbe, w.policy.probe = true, w.rnd.IntN(2) == 0
	default:
		w.lifetime = one(5*time.Minute, time.Hour, time.Hour, time.Hour, 2*time.Hour, 2*time.Hour, 8*time.Hour, 8*time.Hour, day, day)
		w.policy.canProbe = w.rnd.IntN(2) == 0
		w.policy.probe = w.policy.canProbe
	}
}

// drawGrace: some providers take a used refresh token again for a while, and of
// some of those it is known.
func (w *world) drawGrace() {
	w.provider.grace = []time.Duration{0, 0, 10 * time.Second, 30 * time.Second, 30 * time.Second, 2 * time.Minute}[w.rnd.IntN(6)]
	if w.rnd.IntN(2) == 0 {
		w.policy.grace = w.provider.grace
	}
}

// Now and Elapsed make the world the agent's Clock.
func (w *world) Now() time.Time         { return simStart.Add(w.now + w.jump) }
func (w *world) Elapsed() time.Duration { return w.now - w.slept }
func (w *world) After(time.Duration) (<-chan time.Time, func()) {
	panic("the simulation has timers of its own")
}

type simEvent struct {
	at  time.Duration
	seq uint64
	do  func()
}

type events []simEvent

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func (w *world) in(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.todo, simEvent{w.now + d, w.seq, do})
}

// about draws a duration around d, exponentially: how chance events are spaced.
func (w *world) about(d time.Duration) time.Duration {
	return time.Duration(w.rnd.ExpFloat64()*float64(d)) + time.Second
}

func (w *world) every(d time.Duration, do func()) {
	w.in(w.about(d), func() { do(); w.every(d, do) })
}

// spell makes a condition true now and then, for a while.
func (w *world) spell(flag *bool, every, lasts time.Duration, then func()) {
	w.in(w.about(every), func() {
		*flag = true
		w.in(w.about(lasts), func() {
			*flag = false
			if then != nil {
				then()
			}
			w.spell(flag, every, lasts, then)
		})
	})
}

const day = 24 * time.Hour

// live lets the workstation live for d. It panics with violation at the first
// rule that is broken.
func (w *world) live(d time.Duration) {
	w.boot()
	w.nights()
	w.every(3*day, func() {
		w.online = false
		w.in(w.about(20*time.Minute), func() {
			if w.online = true; w.rnd.IntN(2) == 0 { // the desktop does not always say so
				w.agent.networkBack()
			}
		})
	})
	w.spell(&w.portal, 9*day, 30*time.Minute, nil)
	w.outages()
	w.spell(&w.busy429, 20*day, 10*time.Minute, nil)
	w.spell(&w.refusesClient, 120*day, 3*time.Hour, nil)
	w.spell(&w.strange, 60*day, 3*time.Hour, nil)
	w.spell(&w.locked, 6*day, 25*time.Minute, func() { w.agent.storeChanged() })
	w.every(25*day, func() { w.provider.loseNext = 1 + w.rnd.IntN(2)*w.rnd.IntN(3) })
	w.spell(&w.lossy, 90*day, 10*time.Minute, nil)
	w.every(2*time.Hour, w.toolAsks)
	w.every(2*day, func() { w.agent.serve(Want{Scopes: simLess}) })
	w.every(5*day, func() { w.toolInsists(12) })
	w.every(3*day, func() { w.agent.complain() })
	w.every(9*day, w.toolWantsMore)
	w.every(4*day, w.crowd)
	w.every(4*day, w.toolIsRefused)
	w.spell(&w.stale, 60*day, 20*time.Minute, nil)
	w.every(10*day, func() { w.agent.crash() })
	w.every(20*day, func() { w.agent.quit() })
	w.every(30*day, w.clockJumps)
	w.every(60*day, w.clockWrong)
	w.spell(&w.full, 60*day, time.Hour, nil)
	w.spell(&w.stuck, 40*day, time.Hour, nil)
	w.spell(&w.barring, 100*day, 30*time.Hour, func() {
		if w.rnd.IntN(2) == 0 {
			w.agent.networkBack()
		}
	})
	w.every(90*day, w.configEdited)
	w.every(20*day, w.busRestarts)
	w.every(200*day, w.provider.revoke)
	w.every(30*day, func() { w.agent.userRefresh() })
	w.every(60*day, func() { w.agent.userDisconnects() })
	w.every(day, w.userLooks)
	w.in(time.Minute, func() { w.wanted = true; w.agent.userConnects() })
	for len(w.todo) > 0 && w.todo[0].at <= d {
		if w.managed && !w.agent.real.until(w.todo[0].at) {
			continue // a Manager wants something before that
		}
		e := heap.Pop(&w.todo).(simEvent)
		w.look()
		w.now = e.at
		e.do()
		w.look()
	}
}

// look notes whether anything is out of order.
func (w *world) look() {
	w.seen()
	if w.asleep || !w.online || w.portal || w.outage || w.busy429 || w.refusesClient || w.strange || w.stale || w.locked || w.full || w.stuck || w.barring || w.moved || w.away || w.agent.dead || w.agent.quitting {
		w.lastBad, w.troubled = w.now, w.now
	}
	if w.lossy {
		w.lastBad = w.now
	}
}

// fineFor is how long nothing has been out of order.
func (w *world) fineFor() time.Duration { return w.now - w.lastBad }

// userLooks is a person who finds out that they are not connected, and sees to it.
func (w *world) userLooks() {
	a := w.agent
	if a.dead || w.asleep {
		return
	}
	w.check.tidy(a)
	unknown := a.m.base == ReconnectRequired && a.m.reason == ReasonNoteDamaged
	out := a.m.base == Disconnected || unknown || a.m.base == ReconnectRequired && (w.check.over || a.m.parked())
	switch {
	case unknown && !w.wanted:
		a.userDisconnects()
	case !w.wanted || !out || !a.m.store.read || a.m.next != nil:
	case a.m.parked() && w.rnd.IntN(3) > 0:
		a.userRefresh()
	default:
		a.userConnects()
	}
}

// nights suspends the machine in the evening, for most nights of the year.
func (w *world) nights() {
	w.in(day*2/3, func() {
		if w.rnd.IntN(6) == 0 {
			w.nights()
			return
		}
		from := w.now
		w.tell("suspend")
		w.asleep = true
		w.in(w.about(7*time.Hour)+time.Hour, func() {
			w.asleep = false
			w.slept += w.now - from
			w.tell("resume")
			w.agent.wake()
			waking := w.waking
			w.waking = nil
			for _, happens := range waking {
				happens()
			}
			w.nights()
		})
	})
}

func (w *world) toolAsks() {
	for range 1 + w.rnd.IntN(3) {
		w.agent.serve(Want{MinValid: time.Duration(w.rnd.IntN(300)) * time.Second})
	}
}

// toolInsists asks again and again for what is refused.
func (w *world) toolInsists(times int) {
	w.agent.serve(Want{Scopes: simMore})
	if times > 1 {
		w.in(15*time.Second, func() { w.toolInsists(times - 1) })
	}
}

func (w *world) clockJumps() {
	if w.asleep || w.agent.dead || w.unseen {
		return // a clock that is changed while nobody can compare it is nobody's fault
	}
	d := w.about(40 * time.Minute)
	if w.rnd.IntN(2) == 0 {
		d = -d
	}
	w.jump += d
	w.check.clockSet()
	w.tell("clock set by %s", d)
	w.agent.look()
}

// lockFor locks the keychain for a while.
func (w *world) lockFor(d time.Duration) {
	w.locked = true
	w.in(d, func() { w.locked = false; w.agent.storeChanged() })
}

// troubleAtTheEnd has the keychain refuse the write of an end now and then, and
// the process crash before it is made.
func (w *world) troubleAtTheEnd() {
	if w.rnd.IntN(3) > 0 {
		return
	}
	w.stuck = true
	w.in(w.about(30*time.Minute), func() { w.stuck = false })
	if w.rnd.IntN(2) == 0 {
		w.in(w.about(10*time.Minute), func() { w.agent.crash() })
	}
}

// folderErr is the state folder's: it is full, now and then.
func (w *world) folderErr() error {
	if w.full {
		return errors.New("no space left on device")
	}
	return nil
}

// clockWrong: a clock is an hour or two ahead for a minute.
func (w *world) clockWrong() {
	if w.asleep || w.agent.dead || w.unseen {
		return
	}
	d := time.Duration(1+w.rnd.IntN(2)) * time.Hour
	set := func(d time.Duration) {
		w.jump += d
		w.check.clockSet()
		w.tell("clock set by %s", d)
		if !w.agent.dead {
			w.agent.look()
		}
	}
	set(d)
	w.wrong = true
	w.in(40*time.Second, func() { w.wrong = false; set(-d) })
}

func (w *world) configEdited() {
	w.moved = true
	w.agent.configured()
	w.in(w.about(30*time.Minute), func() { w.moved = false; w.agent.configured() })
}

func (w *world) boot() {
	w.damageNote()
	w.tell("boot, disk %v, note %v, unreadable %v", w.disk, w.note, w.unreadable)
	w.check.booted()
	newSimAgent(w)
	if w.wanted && w.loadNote().damaged() && w.rnd.IntN(2) == 0 { // who connects starts the agent
		w.in(time.Duration(w.rnd.IntN(20))*time.Millisecond, w.agent.userConnects)
	}
}

// damageNote is what becomes of the note while no process runs: its file is torn, one
// that there was not included, or gone, or cannot be read by the next process.
func (w *world) damageNote() {
	n := w.rnd.IntN(25)
	w.unreadable = n == 1
	switch {
	case n == 0, w.note != nil && n == 2:
		w.note = &Note{Damaged: true}
		w.check.torn, w.check.unkept = w.provider.family, false
	case n == 3 && w.note != nil && (w.disk == nil || w.disk.End == nil):
		w.note = nil
		w.check.noteGone()
	}
}

// loadNote is the note as the process finds it.
func (w *world) loadNote() *Note {
	if w.unreadable {
		return &Note{Damaged: true}
	}
	return w.note
}

func (w *world) binding() providers.Binding {
	origin := "https://id.example"
	if w.moved {
		origin = "https://elsewhere.example"
	}
	return providers.Binding{ClientID: "c", Origins: []string{origin}}
}

// writeErr is the keychain's that looks well, and takes nothing.
func (w *world) writeErr() error {
	if w.stuck {
		return store.ErrUnavailable
	}
	return nil
}

// keychain operations take effect when they run, or fail.
func (w *world) storeErr() error {
	if w.locked {
		return store.ErrLocked
	}
	if w.rnd.IntN(2000) == 0 {
		w.troubled = w.now
		return store.ErrUnavailable
	}
	return w.otherErr()
}
