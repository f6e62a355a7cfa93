package bench

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// keychain measures how long a grant takes to be written to a real gnome-keyring, and
// counts the calls over the bus.
func keychain(t *testing.T, s *sheet) {
	bus := storetest.StartBus(t)
	bus.StartKeyring("bench")
	keep := store.Keychain("authtray-bench", slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = keep.Close() })
	serial := 0
	write := func(size int) func() (float64, error) {
		return func() (float64, error) {
			serial++
			value := grantOf(size, serial)
			began := time.Now()
			err := keep.Set(t.Context(), fmt.Sprintf("bench-%d", size), []byte(value))
			return milliseconds(time.Since(began)), err
		}
	}
	raw := func() (float64, error) {
		serial++
		began := time.Now()
		err := keyring.Set("authtray-bench-raw", "bench", grantOf(500, serial))
		return milliseconds(time.Since(began)), err
	}
	all := []contender{{"500 bytes", write(500)}, {"8 KB", write(8000)}, {"500 bytes, go-keyring alone", raw}}
	takeTurns(t, 2, all) // what only the first of each does
	got := takeTurns(t, max(n()/3, 3), all)
	to := s.table("A grant written to the Secret Service", "ms")
	ratios := s.addAll(to, all, "500 bytes", got)
	s.atMost("write of an 8 KB grant beside 500 bytes", "×", ratios["8 KB"], 1.5)

	monitor := bustest.Listen(t, bus.Address(), "type='method_call',destination='org.freedesktop.secrets'")
	counts := map[string]int{}
	for _, c := range all {
		before := len(monitor.Calls(""))
		if _, err := c.once(); err != nil {
			t.Fatal(err)
		}
		calls := namesOf(monitor)[before:]
		counts[c.name] = len(calls)
		to.Notes = append(to.Notes, fmt.Sprintf("Calls over D-Bus, %s: %d (%s).", c.name, len(calls), strings.Join(calls, ", ")))
	}
	s.atMost("D-Bus calls of a write of an 8 KB grant", "", float64(counts["8 KB"]), 8)
}

// namesOf are the names of the calls, once no more come.
func namesOf(m *bustest.Monitor) (names []string) {
	for before := -1; before != len(names); time.Sleep(100 * time.Millisecond) {
		before, names = len(names), nil
		for _, call := range m.Calls("") {
			member, _ := call.Headers[3].Value().(string)
			names = append(names, member)
		}
	}
	return names
}

// grantOf is text of a size that is not the same twice.
func grantOf(size, serial int) string {
	head := fmt.Sprintf("%08d", serial)
	return head + strings.Repeat("x", size-len(head))
}
