package crash

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// way is a way to die.
type way struct {
	name string
	// plan is the victim's own; "": the test kills it.
	plan func(target string, r *rand.Rand) string
	kill func(v *victimised, target string, r *rand.Rand)
	// What is known of the answer to the target's refresh at that moment; of an
	// answer at a random moment nothing is.
	written  bool // it was in the keychain
	received bool // the agent had it, and the keychain perhaps had not
	ahead    bool // the agent had not received it
	// anywhere: the other connection is as much a target.
	anywhere bool
}

// ways are all of them. Every named step between the answer and the first tool
// that is given the new token is here.
var ways = []way{
	{name: "at a random moment of a renewal", kill: (*victimised).killAtRandom, anywhere: true},
	{name: "while it starts", kill: (*victimised).killAtStart, anywhere: true},
	{name: "the answer still on its way", kill: (*victimised).killBeforeTheAnswer, ahead: true},
	{name: "step answered", plan: step("answered"), received: true},
	{name: "step saving", plan: step("saving"), received: true},
	{name: "between keychain calls", plan: betweenCalls, received: true},
	{name: "step saved", plan: step("saved"), written: true},
	{name: "step serving", plan: step("serving"), written: true},
	{name: "asked to end (SIGTERM)", kill: (*victimised).endPolitely, written: true, anywhere: true},
}

// bystander is the row of the connection that was not the target.
var bystander = way{name: "(the other connection meanwhile)"}

// of is the way as a connection met it.
func (w way) of(name, target string) way {
	if name == target || w.anywhere {
		return w
	}
	return bystander
}

func step(name string) func(string, *rand.Rand) string {
	return func(target string, _ *rand.Rand) string { return target + " step " + name }
}

func betweenCalls(target string, r *rand.Rand) string {
	most := 2 // write, read back
	if target == "large" {
		most = 16 // read the head, three parts, the head, delete three old parts
	}
	side := [...]string{"before", "after"}[r.IntN(2)]
	return fmt.Sprintf("%s %s %d", target, side, 1+r.IntN(most))
}

// graceTime is how long a provider may take a refresh token once more. An agent is
// started again within it, however busy the machine is.
const graceTime = 10 * time.Minute

// victimised is an agent that is killed over and over, with its connections.
type victimised struct {
	*agent
	tools  *tools
	grace  bool // the provider takes a refresh token once more whose answer was lost
	losses map[string]int
	count  *account
	since  time.Time // when the agent was started that a round finds
	struck time.Time // when it was killed, or has killed itself
}

var connections = []string{"small", "large"}

func newVictimised(t testing.TB, bus *storetest.Bus, number int, grace bool, count *account) *victimised {
	t.Helper()
	opts := server.Options{Lifetime: 15 * time.Second}
	if grace { // which ends before the timer would renew
		opts = server.Options{Lifetime: time.Hour, Grace: graceTime}
	}
	v := &victimised{
		agent: newAgent(t, bus, newProvider(t, opts), fmt.Sprintf("crash-%d", number)),
		grace: grace, losses: map[string]int{}, count: count, since: time.Now(),
	}
	v.victim("")
	v.add("small", sealsFor(false)...)
	v.add("large", sealsFor(true)...)
	for _, name := range connections {
		v.connect(name)
	}
	v.tools = startTools(v.agent, 10*time.Millisecond, connections...)
	return v
}

func (v *victimised) tally(w way, r row) { v.count.add(deathOf{v.grace, w.name}, r) }

// round is one death, and what is left after it. The agent runs before and
// afterwards.
func (v *victimised) round(w way, r *rand.Rand) {
	target := connections[r.IntN(len(connections))]
	v.tally(w, row{kills: 1})
	v.die(w, target, r)
	v.tools.quiet()
	left := map[string]leaving{}
	for _, name := range connections {
		left[name] = v.look(w.of(name, target), name)
	}
	restarted := time.Now()
	v.victim("")
	v.since = restarted
	for _, name := range connections {
		v.settle(w.of(name, target), name, left[name], restarted)
	}
	for _, what := range v.tools.wrong() {
		v.t.Errorf("%s: %s", w.name, what)
	}
}

// die has the running agent replaced by one with a plan, if there is one.
func (v *victimised) die(w way, target string, r *rand.Rand) {
	if w.plan == nil {
		w.kill(v, target, r)
		return
	}
	v.terminate()
	v.victim(w.plan(target, r))
	v.await(target, tokens.Connected)
	v.refreshUntilDead(target)
	v.struck = time.Now() // after the mark that it left
}

// strike is kill -9 now.
func (v *victimised) strike() {
	v.struck = time.Now()
	v.kill()
}

// refreshUntilDead renews until the plan has struck.
func (v *victimised) refreshUntilDead(target string) {
	eventually(v.t, "the plan strikes", func() bool {
		v.refresh(target)
		select {
		case <-v.ended:
			return true
		default:
			return false
		}
	})
	v.awaitEnd()
}

// killAtRandom strikes while all connections are renewed.
func (v *victimised) killAtRandom(_ string, r *rand.Rand) { v.whileRenewed(r, v.strike) }

func (v *victimised) whileRenewed(r *rand.Rand, strike func()) {
	var all sync.WaitGroup
	for _, name := range connections {
		all.Go(func() { v.refresh(name) })
	}
	time.Sleep(time.Duration(r.Int64N(int64(150 * time.Millisecond))))
	strike()
	all.Wait()
}

// endPolitely asks the agent to end while it renews. Every other time the
// answer comes only after that.
func (v *victimised) endPolitely(target string, r *rand.Rand) {
	if r.IntN(2) == 0 {
		v.whileRenewed(r, v.terminate)
	} else {
		held, release := make(chan struct{}), make(chan struct{})
		v.provider.kit.Script(faultkit.Hold(held, release))
		go v.refresh(target)
		<-held
		time.AfterFunc(time.Duration(r.Int64N(int64(300*time.Millisecond))), func() { close(release) })
		v.terminate()
	}
	v.struck = time.Now()
}

// killAtStart strikes an agent that has not answered anybody yet, or just has.
func (v *victimised) killAtStart(_ string, r *rand.Rand) {
	v.terminate()
	cmd := v.command(asVictim)
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(time.Duration(r.Int64N(int64(250 * time.Millisecond))))
	v.struck = time.Now()
	cmd.Process.Kill()
	cmd.Wait()
}

// killBeforeTheAnswer strikes when the provider has rotated the refresh token
// and the agent does not know yet.
func (v *victimised) killBeforeTheAnswer(target string, _ *rand.Rand) {
	held, never := make(chan struct{}), make(chan struct{})
	v.provider.kit.Script(faultkit.Hold(held, never))
	go v.refresh(target)
	<-held
	v.strike()
	close(never)
}

// leaving is what a death left of a connection.
type leaving struct {
	kept     issue // in the keychain
	received bool  // the agent had received the grant's newest answer
}

// look reads what the death left in the keychain. It has to be one answer of
// the provider, whole, and nothing older than what a tool was given.
func (v *victimised) look(w way, name string) (l leaving) {
	var err error
	if _, l.kept, err = v.record(name); err != nil {
		v.t.Errorf("%s: %s: %v", w.name, name, err)
	}
	if given := v.tools.last(name); given.n > l.kept.n {
		v.t.Errorf("%s: %s: a tool has a token that the keychain does not know", w.name, name)
	}
	marks := v.marks(name, v.since)
	for _, i := range v.provider.book.renewals(l.kept.grant, v.since) {
		j := follow(marks, i.given, v.struck)
		l.received = j.received
		v.count.idle(j)
	}
	return l
}

// settle waits until the restarted agent has made the best of it:
//
//	the newest answer in the keychain           connected, with a newer one after the next refresh
//	an answer died with the process, grace      connected, with the answer to the same refresh token
//	an answer died with the process, no grace   reconnect_required, told once; connected again
func (v *victimised) settle(w way, name string, left leaving, restarted time.Time) {
	if !v.provider.book.given(left.kept.grant, left.kept.n, restarted) {
		v.awaitNewest(w, name, left.kept.n)
		v.tally(w, row{found: 1})
		return
	}
	if v.grace {
		v.awaitNewest(w, name, left.kept.n+1)
	} else {
		v.awaitLoss(w, name)
	}
	if w.received && !left.received || w.ahead && left.received {
		v.t.Errorf("%s: %s: the answer was received: %t", w.name, name, left.received)
	}
	switch {
	case w.written:
		v.t.Errorf("%s: %s: the new grant was not in the keychain", w.name, name)
		v.tally(w, row{lost: 1})
	case left.received:
		v.tally(w, row{inMemory: 1})
	default:
		v.tally(w, row{unheard: 1})
	}
}

// awaitNewest waits until the connection is connected, and its record the last
// of its grant, with at least this number.
func (v *victimised) awaitNewest(w way, name string, least int) {
	var st tokens.Status
	for end := time.Now().Add(hangTime); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if st, err = v.status(name); err != nil || st.State != tokens.Connected || st.Unsaved {
			continue
		}
		if _, i, err := v.record(name); err == nil && i.n >= least && v.newest(i) && v.tools.last(name).n <= v.newestNumber(i) {
			return
		}
	}
	v.t.Errorf("%s: %s is LOST: %s %s", w.name, name, st.State, st.Reason)
	v.tally(w, row{lost: 1})
	v.reconnect(name)
}

func (v *victimised) newestNumber(i issue) int { return v.provider.book.newest(i.grant).n }

// awaitLoss waits for what an answer that died with the process leads to.
func (v *victimised) awaitLoss(w way, name string) {
	st := v.await(name, tokens.ReconnectRequired)
	v.losses[name]++
	eventually(v.t, "the end is told", func() bool { return v.diary().told(name) >= v.losses[name] })
	known := st.Reason == tokens.ReasonRevoked || st.Reason == tokens.ReasonAnswerLost // where its own try was not heard either
	if n := v.diary().told(name); n != v.losses[name] || !known {
		v.t.Errorf("%s: %s: %d ends told, not %d; reason %s", w.name, name, n, v.losses[name], st.Reason)
	}
	v.connect(name)
}

// reconnect connects again what should not have been lost, to go on.
func (v *victimised) reconnect(name string) {
	if st, err := v.status(name); err == nil && st.State == tokens.ReconnectRequired {
		v.losses[name] = v.diary().told(name)
		v.connect(name)
	}
}
