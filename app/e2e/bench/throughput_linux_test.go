package bench

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const slice = time.Second

// throughput measures how many tokens are given in a second, over new connections, to
// 1, 8 and 64 clients.
func throughput(t *testing.T, s *sheet) {
	a := newAuthtray(t)
	a.write("bench", practice(t))
	a.run("--no-tray", "--store=memory")
	a.signIn("bench")
	all := []endpoint{ourSocket(a), {"bare net/http", startBare(t, "http", readToken(t, a)), ourSocket(a).request, untilClosed}}
	if o := newOIDCAgent(t); o != nil {
		all = append(all, rivalSocket(o))
	}
	to := s.table("Tokens in a second, each over a new connection", "/s")
	medians := map[string]float64{}
	for _, clients := range []int{1, 8, 64} {
		got := map[string]series{}
		for range 5 {
			for _, asked := range all {
				if asked.name == "oidc-agent" && clients > 1 {
					continue // its queue is short: it lets no more in
				}
				got[asked.name] = append(got[asked.name], perSecond(t, asked, clients))
			}
		}
		for _, asked := range all {
			if got[asked.name] == nil {
				continue
			}
			what := fmt.Sprintf("%s, clients: %d", asked.name, clients)
			s.add(to, what, got[asked.name], "", nil)
			medians[what] = got[asked.name].median()
		}
		if theirs := got["oidc-agent"]; clients == 1 && theirs != nil {
			s.atLeast("tokens in a second to 1 client beside oidc-agent", "×", got["authtray"].over(theirs).median(), 1.2)
		}
	}
	s.atLeast("tokens in a second to 8 clients beside 1", "×", medians["authtray, clients: 8"]/medians["authtray, clients: 1"], 1)
	s.atLeast("tokens in a second to 64 clients beside 1", "×", medians["authtray, clients: 64"]/medians["authtray, clients: 1"], 1)
}

func perSecond(t *testing.T, asked endpoint, clients int) float64 {
	t.Helper()
	var given atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(began) < slice {
				if _, err := asked.fresh(); err != nil {
					failed.Store(&err)
					return
				}
				given.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
	return float64(given.Load()) / time.Since(began).Seconds()
}
