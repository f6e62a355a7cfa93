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
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(*simYears) {
		seeds <- seed + 1
	}
	close(seeds)
	work.Wait()
	fmt.Printf("simulated %d years: %d events, %d refreshes, %d tokens served, %d revocations, %d deaths (%d because an answer never arrived, or the keychain never took it)\n",
		*simYears, sum.events, sum.refreshes, sum.served, sum.revocations, sum.deaths, sum.lostGrants)
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
		"a request forgotten in a crash": bugForgetsSent,
		"a timer that gives up":          bugDeafTimer,
		"a refusal of less is an end":    bugNarrowEnds,
		"a refusal of less renews":       bugNarrowRenews,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 20; seed++ {
				if _, v := simulate(seed, bug, year); v != nil {
					t.Logf("found in year %d: %s", seed, v)
					return
				}
			}
			t.Fatal("not found in 20 years")
		})
	}
}
