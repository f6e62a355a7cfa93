package tokens

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// This file holds the machine against the package comment's two tables: what it
// may be in, and where each event may lead.

//go:embed doc.go
var docText string

// stateTables are those two, as they are written there.
type stateTables struct {
	legal map[legalState]bool          // false: nothing has been in it yet
	cells map[string]map[State][]State // event, from, to
}

// legalState is a row of the first table.
type legalState struct {
	state State
	holds string
	busy  string // "idle", "saving"; "any" stands for every phase
}

var stateNames = []State{Disconnected, Connected, Retrying, Misconfigured, KeychainLocked, ReconnectRequired}

var tables = readTables(docText)

// rowsOf are the rows of the table whose head begins so, split into columns.
func rowsOf(text, head string) (rows [][]string) {
	_, text, ok := strings.Cut(text, "//\t"+head)
	if !ok {
		panic("the package comment has no table that begins with " + head)
	}
	for _, line := range strings.Split(text, "\n")[1:] {
		row, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			return rows
		}
		rows = append(rows, strings.FieldsFunc(strings.ReplaceAll(row, "  ", "\t"), func(r rune) bool { return r == '\t' }))
	}
	return rows
}

func readTables(text string) stateTables {
	t := stateTables{legal: map[legalState]bool{}, cells: map[string]map[State][]State{}}
	for _, row := range rowsOf(text, "state ") {
		t.legal[legalState{State(row[0]), strings.TrimSpace(row[1]), strings.TrimSpace(row[2])}] = false
	}
	letters := map[string]State{"D": Disconnected, "C": Connected, "T": Retrying, "M": Misconfigured, "L": KeychainLocked, "R": ReconnectRequired}
	for _, row := range rowsOf(text, "event ") {
		cells := map[State][]State{}
		for i, from := range stateNames {
			for _, letter := range strings.Fields(row[i+1]) {
				if to, ok := letters[letter]; ok {
					cells[from] = append(cells[from], to)
				}
			}
		}
		t.cells[row[0]] = cells
	}
	return t
}

// moves says what is wrong with where an event led; "" where nothing is. ticked: a record
// may have been compared right before it, and the timer have come right after it.
func (t stateTables) moves(event string, before State, m *machine, ticked bool) string {
	expired := m.base == ReconnectRequired && m.reason == ReasonExpired
	events := []string{event}
	if ticked {
		events = []string{"overtaken", event, "tick"}
	}
	led := []State{before}
	for _, e := range events {
		for _, s := range slices.Clone(led) {
			led = append(led, t.cells[e][s]...)
		}
	}
	may := slices.Contains(led, m.base)
	if m.base != before && !expired && !may {
		return fmt.Sprintf("%q moved %s to %s, which the table does not allow", event, before, m.base)
	}
	if in := m.row(); !t.has(in) {
		return fmt.Sprintf("%q led to %+v, which the table does not have", event, in)
	}
	return ""
}

// has reports whether the first table has the row, with its phase or "any".
func (t stateTables) has(in legalState) bool {
	_, ok := t.legal[in]
	_, any := t.legal[legalState{in.state, in.holds, "any"}]
	return ok || any
}

// row is where the machine stands in the first table.
func (m *machine) row() legalState {
	in := legalState{m.base, "nothing", [...]string{idle: "idle", checking: "checking", sending: "sending", saving: "saving", proving: "proving"}[m.busy]}
	switch {
	case m.served.parked():
		in.holds = "parked"
	case m.served != nil:
		in.holds = "live"
	case m.over.givenUp():
		in.holds = "given up"
	case m.over != nil:
		in.holds = "dead"
	}
	return in
}

// walker goes to every state that a short list of events leads to.
type walker struct {
	t       *testing.T
	seen    map[string]bool
	todo    []walk
	reached map[legalState]bool
	moved   map[string]bool // "event from to"
	proved  bool            // a machine was in the phase of that name
}

// walk is a machine on its way, with what it has asked for and was not answered.
type walk struct {
	m       *machine
	now     time.Time
	pending []effect
	path    []string
}

func (w walk) clone() walk {
	m := *w.m
	m.events, m.pending = nil, nil
	m.revocations.grants = slices.Clone(m.revocations.grants)
	m.early, m.newNarrow, m.narrow = slices.Clone(m.early), slices.Clone(m.newNarrow), slices.Clone(m.narrow)
	for i, n := range m.narrow {
		n := *n
		m.narrow[i] = &n
	}
	if m.nextNarrow != nil {
		n := *m.nextNarrow
		m.nextNarrow = &n
	}
	w.m, w.pending, w.path = &m, slices.Clone(w.pending), slices.Clone(w.path)
	return w
}

// key tells one state from another: everything that decides what may come next,
// but no times and generations.
func (w walk) key() string {
	m, s := w.m, &w.m.store
	var asked []effectKind
	for _, e := range w.pending {
		asked = append(asked, e.kind)
	}
	slices.Sort(asked)
	damaged, old := s.note.damaged(), s.note != nil && s.note.Old != nil
	refused := m.served != nil && !m.served.RefusedSince.IsZero()
	over := m.next != nil && m.next.wasOver()
	return fmt.Sprint(m.row(), m.reason, m.told == m.reason, m.next != nil, over, m.policy.refreshable(&Grant{RefreshToken: "r"}), m.policy.probe,
		refused, m.suspects, m.probes.under, m.probes.dead, len(m.revocations.grants) > 0, m.revocations.under > 0,
		s.read, s.under.kind, m.unsaved(), s.under.grant == m.kept(), s.under.grant == m.next, s.under.note == s.note, s.held == nil,
		s.erase, s.damaged, s.slow, s.note != nil, damaged, old, s.noted, asked, lessKey(m))
}

// lessKey is of what a token for less decides.
func lessKey(m *machine) string {
	said := func(n *narrowed) string {
		if n == nil {
			return ""
		}
		return fmt.Sprint(n.token.AccessToken != "", n.err != nil, n.unstated, n.undecided, n.rejected)
	}
	var kept *narrowed
	if len(m.narrow) > 0 {
		kept = m.narrow[0]
	}
	return fmt.Sprint(m.request.want.plain(), said(m.nextNarrow), said(kept), m.served != nil && m.served.Narrowed)
}

// step hands an event to a copy of the machine, and keeps where it led.
func (w *walker) step(from walk, event string, f func(*walk)) {
	to := from.clone()
	before := to.m.base
	f(&to)
	to.pending = append(to.pending, to.m.effects()...)
	to.path = append(to.path, event)
	if wrong := tables.moves(event, before, to.m, false); wrong != "" {
		w.t.Fatalf("%s, after %q", wrong, to.path)
	}
	if to.m.base != before {
		w.moved[fmt.Sprint(event, before, to.m.base)] = true
	}
	if key := to.path[0] + to.key(); !w.seen[key] {
		w.seen[key] = true
		w.reached[to.m.row()] = true
		w.proved = w.proved || to.m.busy == proving
		w.todo = append(w.todo, to)
	}
}

var walkStart = time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)

// walkGrant is one that the store may hold.
func walkGrant(refresh bool) *Grant {
	g := firstGrant(providers.Result{Answer: walkAnswer("1", refresh)}, 1, false)
	return g
}

func walkAnswer(n string, refresh bool) providers.Answer {
	a := providers.Answer{AccessToken: "a" + n, ExpiresIn: time.Hour, SentAt: walkStart, Scopes: simScopes}
	if refresh {
		a.RefreshToken = "r" + n
	}
	return a
}

// overAnswer brings a token that is over as it comes.
func overAnswer(n string) providers.Answer {
	a := walkAnswer(n, true)
	a.ExpiresIn = 0
	return a
}

// walkRecords are the records that a process may find.
func walkRecords(refresh bool) map[string]*Grant {
	live := walkGrant(refresh)
	return map[string]*Grant{
		"live": live, "absent": nil,
		"given up": live.with(End{State: Disconnected}),
		"parked":   live.with(End{State: ReconnectRequired, Reason: ReasonRefused}),
		"dead":     deadGrant(2, End{State: ReconnectRequired, Reason: ReasonRevoked}, ReasonNone),
	}
}

// answers are all answers to an effect.
func (w *walker) answers(from walk, i int, refresh bool) {
	e := from.pending[i]
	answer := func(event string, f func(*walk)) {
		w.step(from, event, func(to *walk) {
			to.pending = slices.Delete(to.pending, i, i+1)
			f(to)
		})
	}
	for _, err := range []error{nil, store.ErrLocked} {
		switch e.kind {
		case checkStore:
			answer("store checked", func(to *walk) { to.m.storeChecked(to.now, err) })
		case saveRecord:
			answer("saved", func(to *walk) { to.m.saved(to.now, e.grant.Generation, err) })
		case eraseRecord:
			answer("erased", func(to *walk) { to.m.erased(to.now, err) })
		case saveNote, clearNote:
			answer("note done", func(to *walk) { to.m.noteDone(to.now, e.kind, e.note, err) })
		case revokeGrant:
			answer("revoked", func(to *walk) { to.m.revoked(to.now, err) })
		case compareBinding:
			answer("bound", func(to *walk) { to.m.bound(to.now, e.grant, err == nil) })
		}
	}
	switch e.kind {
	case readRecord:
		for _, err := range []error{store.ErrLocked, errors.New("damaged")} {
			answer("record read", func(to *walk) { to.m.recordRead(to.now, nil, err) })
		}
		for _, g := range walkRecords(refresh) {
			answer("record read", func(to *walk) { to.m.recordRead(to.now, g, absentIf(g == nil)) })
		}
	case sendRefresh:
		for class := refusal.Transient; class <= refusal.RefusedForNow; class++ {
			answer("answered", func(to *walk) {
				to.m.answered(to.now, e.grant.Generation, providers.Answer{}, &refusal.Failure{Class: class, Status: 400})
			})
		}
		answer("answered", func(to *walk) {
			to.m.answered(to.now, e.grant.Generation, providers.Answer{}, refusal.ErrBindingChanged)
		})
		answer("answered", func(to *walk) { to.m.answered(to.now, e.grant.Generation, walkAnswer("2", true), nil) })
		answer("answered", func(to *walk) { to.m.answered(to.now, e.grant.Generation, overAnswer("2"), nil) })
		if !e.want.plain() {
			for _, scopes := range [][]string{simLess, nil} {
				less := walkAnswer("less", true)
				less.Scopes = scopes
				answer("answered", func(to *walk) { to.m.answered(to.now, e.grant.Generation, less, nil) })
			}
		}
	case askScopes:
		for _, scopes := range [][]string{nil, simLess, simScopes} {
			answer("proven", func(to *walk) { to.m.proven(e.grant.AccessToken, scopes) })
		}
	case askProvider:
		for _, l := range []providers.Liveness{providers.Alive, providers.DeadToken, providers.Unclear} {
			answer("probed", func(to *walk) { to.m.probed(to.now, e.grant.Generation, l, nil) })
		}
		answer("probed", func(to *walk) { to.m.probed(to.now, e.grant.Generation, providers.Unclear, store.ErrLocked) })
	}
}

func absentIf(is bool) error {
	if is {
		return store.ErrAbsent
	}
	return nil
}

// others are the events that answer nothing.
func (w *walker) others(from walk, refresh, less bool) {
	at := func(event string, f func(*machine, time.Time)) {
		w.step(from, event, func(to *walk) {
			to.now = to.now.Add(2 * time.Second) // a store that has not answered yet is slow
			f(to.m, to.now)
		})
	}
	at("disconnect", func(m *machine, now time.Time) { m.disconnect(now) })
	at("user refresh", func(m *machine, now time.Time) { m.userRefresh(now) })
	at("store changed", func(m *machine, now time.Time) { m.storeChanged(now) })
	at("network back", func(m *machine, now time.Time) { m.networkBack(now) })
	at("resumed", func(m *machine, now time.Time) { m.resumed(now) })
	at("announced", func(m *machine, now time.Time) { m.announced(now) })
	at("configured", func(m *machine, now time.Time) { m.configured(now, m.policy) })
	at("named", func(m *machine, now time.Time) { m.setAccount(now, providers.Account{ID: "1", Label: "ada"}) })
	at("serve", func(m *machine, now time.Time) { m.serve(now, Want{}) })
	at("rejected", func(m *machine, now time.Time) { m.rejected(now, "a1") })
	if less {
		at("serve", func(m *machine, now time.Time) { m.serve(now, Want{Scopes: simLess}) })
		at("rejected", func(m *machine, now time.Time) { m.rejected(now, "aless") })
	}
	for _, g := range walkRecords(refresh) {
		if g != nil {
			newer := *g
			newer.Generation = 1 << 62
			at("overtaken", func(m *machine, now time.Time) { m.overtaken(now, &newer) })
		}
	}
	if from.m.expired() {
		w.step(from, "clock set", func(to *walk) {
			to.now = to.now.Add(-30 * time.Minute)
			to.m.shift(to.now, -30*time.Minute, true)
		})
	}
	if from.m.next == nil {
		connect := func(a providers.Answer) {
			at("connect", func(m *machine, now time.Time) {
				m.connect(now, firstGrant(providers.Result{Answer: a}, m.generation(now)+1, false))
			})
		}
		connect(walkAnswer("3", refresh))
		if refresh {
			connect(overAnswer("3"))
		}
	}
	if due := from.m.due(); !due.IsZero() {
		w.step(from, "tick", func(to *walk) {
			if due.After(to.now) {
				to.now = due
			}
			to.m.tick(to.now)
		})
	}
}

// walkStates is how many states are looked at, the nearest first, of each kind of grant
// and of callers.
const walkStates = 30_000

func TestMachineReachesTheStatesOfItsTableAndNoOther(t *testing.T) {
	w := &walker{t: t, seen: map[string]bool{}, reached: map[legalState]bool{}, moved: map[string]bool{}}
	for _, kind := range []struct{ refresh, less bool }{{true, false}, {false, false}, {true, true}} {
		refresh := kind.refresh
		w.todo = nil
		for _, note := range []*Note{
			nil, {Time: walkStart}, {Damaged: true},
			{Old: &Verdict{Reason: ReasonRevoked, Generation: 1}}, {Old: &Verdict{Reason: ReasonExpired, Told: true}},
		} {
			p := policy{provider: "P", canProbe: !refresh, probe: !refresh}
			m := newMachine(walkStart, p, note, func() float64 { return .5 })
			w.todo = append(w.todo, walk{m: m, now: walkStart, pending: m.effects(), path: []string{fmt.Sprintf("%+v", kind)}})
		}
		for most := len(w.seen) + walkStates; len(w.todo) > 0 && len(w.seen) < most; {
			from := w.todo[0]
			w.todo = w.todo[1:]
			if len(from.pending) > 4 {
				continue
			}
			w.others(from, refresh, kind.less)
			for i := range from.pending {
				w.answers(from, i, refresh)
			}
		}
	}
	for in := range tables.legal {
		if !w.reached[in] && !(in.busy == "any" && w.reached[legalState{in.state, in.holds, "idle"}]) {
			t.Errorf("nothing leads to %+v, which the table has", in)
		}
	}
	for event, cells := range tables.cells {
		for from, list := range cells {
			for _, to := range list {
				if !w.moved[fmt.Sprint(event, from, to)] {
					t.Errorf("%q never moves %s to %s, which the table has", event, from, to)
				}
			}
		}
	}
	if !w.proved {
		t.Error("nobody is asked what a token for less may do")
	}
	t.Logf("%d states, %d rows of the first table, %d kinds of moves", len(w.seen), len(tables.legal), len(w.moved))
}
