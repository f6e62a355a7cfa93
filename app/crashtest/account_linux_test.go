package crashtest

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// account is what came of the kills, by way. Safe for concurrent use.
type account struct {
	mu    sync.Mutex
	begun time.Time
	total int
	rows  map[string]*row
}

// row counts kills, and connections after them.
type row struct{ kills, found, renewed, answerLost, lost int }

func newAccount() *account { return &account{begun: time.Now(), rows: map[string]*row{}} }

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

func (a *account) add(w way, f func(*row)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rows[w.name] == nil {
		a.rows[w.name] = &row{}
	}
	f(a.rows[w.name])
}

func (a *account) kill(w way)       { a.add(w, func(r *row) { r.kills++ }) }
func (a *account) found(w way)      { a.add(w, func(r *row) { r.found++ }) }
func (a *account) renewed(w way)    { a.add(w, func(r *row) { r.renewed++ }) }
func (a *account) answerLost(w way) { a.add(w, func(r *row) { r.answerLost++ }) }
func (a *account) lost(w way)       { a.add(w, func(r *row) { r.lost++ }) }

// String is the table.
func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out strings.Builder
	line := func(name string, r row) {
		fmt.Fprintf(&out, "%-30s %7d %12d %14d %14d %8d\n", name, r.kills, r.found, r.renewed, r.answerLost, r.lost)
	}
	fmt.Fprintf(&out, "%-30s %7s %12s %14s %14s %8s\n", "killed", "kills", "newest kept", "renewed again", "answer_lost", "LOST")
	var sum row
	for _, w := range ways {
		if r := a.rows[w.name]; r != nil {
			line(w.name, *r)
			sum = row{sum.kills + r.kills, sum.found + r.found, sum.renewed + r.renewed, sum.answerLost + r.answerLost, sum.lost + r.lost}
		}
	}
	line("all", sum)
	fmt.Fprintf(&out, `
newest kept    the newest grant that the provider gave was in the keychain, and is used
renewed again  the answer died with the process before it was written; the agent sent the same refresh
               token again at once, and the provider, which allows that for 20 s, gave a new one
answer_lost    the same at a provider that does not allow it: one notification, and connected again
LOST           anything else, and that has to be 0
%v in all
`, time.Since(a.begun).Round(time.Second))
	return out.String()
}
