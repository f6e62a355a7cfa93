package tokens

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
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
	moved                          bool // the configuration points elsewhere

	disk     *Grant // the keychain's record
	verdict  *Verdict
	provider *simProvider
	agent    *simAgent
	lifetime time.Duration
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

// plant is a bug put in on purpose.
type plant int

const (
	noBug plant = iota
	bugServeBeforeWrite
	bugNoGenerationCheck
	bugUncappedBuffer
)

var simStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(seed uint64, bug plant) *world {
	w := &world{seed: seed, rnd: rand.New(rand.NewPCG(seed, 0x617574687472)), online: true, plant: bug}
	lifetimes := []time.Duration{5 * time.Minute, time.Hour, time.Hour, time.Hour, 2 * time.Hour, 2 * time.Hour, 8 * time.Hour, 8 * time.Hour, 24 * time.Hour, 24 * time.Hour}
	w.lifetime = lifetimes[w.rnd.IntN(len(lifetimes))]
	w.provider = &simProvider{w: w, rotates: w.rnd.IntN(4) > 0, grace: time.Duration(w.rnd.IntN(2)) * 30 * time.Second, tokens: map[string]time.Duration{}}
	w.check.w = w
	w.boot()
	return w
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
	w.nights()
	w.every(3*day, func() { w.online = false; w.in(w.about(20*time.Minute), func() { w.online = true }) })
	w.spell(&w.portal, 9*day, 30*time.Minute, nil)
	w.spell(&w.outage, 15*day, 40*time.Minute, nil)
	w.spell(&w.busy429, 20*day, 10*time.Minute, nil)
	w.spell(&w.refusesClient, 120*day, 3*time.Hour, nil)
	w.spell(&w.locked, 6*day, 25*time.Minute, func() { w.agent.storeChanged() })
	w.every(25*day, func() { w.provider.loseNext = true })
	w.every(2*time.Hour, w.toolAsks)
	w.every(3*day, w.toolComplains)
	w.every(10*day, func() { w.agent.crash(); w.in(w.about(2*time.Minute), w.bootAgain) })
	w.every(30*day, w.clockJumps)
	w.every(90*day, w.configEdited)
	w.every(200*day, w.provider.revoke)
	w.every(30*day, func() { w.agent.userRefresh() })
	w.in(time.Minute, func() { w.agent.userConnects() })
	for len(w.todo) > 0 && w.todo[0].at <= d {
		e := heap.Pop(&w.todo).(simEvent)
		if w.now = e.at; e.do != nil {
			e.do()
		}
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
			w.nights()
		})
	})
}

func (w *world) toolAsks() {
	for range 1 + w.rnd.IntN(3) {
		w.agent.serve(time.Duration(w.rnd.IntN(300)) * time.Second)
	}
}

func (w *world) toolComplains() { w.agent.complain() }

func (w *world) clockJumps() {
	if w.asleep || w.agent.dead {
		return // a clock that is changed while nobody can compare it is nobody's fault
	}
	d := w.about(40 * time.Minute)
	if w.rnd.IntN(2) == 0 {
		d = -d
	}
	w.jump += d
	w.tell("clock set by %s", d)
	w.agent.look()
}

func (w *world) configEdited() {
	w.moved = true
	w.agent.configured()
	w.in(w.about(30*time.Minute), func() { w.moved = false; w.agent.configured() })
}

func (w *world) boot() {
	w.tell("boot, disk %v, verdict %v", w.disk, w.verdict)
	w.agent = newSimAgent(w)
}

func (w *world) bootAgain() {
	if w.agent.dead {
		w.boot()
	}
}

func (w *world) binding() providers.Binding {
	origin := "https://id.example"
	if w.moved {
		origin = "https://elsewhere.example"
	}
	return providers.Binding{ClientID: "c", Origins: []string{origin}}
}

// keychain operations take effect when they run, or fail.
func (w *world) storeErr() error {
	if w.locked {
		return store.ErrLocked
	}
	if w.rnd.IntN(2000) == 0 {
		return store.ErrUnavailable
	}
	return nil
}

// simProvider issues tokens. Families are numbered; a refresh token is
// "family/serial".
type simProvider struct {
	w        *world
	rotates  bool
	grace    time.Duration
	family   int
	serial   int
	alive    bool
	rotated  time.Duration // when the last rotation was
	loseNext bool
	tokens   map[string]time.Duration // access token → true time of its end
	revoked  bool                     // by a person, not by us
	lostAny  bool                     // an answer of this family never arrived
}

var errLost = &providers.Failure{Class: providers.Transient, Code: "network", Lost: true, Detail: "The connection broke."}

func (p *simProvider) issue() providers.Answer {
	t := fmt.Sprintf("at-%d-%d-%d", p.family, p.serial, len(p.tokens))
	if len(p.tokens) > 64 {
		p.tokens = map[string]time.Duration{}
	}
	p.tokens[t] = p.w.now + p.w.lifetime
	return providers.Answer{
		AccessToken: t, TokenType: "Bearer", RefreshToken: fmt.Sprintf("rt-%d-%d", p.family, p.serial),
		ExpiresIn: p.w.lifetime, SentAt: p.w.Now(),
	}
}

func (p *simProvider) consent() providers.Answer {
	p.family++
	p.serial, p.alive, p.revoked, p.lostAny, p.rotated = 0, true, false, false, 0
	return p.issue()
}

func (p *simProvider) revoke() {
	if !p.alive {
		return
	}
	p.w.tell("revoked")
	p.alive, p.revoked = false, true
	p.tokens = map[string]time.Duration{}
	p.w.check.revoked()
}

// takes says whether the provider's API accepts an access token.
func (p *simProvider) takes(token string) bool { return p.tokens[token] > p.w.now }

// refresh is the token endpoint. The request arrives now.
func (p *simProvider) refresh(sent *Grant) (providers.Answer, error) {
	w := p.w
	switch {
	case w.outage:
		return providers.Answer{}, &providers.Failure{Class: providers.Transient, Code: "http_503", Status: 503, Detail: "Down."}
	case w.busy429:
		return providers.Answer{}, &providers.Failure{Class: providers.Transient, Code: "http_429", Status: 429, RetryAfter: time.Duration(w.rnd.IntN(7200)) * time.Second, Detail: "Busy."}
	case w.refusesClient:
		return providers.Answer{}, &providers.Failure{Class: providers.Misconfigured, Code: "invalid_client", Status: 401, Detail: "Client."}
	case w.rnd.IntN(3000) == 0:
		return providers.Answer{}, &providers.Failure{Class: providers.Suspect, Code: "strange", Status: 400, Detail: "Strange."}
	}
	dead := &providers.Failure{Class: providers.Dead, Code: "invalid_grant", Status: 400, Detail: "Gone."}
	current := fmt.Sprintf("rt-%d-%d", p.family, p.serial)
	previous := fmt.Sprintf("rt-%d-%d", p.family, p.serial-1)
	switch {
	case !p.alive, !strings.HasPrefix(sent.RefreshToken, fmt.Sprintf("rt-%d-", p.family)):
		return providers.Answer{}, dead // revoked, or of an older consent
	case sent.RefreshToken == current:
	case sent.RefreshToken == previous && p.grace > 0 && w.now-p.rotated < p.grace:
		return p.issue(), nil
	default:
		p.alive = false // reuse detected: the family dies
		return providers.Answer{}, dead
	}
	if p.rotates {
		p.serial++
		p.rotated = w.now
	}
	return p.issue(), nil
}
