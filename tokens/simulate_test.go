package tokens

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

var (
	simYears = flag.Int("years", 200, "how many years TestAYearInAMinute simulates, one seed each")
	simSeed  = flag.Uint64("seed", 0, "simulate only this seed, as a failure printed it")
)

// simulate lives a year of a seed. v is nil where no rule was broken.
func simulate(seed uint64, bug plant, d time.Duration) (w *world, v *violation) {
	w = &world{}
	defer func() {
		if r := recover(); r != nil {
			broken, ok := r.(violation)
			if !ok {
				panic(r)
			}
			v = &broken
		}
	}()
	w = newWorld(seed, bug)
	w.live(d)
	w.check.finish()
	return w, nil
}

const year = 365 * day

func TestAYearInAMinute(t *testing.T) {
	if *simSeed != 0 {
		w, v := simulate(*simSeed, noBug, year)
		if v != nil {
			t.Errorf("%s", v)
			for _, line := range w.trace {
				t.Log(line)
			}
			return
		}
		t.Logf("seed %d: %d refreshes, %d tokens served, no violation", *simSeed, w.check.refreshes, w.check.served)
		return
	}
	var sum checker
	var mu sync.Mutex
	var work sync.WaitGroup
	seeds := make(chan uint64)
	for range runtime.NumCPU() {
		work.Go(func() {
			for seed := range seeds {
				w, v := simulate(seed, noBug, year)
				mu.Lock()
				if v != nil {
					t.Errorf("%s\nreplay: go test ./tokens -run TestAYearInAMinute -seed %d", v, seed)
				}
				sum.events += w.check.events
				sum.refreshes += w.check.refreshes
				sum.served += w.check.served
				sum.deaths += w.check.deaths
				sum.revocations += w.check.revocations
				sum.lostGrants += w.check.lostGrants
				sum.lostSignIns += w.check.lostSignIns
				sum.unnamed += w.check.unnamed
				sum.doubles += w.check.doubles
				sum.cuts += w.check.cuts
				sum.repeated += w.check.repeated
				sum.retolds += w.check.retolds
				sum.lostInTime += w.provider.asked
				for how, n := range w.check.lostAnswers {
					sum.lostAnswers[how] += n
				}
				sum.parks += w.check.parks
				sum.unparks += w.check.unparks
				sum.barTolds += w.check.barTolds
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(*simYears) {
		seeds <- seed + 1
	}
	close(seeds)
	work.Wait()
	fmt.Printf("simulated %d years: %d events, %d refreshes, %d tokens served\n", *simYears, sum.events, sum.refreshes, sum.served)
	fmt.Printf("  %d revocations, %d ends: %d because an answer never arrived, of which a crash had %d called a revocation; %d sign-ins that a crash took before the keychain did\n",
		sum.revocations, sum.deaths, sum.lostGrants, sum.unnamed, sum.lostSignIns)
	fmt.Printf("  answers lost: %d by a connection that broke, %d in silence, %d behind a gateway; %d asked for again inside the provider's grace\n",
		sum.lostAnswers[connBroke], sum.lostAnswers[noAnswer], sum.lostAnswers[gatewayAnswer], sum.lostInTime)
	fmt.Printf("  %d parked, %d of them brought back by trying again; %d policies that refused for a day told of\n", sum.parks, sum.unparks, sum.barTolds)
	fmt.Printf("  %d double faults (an end that could not be written, and a crash), %d crashes between an end and its first write: %d ends found once more, %d told once more\n",
		sum.doubles, sum.cuts, sum.repeated, sum.retolds)
}

func TestASeedReplaysExactly(t *testing.T) {
	a, _ := simulate(7, noBug, 60*day)
	b, _ := simulate(7, noBug, 60*day)
	if a.check.events != b.check.events || a.check.served != b.check.served || a.check.refreshes != b.check.refreshes {
		t.Fatalf("two lives of one seed differ: %+v, %+v", a.check, b.check)
	}
}

// The simulation is worth something only if it finds what it is for.
func TestPlantedBugsAreFoundWithinAFewYears(t *testing.T) {
	for name, bug := range map[string]plant{
		"served before written":          bugServeBeforeWrite,
		"no generation check":            bugNoGenerationCheck,
		"five minutes for everyone":      bugUncappedBuffer,
		"a timer that gives up":          bugDeafTimer,
		"a refusal of less is an end":    bugNarrowEnds,
		"a refusal of less renews":       bugNarrowRenews,
		"an end that is not written":     bugEndForgotten,
		"served until an end is written": bugServesUnwritten,
		"a parked grant sent by a timer": bugSendsParked,
		"parking that is not written":    bugParkForgotten,
		"parking that ends the grant":    bugParkedDies,
		"a passing policy is an end":     bugPolicyEnds,
		"a passing policy is hurried":    bugPolicyHurries,
		"told, and not written":          bugToldForgotten,
		"probes with a locked keychain":  bugProbesLocked,
		"a note that is not written":     bugForgetsNote,
		"a note that covers a sign-in":   bugNoteCoversNew,
		"a minimum that is cut":          bugMinValidCut,
		"renewed as often as asked":      bugMinValidUnthrottled,
		"callers wait for the back-off":  bugNobodyHurries,
		"callers before Retry-After":     bugHurriesAgainstRetryAfter,
		"less becomes the grant's own":   bugLessBecomesOwn,
		"not stated is as asked for":     bugUnstatedIsLess,
		"over as it comes, in a loop":    bugOverLoops,
		"repeated after the grace":       bugRepeatsLate,
		"silence waited for in a grace":  bugSilenceWaited,
		"a broken connection is silence": bugProofIgnored,
		"the back-off in a grace":        bugGraceForgotten,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 40; seed++ {
				if _, v := simulate(seed, bug, year); v != nil {
					t.Logf("%s: found in year %d: %s", name, seed, v)
					return
				}
			}
			t.Fatal("not found in 40 years")
		})
	}
}
