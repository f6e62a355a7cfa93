package crashtest

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
	// written: the target's new grant was in the keychain by then.
	written bool
}

// ways are all of them. Every named step between the answer and the first tool
// that is given the new token is here.
var ways = []way{
	{name: "at a random moment", kill: (*victimised).killAtRandom},
	{name: "while it starts", kill: (*victimised).killAtStart},
	{name: "the answer still on its way", kill: (*victimised).killBeforeTheAnswer},
	{name: "step answered", plan: step("answered")},
	{name: "step saving", plan: step("saving")},
	{name: "between keychain calls", plan: betweenCalls},
	{name: "step saved", plan: step("saved"), written: true},
	{name: "step serving", plan: step("serving"), written: true},
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

// victimised is an agent that is killed over and over, with its connections.
type victimised struct {
	*agent
	tools  *tools
	grace  bool // the provider takes a refresh token once more whose answer was lost
	losses map[string]int
	count  *account
}

var connections = []string{"small", "large"}

func newVictimised(t testing.TB, bus *storetest.Bus, number int, grace bool, count *account) *victimised {
	t.Helper()
	opts := server.Options{Lifetime: 15 * time.Second}
	if grace { // which ends before the timer would renew
		opts = server.Options{Lifetime: time.Minute, Grace: 20 * time.Second}
	}
	v := &victimised{
		agent: newAgent(t, bus, newProvider(t, opts), fmt.Sprintf("crash-%d", number)),
		grace: grace, losses: map[string]int{}, count: count,
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
	v.die(w, target, r)
	v.tools.quiet()
	left := map[string]issue{}
	for _, name := range connections {
		left[name] = v.look(w, name)
	}
	restarted := time.Now()
	v.victim("")
	for _, name := range connections {
		v.settle(w, name, left[name], restarted, w.written && name == target)
	}
	for _, what := range v.tools.wrong() {
		v.t.Errorf("killed %s: %s", w.name, what)
	}
}

// die has the running agent replaced by one with a plan, if there is one.
func (v *victimised) die(w way, target string, r *rand.Rand) {
	v.tally(w, row{kills: 1})
	if w.plan == nil {
		w.kill(v, target, r)
		return
	}
	v.kill()
	v.victim(w.plan(target, r))
	v.await(target, tokens.Connected)
	v.refreshUntilDead(target)
}

// refreshUntilDead renews until the plan has struck.
func (v *victimised) refreshUntilDead(target string) {
	for {
		v.refresh(target)
		select {
		case <-v.ended:
			v.awaitEnd()
			return
		default:
		}
	}
}

// killAtRandom strikes while all connections are renewed.
func (v *victimised) killAtRandom(_ string, r *rand.Rand) {
	var all sync.WaitGroup
	for _, name := range connections {
		all.Go(func() { v.refresh(name) })
	}
	time.Sleep(time.Duration(r.Int64N(int64(150 * time.Millisecond))))
	v.kill()
	all.Wait()
}

// killAtStart strikes an agent that has not answered anybody yet, or just has.
func (v *victimised) killAtStart(_ string, r *rand.Rand) {
	v.kill()
	cmd := v.command(asVictim)
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(time.Duration(r.Int64N(int64(250 * time.Millisecond))))
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
	v.kill()
	close(never)
}

// look reads what the death left in the keychain. It has to be one answer of
// the provider, whole, and nothing older than what a tool was given.
func (v *victimised) look(w way, name string) issue {
	_, i, err := v.record(name)
	if err != nil {
		v.t.Errorf("killed %s: %s: %v", w.name, name, err)
	}
	if given := v.tools.last(name); given.n > i.n {
		v.t.Errorf("killed %s: %s: a tool has a token that the keychain does not know", w.name, name)
	}
	return i
}

// settle waits until the restarted agent has made the best of it:
//
//	the newest answer in the keychain           connected, with a newer one after the next refresh
//	an answer died with the process, grace      connected, with the answer to the same refresh token
//	an answer died with the process, no grace   reconnect_required, answer_lost, told once; connected again
func (v *victimised) settle(w way, name string, left issue, restarted time.Time, written bool) {
	gone := v.provider.book.given(left.grant, left.n, restarted)
	switch {
	case gone && written:
		v.t.Errorf("killed %s: %s: the new grant is not in the keychain", w.name, name)
	case !gone:
		v.awaitNewest(w, name, left.n)
		v.tally(w, row{found: 1})
	case v.grace:
		v.awaitNewest(w, name, left.n+1)
		v.tally(w, row{renewed: 1})
	default:
		v.awaitLoss(w, name)
	}
}

// awaitNewest waits until the connection is connected, and its record the last
// of its grant, with at least this number.
func (v *victimised) awaitNewest(w way, name string, least int) {
	var st tokens.Status
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if st, err = v.status(name); err != nil || st.State != tokens.Connected || st.Unsaved {
			continue
		}
		if _, i, err := v.record(name); err == nil && i.n >= least && v.newest(i) && v.tools.last(name).n <= v.newestNumber(i) {
			return
		}
	}
	v.t.Errorf("killed %s: %s is LOST: %s %s", w.name, name, st.State, st.Reason)
	v.tally(w, row{lost: 1})
	v.mend(name)
}

func (v *victimised) newestNumber(i issue) int { return v.provider.book.newest(i.grant).n }

// awaitLoss waits for what an answer that died with the process leads to.
func (v *victimised) awaitLoss(w way, name string) {
	st := v.await(name, tokens.ReconnectRequired)
	v.losses[name]++
	eventually(v.t, "the death is told", func() bool { return v.diary().deaths(name, tokens.ReasonAnswerLost) >= v.losses[name] })
	if n := v.diary().deaths(name, tokens.ReasonAnswerLost); n != v.losses[name] || st.Reason != tokens.ReasonAnswerLost {
		v.t.Errorf("killed %s: %s: %d deaths told, not %d; reason %s", w.name, name, n, v.losses[name], st.Reason)
	}
	v.tally(w, row{answerLost: 1})
	v.connect(name)
}

// mend connects again what should not have been lost, to go on.
func (v *victimised) mend(name string) {
	if st, err := v.status(name); err == nil && st.State == tokens.ReconnectRequired {
		v.losses[name] = v.diary().deaths(name, tokens.ReasonAnswerLost)
		v.connect(name)
	}
}
