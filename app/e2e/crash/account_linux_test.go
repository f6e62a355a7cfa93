package crash

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// account is what came of the kills, by provider and way. Safe for concurrent use.
type account struct {
	mu    sync.Mutex
	begun time.Time
	total int
	rows  map[deathOf]*row
	idles []time.Duration // for each answer that was received
}

// deathOf is a kind of death.
type deathOf struct {
	grace bool // the provider takes a refresh token once more
	way   string
}

// row counts kills, and what became of connections.
type row struct{ kills, found, unheard, inMemory, lost int }

func (r *row) add(o row) {
	r.kills += o.kills
	r.found += o.found
	r.unheard += o.unheard
	r.inMemory += o.inMemory
	r.lost += o.lost
}

func newAccount() *account { return &account{begun: time.Now(), rows: map[deathOf]*row{}} }

// next says whether there is one more kill to do, and counts it.
func (a *account) next(most int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.total >= most {
		return false
	}
	a.total++
	return true
}

func (a *account) add(d deathOf, r row) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rows[d] == nil {
		a.rows[d] = &row{}
	}
	a.rows[d].add(r)
}

// idle notes how long an answer that was received lay idle.
func (a *account) idle(j journey) {
	if !j.received {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idles = append(a.idles, j.idle)
}

// String is the table.
func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out strings.Builder
	all := a.table(&out, true, "Killed … at a provider that takes an old one for a while")
	all.add(a.table(&out, false, "Killed … at one that never takes it again"))
	heading(&out, "")
	all.print(&out, "all")
	fmt.Fprintf(&out, `
Each kill is followed for two connections. What became of the newest grant that the provider had given by then:

newest kept       it was in the keychain, and is used.
never received    its answer was still on the way to the agent.
in memory only    the agent had received the answer, and was killed before the keychain had all of it. Until
                  that write is done, kill -9 loses it: no program can close this window, only keep it short.
LOST              anything else, among it a grant that was in the keychain, or whose token a tool had been
                  given. It has to be 0.

After "never received" and "in memory only" the next agent sends the same refresh token again at once. The first
provider gives a new grant for it. The second has ended the grant: the state is reconnect_required, the user is told
once, and connects again.

%s
%v in all
`, a.window(), time.Since(a.begun).Round(time.Second))
	return out.String()
}

// window is how long answers lay idle.
func (a *account) window() string {
	if len(a.idles) == 0 {
		return "no answer was received"
	}
	return fmt.Sprintf("%d answers were received. The agent held one for %v in the middle, for up to %v nine times in ten, and for %v at most,\n"+
		"without a call to the keychain under way; the test fails for more than %v nine times in ten, or %v.",
		len(a.idles), a.idleIn(0.5), a.idleIn(0.9), a.idleIn(1), prompt, atMost)
}

// idleIn is the longest time for which that share of the answers lay idle.
func (a *account) idleIn(share float64) time.Duration {
	if len(a.idles) == 0 {
		return 0
	}
	slices.Sort(a.idles)
	return a.idles[int(share*float64(len(a.idles)-1))].Round(10 * time.Microsecond)
}

func (a *account) table(out *strings.Builder, grace bool, title string) (sum row) {
	heading(out, title)
	for _, w := range append(ways[:len(ways):len(ways)], bystander) {
		if r := a.rows[deathOf{grace, w.name}]; r != nil {
			r.print(out, w.name)
			sum.add(*r)
		}
	}
	out.WriteString("\n")
	return sum
}

func heading(out *strings.Builder, title string) {
	fmt.Fprintf(out, "%-52s %6s %12s %15s %15s %6s\n", title, "kills", "newest kept", "never received", "in memory only", "LOST")
}

func (r row) print(out *strings.Builder, name string) {
	fmt.Fprintf(out, "%-52s %6d %12d %15d %15d %6d\n", name, r.kills, r.found, r.unheard, r.inMemory, r.lost)
}
