package crashtest

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

var soak = flag.Duration("soak", 20*time.Second, "how long TestSoak runs")

const (
	soakConnections = 50
	soakTools       = 8
	faultShare      = 0.25
)

// TestSoak: fifty connections with tokens of ten seconds to a minute, at a
// provider where one request in four goes wrong, and tools that ask and reject
// all the time.
func TestSoak(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	// An old refresh token may be used once more until the answer to it has
	// come: what is lost on the way is then no reason to lose a grant.
	p := newProvider(t, server.Options{Lifetime: time.Minute, Grace: time.Hour})
	p.before = func() { p.SetLifetime(time.Duration(10+rand.IntN(51)) * time.Second) }
	a := newAgent(t, bus, p, "soak")
	a.victim("")
	names := soakNames()
	for i, name := range names {
		a.add(name, sealsFor(i%2 == 1)...)
		a.connect(name)
	}
	s := &soaked{agent: a, names: names, begun: time.Now(), start: a.vitals(), issued: p.book.count()}
	s.weather()
	for range soakTools {
		s.tools = append(s.tools, startTools(a, 20*time.Millisecond, names...))
	}
	s.run(time.Now().Add(*soak))
	s.finish()
	t.Logf("\n%s", s)
	s.judge()
}

func soakNames() (names []string) {
	for i := range soakConnections {
		names = append(names, fmt.Sprintf("c%02d", i))
	}
	return names
}

// soaked is a soak and what came of it.
type soaked struct {
	*agent
	names      []string
	tools      []*tools
	begun      time.Time
	start, end vitals
	issued     int
	rejected   int
	lossy      lossy
}

// weather is every fault that does not lie about a token's lifetime: a token
// whose end nobody was told of would be handed out after it. Answers are lost
// too, but not twice in a row, which no provider forgives.
func (s *soaked) weather() {
	s.lossy.book = &s.provider.book
	var faults []faultkit.Fault
	for _, f := range faultkit.Keeping(faultkit.Catalogue(3 * time.Second)) {
		if !strings.Contains(f.Name, "expires_in") {
			faults = append(faults, f)
		}
	}
	for range 2 {
		faults = append(faults,
			s.lossy.fault("answer reset", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.Cut(true) }),
			s.lossy.fault("answer dropped", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.Cut(false) }),
			s.lossy.fault("answer cut", func(x *faultkit.Exchange, a *faultkit.Answer) { a.Body = a.Body[:len(a.Body)/2]; a.Send(x.W) }),
			s.lossy.fault("502 in its place", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.W.WriteHeader(502) }))
	}
	s.provider.kit.Random(rand.Uint64(), faultShare, faults...)
}

// lossy loses answers, never two of one grant in a row.
type lossy struct {
	book *book
	mu   sync.Mutex
	last map[string]int // the issue that was lost last, by grant
	lost int
}

func (l *lossy) fault(name string, lose func(*faultkit.Exchange, *faultkit.Answer)) faultkit.Fault {
	return faultkit.Custom(name, func(x *faultkit.Exchange) {
		a := x.Provider()
		if l.may(a) {
			lose(x, a)
			return
		}
		a.Send(x.W)
	})
}

func (l *lossy) may(a *faultkit.Answer) bool {
	var got struct {
		Access string `json:"access_token"`
	}
	json.Unmarshal(a.Body, &got)
	i := l.book.of(got.Access)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]int{}
	}
	if i.n == 0 || i.before > 0 && l.last[i.grant] == i.before {
		return false
	}
	l.last[i.grant] = i.n
	l.lost++
	return true
}

// run lets time go by, in which the provider's API now and then takes a token
// no longer.
func (s *soaked) run(end time.Time) {
	for time.Now().Before(end) {
		time.Sleep(500 * time.Millisecond)
		if i := s.tools[0].last(s.names[rand.IntN(len(s.names))]); i.n > 0 && rand.IntN(4) == 0 {
			s.provider.RejectAccess(i.access)
			s.rejected++
		}
	}
}

// finish lets the sun shine until every connection has settled.
func (s *soaked) finish() {
	for _, t := range s.tools {
		t.end()
	}
	s.provider.kit.Otherwise(faultkit.Pass())
	for _, name := range s.names {
		s.refresh(name)
	}
	for _, name := range s.names {
		if st, err := s.status(name); err != nil || st.State != tokens.ReconnectRequired {
			s.awaitWritten(name)
		}
	}
	s.client.CloseIdleConnections()
	s.end = s.vitals()
}

func (s *soaked) served() (served, expired int, strange []string) {
	for _, t := range s.tools {
		served += t.served
		expired += t.expired
		strange = append(strange, t.wrong()...)
	}
	return served, expired, strange
}

// deaths are the lines that told the user of one.
func (s *soaked) deaths() (lines []string) {
	text, _ := os.ReadFile(string(s.diary()))
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "death") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func (s *soaked) judge() {
	_, expired, strange := s.served()
	if deaths := s.deaths(); len(deaths) > 0 || expired > 0 || len(strange) > 0 {
		s.t.Errorf("lost: %q; %d expired tokens; %q", deaths, expired, strange)
	}
	if s.end.goroutines > s.start.goroutines+20 || s.end.files > s.start.files+20 {
		s.t.Errorf("left behind:\n%s", s.end.stacks)
	}
}

// String is the account.
func (s *soaked) String() string {
	served, expired, _ := s.served()
	faults, total := s.faults()
	var out strings.Builder
	line := func(what string, value any) { fmt.Fprintf(&out, "%-44s %v\n", what, value) }
	line("time", time.Since(s.begun).Round(time.Second))
	line("connections", len(s.names))
	line("refreshes that the provider granted", s.provider.book.count()-s.issued)
	line("token requests that met a fault", total)
	line("  of them, answers lost after the rotation", s.lossy.lost)
	line("tokens that the API rejected", s.rejected)
	line("tokens served to tools", served)
	line("expired tokens served", expired)
	line("grants lost", len(s.deaths()))
	fmt.Fprintf(&out, "%-44s %8s %8s\n", "", "start", "end")
	for _, v := range []struct {
		what       string
		start, end int
	}{
		{"resident memory, kB", s.start.memory, s.end.memory},
		{"goroutines", s.start.goroutines, s.end.goroutines},
		{"open files", s.start.files, s.end.files},
	} {
		fmt.Fprintf(&out, "%-44s %8d %8d\n", v.what, v.start, v.end)
	}
	out.WriteString("faults: " + faults + "\n")
	return out.String()
}

// faults are counted by name.
func (s *soaked) faults() (list string, total int) {
	count := map[string]int{}
	for _, r := range s.provider.kit.Received() {
		if r.Matched && r.Fault != "pass" {
			count[r.Fault]++
			total++
		}
	}
	var all []string
	for name, n := range count {
		all = append(all, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(all)
	return strings.Join(all, ", "), total
}

// vitals are what the agent's process holds.
type vitals struct {
	memory, goroutines, files int
	stacks                    string
}

// vitals asks the process, which counts its own goroutines.
func (a *agent) vitals() (v vitals) {
	a.t.Helper()
	file := vitalsFile(a.paths.State)
	os.Remove(file)
	if err := a.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		a.t.Fatal(err)
	}
	eventually(a.t, "the agent's own count", func() bool {
		text, err := os.ReadFile(file)
		first, rest, _ := strings.Cut(string(text), "\n")
		v.goroutines, _ = strconv.Atoi(first)
		v.stacks = rest
		return err == nil && v.goroutines > 0
	})
	proc := filepath.Join("/proc", strconv.Itoa(a.cmd.Process.Pid))
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		a.t.Fatal(err)
	}
	v.files = len(files)
	status, _ := os.ReadFile(filepath.Join(proc, "status"))
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmRSS: %d kB", &v.memory)
	}
	return v
}
