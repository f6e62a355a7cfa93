package crash

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

var soak = flag.Duration("soak", 20*time.Second, "how long TestSoak runs")

const (
	soakTools  = 8
	faultShare = 0.25

	lenient = time.Hour        // an old refresh token is good until the answer to it has come
	strict  = 30 * time.Second // afterwards it ends the grant

	settled = 10 * time.Minute // memory is held against what it was then, or at half time
	growth  = 4 << 10          // kB of private memory that may have come since
)

// TestSoak: fifty connections with tokens of ten seconds to a minute, at two
// providers where one request in four goes wrong, and tools that ask and reject
// all the time.
func TestSoak(t *testing.T) {
	if !apart(t) {
		return
	}
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	s := &soaked{agent: newAgent(t, bus, nil, "soak"), begun: time.Now()}
	cmd := s.command(asVictim)
	cmd.Env = append(cmd.Env, wholeVariable+"=yes")
	s.agent.start(cmd)
	s.at("l", 30, lenient)
	s.at("s", 20, strict)
	s.parts[0].weather()
	s.parts[1].lostAnswers()
	s.start = s.vitals("")
	for _, p := range s.parts {
		p.issued = p.provider.book.count()
		for range soakTools / len(s.parts) {
			s.tools = append(s.tools, startTools(p.agent, 20*time.Millisecond, p.names...))
		}
	}
	s.run(*soak)
	s.finish()
	s.parts[1].reuse()
	t.Logf("\n%s", s)
	s.judge()
}

// soaked is a soak and what came of it.
type soaked struct {
	*agent
	parts    []*soakPart
	tools    []*tools
	begun    time.Time
	start    vitals
	middle   vitals // at middleAt
	last     vitals // under the same load
	end      vitals // when all is quiet
	middleAt time.Duration
	rejected int
	heap     string        // what it holds more of in last than in middle
	settled  time.Duration // how long that took in the end
}

// soakPart is one of the providers, and the connections there.
type soakPart struct {
	*agent // the same process, and this provider
	names  []string
	grace  time.Duration
	issued int
	lossy  lossy
	reused string // what came of an old refresh token that was used again
}

// at connects so many connections at a new provider, which takes a refresh token
// again for so long after it has replaced it, and ends the grant afterwards.
func (s *soaked) at(prefix string, n int, grace time.Duration) {
	a := *s.agent
	a.provider = newProvider(s.t, server.Options{Lifetime: time.Minute, Grace: grace})
	a.provider.before = func() { a.provider.SetLifetime(time.Duration(10+rand.IntN(51)) * time.Second) }
	p := &soakPart{agent: &a, grace: grace, lossy: lossy{book: &a.provider.book}}
	for i := range n {
		name := fmt.Sprintf("%s%02d", prefix, i)
		p.names = append(p.names, name)
		p.add(name, sealsFor(i%2 == 1)...)
		p.connect(name)
	}
	s.parts = append(s.parts, p)
}

// weather is every fault that does not lie about a token's lifetime: a token
// whose end nobody was told of would be handed out after it. Answers are lost
// too, but not twice in a row, which no provider forgives.
func (p *soakPart) weather() {
	var faults []faultkit.Fault
	for _, f := range faultkit.Keeping(faultkit.Catalogue(3 * time.Second)) {
		if !strings.Contains(f.Name, "expires_in") {
			faults = append(faults, f)
		}
	}
	faults = append(faults, writtenOtherwise(`expires_in "N"`, `"%d"`), writtenOtherwise("expires_in N.0", "%d.0"), writtenOtherwise("expires_in Ne0", "%de0"))
	for range 2 {
		faults = append(faults, p.lossy.faults()...)
	}
	p.provider.kit.Random(rand.Uint64(), faultShare, faults...)
}

// lostAnswers are all that befalls a provider with little grace: after one of
// them there is time for the second try that follows at once, and no more.
func (p *soakPart) lostAnswers() {
	p.provider.kit.Random(rand.Uint64(), faultShare, p.lossy.faults()...)
}

// writtenOtherwise is the lifetime as the provider meant it, in another notation.
func writtenOtherwise(name, notation string) faultkit.Fault {
	return faultkit.Custom(name, func(x *faultkit.Exchange) {
		a := x.Provider()
		var got struct {
			ExpiresIn int `json:"expires_in"`
		}
		if json.Unmarshal(a.Body, &got) == nil && got.ExpiresIn > 0 {
			a.Set("expires_in", fmt.Sprintf(notation, got.ExpiresIn))
		}
		a.Send(x.W)
	})
}

// lossy loses answers, never two of one grant in a row.
type lossy struct {
	book *book
	mu   sync.Mutex
	last map[string]int // the issue that was lost last, by grant
	lost int
}

// faults are all ways to lose an answer.
func (l *lossy) faults() []faultkit.Fault {
	return []faultkit.Fault{
		l.fault("answer reset", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.Cut(true) }),
		l.fault("answer dropped", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.Cut(false) }),
		l.fault("answer cut", func(x *faultkit.Exchange, a *faultkit.Answer) { a.Body = a.Body[:len(a.Body)/2]; a.Send(x.W) }),
		l.fault("502 in its place", func(x *faultkit.Exchange, _ *faultkit.Answer) { x.W.WriteHeader(502) }),
	}
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

// run lets time go by, in which the providers' APIs now and then take a token
// no longer.
func (s *soaked) run(long time.Duration) {
	begun := time.Now()
	middle := min(settled, long/2)
	for time.Since(begun) < long {
		time.Sleep(500 * time.Millisecond)
		n := rand.IntN(len(s.tools))
		p := s.parts[n*len(s.parts)/len(s.tools)]
		if i := s.tools[n].last(p.names[rand.IntN(len(p.names))]); i.n > 0 && rand.IntN(4) == 0 {
			p.provider.RejectAccess(i.access)
			s.rejected++
		}
		if s.middleAt == 0 && time.Since(begun) >= middle {
			s.middle, s.middleAt = s.vitals("middle"), middle
		}
	}
	s.last = s.vitals("last")
	s.heap = s.grown("middle", "last")
}

// finish lets the sun shine until every connection has settled.
func (s *soaked) finish() {
	for _, t := range s.tools {
		t.end()
	}
	begun := time.Now()
	var work sync.WaitGroup
	for _, p := range s.parts {
		p.provider.kit.Otherwise(faultkit.Pass())
		for _, name := range p.names {
			work.Go(func() { p.refresh(name) })
		}
	}
	work.Wait()
	for _, p := range s.parts {
		p.settle(begun.Add(hangTime))
	}
	s.settled = time.Since(begun)
	s.client.CloseIdleConnections()
	s.end = s.vitals("")
}

// settle waits until every connection's newest grant is in the keychain, which
// it asks seldom: a keychain that writes for fifty has enough to do. What has
// not settled then is in the account.
func (p *soakPart) settle(end time.Time) {
	for _, name := range p.names {
		why := p.unsettled(name)
		for ; why != nil && time.Now().Before(end); why = p.unsettled(name) {
			time.Sleep(200 * time.Millisecond)
		}
		if why != nil {
			p.t.Errorf("%s has not settled: %v", name, why)
		}
	}
}

func (p *soakPart) unsettled(name string) error {
	st, err := p.status(name)
	if err != nil || st.State == tokens.ReconnectRequired {
		return err
	}
	if st.State != tokens.Connected || st.Unsaved {
		return fmt.Errorf("it is %s (%s), unsaved: %t", st.State, st.Reason, st.Unsaved)
	}
	_, i, err := p.record(name)
	if err == nil && !p.newest(i) {
		err = fmt.Errorf("the keychain holds its %d. grant, and not the newest, %d", i.n, p.provider.book.newest(i.grant).n)
	}
	return err
}

// reuse shows that the provider meant it: an old refresh token of a connection
// that has been renewed since ends its grant.
func (p *soakPart) reuse() {
	p.t.Helper()
	r, i, err := p.record(p.names[0])
	if err != nil {
		p.t.Fatal(err)
	}
	p.refresh(p.names[0])
	p.awaitWritten(p.names[0])
	p.provider.SetGrace(0)
	a, err := p.provider.Refresh(storetest.Context(p.t), r.Refresh)
	if err != nil {
		p.t.Fatal(err)
	}
	p.reused = "refused: " + a.Error
	for _, g := range p.provider.Grants() {
		if g.ID == i.grant {
			p.reused += "; the grant: " + g.Ended
		}
	}
	if a.Error != "invalid_grant" || !strings.Contains(p.reused, "used twice") {
		p.t.Errorf("an old refresh token that was used again: %s", p.reused)
	}
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
	if grown := s.last.private - s.middle.private; grown > growth {
		s.t.Errorf("private memory grew by %d kB since %v", grown, s.middleAt)
	}
	if s.end.goroutines > s.start.goroutines+20 || s.end.files > s.start.files+20 {
		s.t.Errorf("left behind:\n%s", s.end.stacks)
	}
}

// String is the account.
func (s *soaked) String() string {
	served, expired, _ := s.served()
	var out strings.Builder
	line := func(what string, value any) { fmt.Fprintf(&out, "%-56s %v\n", what, value) }
	line("time", time.Since(s.begun).Round(time.Second))
	for _, p := range s.parts {
		p.tell(line)
	}
	line("all settled after", s.settled.Round(100*time.Millisecond))
	line("tokens that the APIs rejected", s.rejected)
	line("tokens served to tools", served)
	line("expired tokens served", expired)
	line("grants lost", len(s.deaths()))
	row := func(what string, of func(vitals) int) {
		fmt.Fprintf(&out, "%-56s %8d %8d %8d %8d\n", what, of(s.start), of(s.middle), of(s.last), of(s.end))
	}
	fmt.Fprintf(&out, "%-56s %8s %8s %8s %8s\n", "", "start", s.middleAt, "last", "quiet")
	row("resident memory, kB", func(v vitals) int { return v.memory })
	row(fmt.Sprintf("private memory, kB; from %v to the last at most +%d", s.middleAt, growth), func(v vitals) int { return v.private })
	row("  of it the heap in use, kB", func(v vitals) int { return v.heap })
	row("  of it stacks, kB", func(v vitals) int { return v.stack })
	row("  of it what profiling the heap needs, kB", func(v vitals) int { return v.profiles })
	row("goroutines", func(v vitals) int { return v.goroutines })
	row("open files", func(v vitals) int { return v.files })
	fmt.Fprintf(&out, "heap in use, last against %v:\n%s", s.middleAt, s.heap)
	return out.String()
}

// tell tells a provider's part of the account.
func (p *soakPart) tell(line func(string, any)) {
	faults, total := p.faults()
	line(fmt.Sprintf("connections at a provider with %v of grace", p.grace), len(p.names))
	line("  refreshes that it granted", p.provider.book.count()-p.issued)
	line("  token requests that met a fault", total)
	line("  of them, answers lost after the rotation", p.lossy.lost)
	if p.reused != "" {
		line("  an old refresh token used once more in the end", p.reused)
	}
	line("  faults", faults)
}

// faults are counted by name.
func (p *soakPart) faults() (list string, total int) {
	count := map[string]int{}
	for _, r := range p.provider.kit.Received() {
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
