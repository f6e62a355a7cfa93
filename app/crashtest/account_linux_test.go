package crashtest

import (
	"fmt"
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
}

// deathOf is a kind of death.
type deathOf struct {
	grace bool // the provider takes a refresh token once more
	way   string
}

// row counts kills, and connections after them.
type row struct{ kills, found, renewed, answerLost, lost int }

func (r *row) add(o row) {
	r.kills += o.kills
	r.found += o.found
	r.renewed += o.renewed
	r.answerLost += o.answerLost
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

// String is the table.
func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out strings.Builder
	all := a.table(&out, true, "provider takes a refresh token once more, for 20 s")
	all.add(a.table(&out, false, "provider takes it never again"))
	fmt.Fprintf(&out, "%-52s %6s %12s %14s %12s %6s\n", "", "kills", "newest kept", "renewed again", "answer_lost", "LOST")
	all.print(&out, "all")
	fmt.Fprintf(&out, `
newest kept    the newest grant that the provider gave was in the keychain, and is used
renewed again  the answer died with the process before it was written; the next one sent the same refresh
               token again at once, and was given a new grant
answer_lost    the same at a provider that allows no second try: one notification, and connected again
LOST           anything else, a token that a tool had been given among it; it has to be 0
%v in all
`, time.Since(a.begun).Round(time.Second))
	return out.String()
}

func (a *account) table(out *strings.Builder, grace bool, title string) (sum row) {
	fmt.Fprintf(out, "%-52s %6s %12s %14s %12s %6s\n", title, "kills", "newest kept", "renewed again", "answer_lost", "LOST")
	for _, w := range ways {
		if r := a.rows[deathOf{grace, w.name}]; r != nil {
			r.print(out, "killed "+w.name)
			sum.add(*r)
		}
	}
	out.WriteString("\n")
	return sum
}

func (r row) print(out *strings.Builder, name string) {
	fmt.Fprintf(out, "%-52s %6d %12d %14d %12d %6d\n", name, r.kills, r.found, r.renewed, r.answerLost, r.lost)
}
