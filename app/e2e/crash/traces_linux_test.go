package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// trace is the file in which a victim writes down, a line each, what becomes of
// an answer until the keychain has it: so that after its death an answer that it
// never received can be told from one that it had.
type trace struct {
	file string
	mu   sync.Mutex
	open map[string]bool // names whose answer is on its way to the keychain
}

// What a trace says.
const (
	hasAnswer = "answered" // the provider's answer has arrived
	saves     = "saving"   // its write begins
	asksKey   = "asks"     // a call to the keychain begins
	keySays   = "told"     // it has ended
	saved     = "saved"    // the write is over
	dies      = "dies"     // by plan
	survives  = "survives" // the plan counted more calls than there were
)

func traceFile(state string) string { return filepath.Join(state, "trace") }

func newTrace(state string) *trace { return &trace{file: traceFile(state), open: map[string]bool{}} }

// step is tokens.Options.Step.
func (t *trace) step(name, step string) {
	switch step {
	case hasAnswer, saves, saved:
		t.mu.Lock()
		t.open[name] = step != saved
		t.mu.Unlock()
		t.write(name, step)
	}
}

// call is a call to the keychain, where an answer of name is on its way there.
func (t *trace) call(name, word string) {
	t.mu.Lock()
	open := t.open[name]
	t.mu.Unlock()
	if open {
		t.write(name, word)
	}
}

func (t *trace) write(name, word string) {
	f, err := os.OpenFile(t.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%d %s %s\n", time.Now().UnixNano(), name, word)
}

// mark is a line of it.
type mark struct {
	at   time.Time
	word string
}

// marks are a connection's, and those of the process, since a moment.
func (a *agent) marks(name string, since time.Time) (all []mark) {
	text, _ := os.ReadFile(traceFile(a.paths.State))
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[1] != name && f[2] != dies {
			continue
		}
		ns, _ := strconv.ParseInt(f[0], 10, 64)
		if at := time.Unix(0, ns); !at.Before(since) {
			all = append(all, mark{at, f[2]})
		}
	}
	return all
}

// How long an agent may hold an answer without a call to the keychain under way.
const (
	prompt = 250 * time.Millisecond // nine times in ten: much for a process, and little for one that waits
	atMost = 30 * time.Second       // where it is the machine that is busy
)

// journey is what became of one answer.
type journey struct {
	received bool
	idle     time.Duration // the longest time in which it had the answer and did nothing to keep it
}

// follow finds the way of the answer that the provider gave at a moment, until
// the next one or the death of the process.
func follow(marks []mark, given, death time.Time) (j journey) {
	var last mark
	for _, m := range marks {
		switch {
		case m.at.Before(given):
		case m.word == dies || m.at.After(death):
			death = earliest(death, m.at)
		case !j.received:
			if j.received = m.word == hasAnswer; j.received {
				last = m
			}
		case m.word == saved || m.word == hasAnswer:
			return j.upTo(last, m.at)
		default:
			j = j.upTo(last, m.at)
			last = m
		}
	}
	if j.received {
		return j.upTo(last, death)
	}
	return j
}

func (j journey) upTo(last mark, at time.Time) journey {
	if last.word != asksKey { // else it is the keychain that takes its time
		j.idle = max(j.idle, at.Sub(last.at))
	}
	return j
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// TestAnAgentThatSitsOnAnAnswerIsFound: the kill run's own eyes are open.
func TestAnAgentThatSitsOnAnAnswerIsFound(t *testing.T) {
	if !apart(t) {
		return
	}
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	a := newAgent(t, bus, newProvider(t, server.Options{}), "sits")
	for _, killed := range []bool{false, true} {
		a.victim("work sit " + map[bool]string{false: "1s", true: "1h"}[killed])
		if !killed {
			a.add("work", sealsFor(false)...)
			a.connect("work")
		}
		a.await("work", tokens.Connected)
		begun := time.Now()
		go a.refresh("work")
		eventually(t, "the answer is there, or kept", func() bool {
			marks := a.marks("work", begun)
			return len(marks) > 0 && (killed || marks[len(marks)-1].word == saved)
		})
		if killed {
			time.Sleep(2 * prompt)
		}
		death := time.Now()
		a.kill()
		_, i, err := a.record("work")
		if err != nil || a.newest(i) == killed {
			t.Fatalf("killed %t: the newest grant is in the keychain: %t, %v", killed, a.newest(i), err)
		}
		j := follow(a.marks("work", begun), a.provider.book.newest(i.grant).given, death)
		if !j.received || j.idle < 2*prompt {
			t.Errorf("killed %t: received %t, idle %v", killed, j.received, j.idle)
		}
	}
}

func TestAnAnswerIsFollowedToTheKeychain(t *testing.T) {
	zero := time.Unix(1000, 0)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct {
		what     string
		marks    []mark
		received bool
		idle     int // ms
	}{
		{"never received", []mark{{at(-5), hasAnswer}}, false, 0},
		{"killed at once", []mark{{at(10), hasAnswer}, {at(11), dies}}, true, 1},
		{"killed from outside", []mark{{at(10), hasAnswer}, {at(12), saves}}, true, 9988},
		{"kept", []mark{{at(10), hasAnswer}, {at(12), saves}, {at(13), asksKey}, {at(900), keySays}, {at(901), saved}}, true, 2},
		{"sat on it first", []mark{{at(10), hasAnswer}, {at(9000), saves}, {at(9001), asksKey}, {at(9002), keySays}, {at(9003), saved}}, true, 8990},
		{"sat on it between calls", []mark{{at(1), hasAnswer}, {at(2), saves}, {at(3), asksKey}, {at(4), keySays}, {at(800), asksKey}, {at(801), dies}}, true, 796},
		{"in the hands of the keychain", []mark{{at(1), hasAnswer}, {at(2), saves}, {at(3), asksKey}}, true, 1},
	} {
		j := follow(c.marks, zero, at(10_000))
		if j.received != c.received || j.idle != time.Duration(c.idle)*time.Millisecond {
			t.Errorf("%s: received %t, idle %v", c.what, j.received, j.idle)
		}
	}
}
