package crash

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/authtray/authtray/tokens/store/storetest"
)

var (
	kills = flag.Int("kills", 72, "how many agents TestKilledAgents… kills")
	seed  = flag.Uint64("seed", 0, "of what is random in it; 0: another one each time")
)

const password = "throw-away"

// TestKilledAgentsLoseNoGrantThatWasWritten kills agents at random and at every
// step between an answer of the provider and the first tool that is given the
// new token. Two agents have a provider that takes a refresh token once more if
// its answer was lost, as many do, and two have one that ends the grant.
func TestKilledAgentsLoseNoGrantThatWasWritten(t *testing.T) {
	if !apart(t) {
		return
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	count := newAccount()
	t.Cleanup(func() {
		t.Logf("\n%s", count)
		if often, longest := count.idleIn(0.9), count.idleIn(1); often > prompt || longest > atMost {
			t.Errorf("the agents sat on answers for %v, and %v at most", often, longest)
		}
	})
	for i := range 4 {
		t.Run(fmt.Sprintf("agent %d", i), func(t *testing.T) {
			t.Parallel()
			v := newVictimised(t, bus, i, i%2 == 0, count)
			r := rand.New(rand.NewPCG(*seed, uint64(i)))
			for n := i; count.next(*kills) && !t.Failed(); n++ {
				v.round(ways[n%len(ways)], r)
			}
		})
	}
}
