package tokens

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	simYears     = flag.Int("years", 20, "how many years TestAYearInAMinute simulates, one seed each")
	managerYears = flag.Int("manager-years", 2, "how many years TestAYearOfAManager simulates, one seed each")
	allPlants    = flag.Bool("plants", false, "look for the planted bugs in a Manager too, which takes minutes")
	simSeed      = flag.Uint64("seed", 0, "simulate only this seed, as a failure printed it")
)

const year = 365 * day

// simulation is one of the two: of the machine alone, and of a Manager that runs it.
type simulation struct {
	name    string
	managed bool
}

var machineAlone, managerToo = simulation{"the machine", false}, simulation{"a Manager", true}

// live lives so long of a seed. v is nil where no rule was broken.
func (s simulation) live(t *testing.T, seed uint64, bug plant, d time.Duration) (w *world, v *violation) {
	w = newWorld(seed, bug, s.managed)
	if !s.managed {
		return w, w.spend(d)
	}
	simCatalogue()
	synctest.Test(t, func(*testing.T) { v = w.spend(d) })
	return w, v
}

// spend lives for d, and ends the process that is there then.
func (w *world) spend(d time.Duration) (v *violation) {
	defer func() {
		if r := recover(); r != nil {
			broken, ok := r.(violation)
			if !ok {
				panic(r)
			}
			v = &broken
		}
		if a := w.agent; a != nil && a.real != nil && !a.dead {
			a.dead = true
			a.real.kill()
		}
	}()
	w.bubble = time.Now()
	w.live(d)
	w.check.finish()
	return nil
}

// replay lives one seed again, and prints the end of it where a rule is broken.
func (s simulation) replay(t *testing.T, seed uint64) {
	w, v := s.live(t, seed, noBug, year)
	if v == nil {
		t.Logf("seed %d of %s: %d refreshes, %d tokens served, no violation", seed, s.name, w.check.refreshes, w.check.served)
		return
	}
	t.Errorf("%s: %s", s.name, v)
	for _, line := range w.trace {
		t.Log(line)
	}
}

// many lives a year of each seed up to years, and prints the account of all. A seed
// that fails is lived in the other simulation too.
func (s simulation) many(t *testing.T, years int, other simulation, test string) {
	if *simSeed != 0 {
		s.replay(t, *simSeed)
		return
	}
	sum, done := account{}, 0
	var mu sync.Mutex
	var work sync.WaitGroup
	seeds := make(chan uint64)
	for range runtime.NumCPU() {
		work.Go(func() {
			for seed := range seeds {
				w, v := s.live(t, seed, noBug, year)
				if v != nil {
					_, too := other.live(t, seed, noBug, year)
					t.Errorf("%s\nthe same seed of %s: %v\nreplay: go test ./tokens -run %s -seed %d", v, other.name, too, test, seed)
				}
				mu.Lock()
				sum.add(w.check.account)
				if done++; done%max(20, years/20) == 0 && done < years {
					fmt.Printf("%d years of %s so far, %d events\n", done, s.name, sum.events)
				}
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(years) {
		seeds <- seed + 1
	}
	close(seeds)
	work.Wait()
	fmt.Printf("simulated %d years of %s: %s\n", years, s.name, sum)
}

func TestAYearInAMinute(t *testing.T) {
	machineAlone.many(t, *simYears, managerToo, "TestAYearInAMinute")
}

func TestAYearOfAManager(t *testing.T) {
	years := *managerYears
	if testing.Short() {
		years = min(years, 1)
	}
	managerToo.many(t, years, machineAlone, "TestAYearOfAManager")
}

// A seed of a Manager does so only nearly: goroutines that wake together run in any
// order.
func TestASeedOfTheMachineReplaysExactly(t *testing.T) {
	a, _ := machineAlone.live(t, 7, noBug, 60*day)
	b, _ := machineAlone.live(t, 7, noBug, 60*day)
	if a.check.account != b.check.account {
		t.Fatalf("two lives of one seed differ: %s\n%s", a.check.account, b.check.account)
	}
}

// The simulations are worth something only if they find what they are for.
func TestPlantedBugsAreFoundWithinAFewYears(t *testing.T) {
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			machineAlone.find(t, p.bug, 40)
		})
	}
}

func TestPlantedBugsAreFoundInAManagerToo(t *testing.T) {
	if !*allPlants {
		t.Skip("make simulate sets -plants")
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			managerToo.find(t, p.bug, 40)
		})
	}
}

// find lives years until one breaks a rule.
func (s simulation) find(t *testing.T, bug plant, years uint64) {
	for seed := uint64(1); seed <= years; seed++ {
		if _, v := s.live(t, seed, bug, year); v != nil {
			t.Logf("found in year %d: %s", seed, v)
			return
		}
	}
	t.Fatalf("not found in %d years", years)
}
