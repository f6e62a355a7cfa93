package tokens

import (
	"time"

	"github.com/authtray/authtray/providers"
)

// machine is the life of one grant: a function of time and events. It does no
// I/O, asks no clock, starts nothing and locks nothing; what it wants done it
// leaves in pending, as effects, and the answers come back as events. Manager runs
// it with real effects, the simulation with simulated ones.
//
// Every event method is handed the wall time. Events may come in any order;
// an answer that belongs to an older generation changes nothing.
type machine struct {
	policy policy
	rnd    func() float64 // [0,1), for jitter

	// The grant. served is what callers get; next is an answer on its way to
	// the store, not served yet; over is one that is in use no more: dead, or given
	// up and on its way back. There is never a served one beside one that is over.
	served    *Grant
	next      *Grant
	over      *Grant
	highest   uint64           // the highest generation that there has been
	jitter    float64          // of served's timer
	lives     [3]time.Duration // of the tokens of the last answers, the last one first: the longest is the usual one
	early     []time.Time      // of the last hour's renewals that a caller brought about before they were due
	narrow    []*narrowed      // the one asked for longest ago first
	given     []given          // the tokens for less that were handed out, as the record says it too
	newNarrow []time.Time      // when tokens for less were last asked for that were not had

	nextNarrow *narrowed // what next's answer was asked for: kept once next is written, and the provider was asked what it may do

	// Where it stands.
	base        State
	reason      Reason
	detail      string
	said        string // what the provider said itself of its last refusal; in memory only
	retryAt     time.Time
	soonest     time.Time // when a caller, or with refused_for_now another network, may have the next try at the earliest; zero: it may not
	flow        bool      // a connection attempt is pending
	told        Reason    // what the user has been told of, as the record says it too
	signedIn    bool      // what a sign-in brought has yet to reach the store: it takes the place of any record
	revocations revoking

	// What is under way. At most one refresh, ever.
	busy    phase
	request effect    // the refresh under way
	sentAt  time.Time // when the last one was sent

	// How it went so far, for this generation.
	fails, suspects            int
	answerLost, quickRetryUsed bool      // an answer was lost; the one quick retry was used
	graceEnds                  time.Time // lost: until when the provider takes the refresh token again; zero: unknown
	refreshOnceRead            bool      // the user asked for a refresh before the record was read
	rejection                  bool      // the refresh under way is for a tool whose API refused the token
	afterRejection             bool      // served came from such a refresh
	decideAt                   time.Time // when the last refresh was begun that decides what a refused narrower token means
	probes                     probing

	store storing

	events  []Event
	pending []effect
	adopted []string // what the grant came to be bound to, yet to be logged
}

// phase is what a refresh is doing.
type phase int

const (
	idle     phase = iota
	checking       // can the store be written?
	sending        // the request is with the provider
	saving         // the answer is on its way to the store
	proving        // the provider is asked what a token for less may do
)

// storing is what still has to be done with the store, one operation at a time.
type storing struct {
	under  effect    // the operation under way
	at     time.Time // when the store is asked next
	read   bool      // the record has been read, or is known to be absent
	held   *Grant    // what the store holds, where it holds what this process knows
	writes int       // failures in a row
	erase  bool      // the store may hold what the user gave up

	note   *Note       // stands outside the store, or is to
	noted  bool        // …it is there
	before []time.Time // …it is not: of those before it, one of which may be there
	noteAt time.Time

	slow    bool          // the first reading takes so long that it is said
	damaged bool          // there is a record that cannot be read
	skew    time.Duration // by how much the clock was set back before it was read
}

// revoking is the revocation of a grant that the user disconnected. It waits
// until a later process would know of it, and for nobody who asked for it.
type revoking struct {
	grants []*Grant // that wait
	sent   *Grant   // was given up while a request for it was under way: what that brings is revoked too
	under  int
	err    error // of the last one
}

// probing is what asking the provider about a token without refresh token gave.
type probing struct {
	under bool
	dead  int       // "dead" answers in a row
	at    time.Time // the last answer's time
	last  providers.Liveness
	next  time.Time // when to ask again; zero: not

	barred Reason // why the store could not be written when a probe was wanted last
}

// effect is something the machine wants done.
type effect struct {
	kind  effectKind
	grant *Grant // save, refresh, probe
	note  *Note
	want  Want          // refresh: for a narrower token
	most  time.Duration // checkStore: how long it may take; 0: as long as ever
}

type effectKind int

const (
	nothing        effectKind = iota
	readRecord                // answered by recordRead
	checkStore                // storeChecked
	sendRefresh               // answered
	saveRecord                // saved
	eraseRecord               // erased
	saveNote                  // noteDone
	clearNote                 // noteDone
	askProvider               // probed
	compareBinding            // bound
	revokeGrant               // revoked
	askScopes                 // proven
)

// toStore reports whether an effect is on the record, or on the note beside it. They
// are begun one after the other (storing.under).
func (k effectKind) toStore() bool {
	return k == readRecord || k == saveRecord || k == eraseRecord || k == saveNote || k == clearNote
}

// newMachine is a machine before its record is read. note is what stands
// outside the store; nil: nothing does.
func newMachine(now time.Time, p policy, note *Note, rnd func() float64) *machine {
	m := &machine{policy: p, rnd: rnd, base: Disconnected}
	m.store.note, m.store.noted = note, note != nil
	switch { // what it says of the record waits until that can be read
	case note.damaged():
		m.base, m.reason = ReconnectRequired, ReasonNoteDamaged
	case m.noteDecides():
		m.store.erase = true
	}
	m.store.at = now.Add(slowRead)
	m.operate(effect{kind: readRecord})
	return m
}

func (m *machine) emit(e effect) { m.pending = append(m.pending, e) }

// effects hands over what is to be done, and forgets it.
func (m *machine) effects() []effect {
	out := m.pending
	m.pending = nil
	return out
}

// setState moves to a state and writes it into the history.
func (m *machine) setState(now time.Time, s State, r Reason, detail string, retryAt time.Time) {
	if s != m.base || r != m.reason {
		m.note(now, EventKind(s), r, detail)
	}
	m.base, m.reason, m.detail, m.retryAt, m.soonest = s, r, detail, retryAt, time.Time{}
}

// maxEvents is how much of its history a machine keeps.
const maxEvents = 50

func (m *machine) note(now time.Time, what EventKind, r Reason, detail string) {
	m.events = append(m.events, Event{Time: now, What: what, Reason: r, Detail: detail})
	if n := len(m.events) - maxEvents; n > 0 {
		m.events = append([]Event(nil), m.events[n:]...)
	}
}

// generation is the highest generation that may have been used so far. Where the
// store's cannot be read it is the time in milliseconds, which no count of
// refreshes comes up to.
func (m *machine) generation(now time.Time) uint64 {
	if !m.store.read || m.store.damaged {
		return max(m.highest+1, uint64(now.UnixMilli()))
	}
	return m.highest
}

// tick does what is due. It may be called at any time.
func (m *machine) tick(now time.Time) {
	m.tickStore(now)
	if at, do := m.todo(); !at.IsZero() && !now.Before(at) {
		do(now)
	}
}

// due is when tick has something to do next; zero: nothing.
func (m *machine) due() time.Time {
	at, _ := m.todo()
	if m.firstReadSlow() {
		return earlier(at, m.store.at)
	}
	_, wants := m.wants()
	return earlier(at, wants)
}

// todo is what is to be done with the grant by itself, and when; zero: nothing.
// What is under way is answered by an event of its own.
func (m *machine) todo() (at time.Time, do func(now time.Time)) {
	switch {
	case m.served == nil:
		return at, nil
	case m.bindingDiffers():
		// Once an hour, and on resume: that the configuration is back may have been
		// missed where it takes the network to tell.
		return m.retryAt, func(now time.Time) {
			m.retryAt = now.Add(slowRetry)
			m.emit(effect{kind: compareBinding, grant: m.served})
		}
	case m.expired():
		return m.served.ExpiresAt.Add(lapseTime), func(now time.Time) { m.markDead(now, ReasonExpired, "") }
	case m.base == ReconnectRequired, m.busy != idle:
		return at, nil
	}
	do = func(now time.Time) { m.start(now, Want{}) }
	switch {
	case !m.policy.refreshable(m.served):
		// The grant is kept for a while yet: a clock that is wrong, until the network's
		// time is known, is no reason to erase it.
		at, do = m.served.ExpiresAt, func(now time.Time) { m.setState(now, ReconnectRequired, ReasonExpired, "", time.Time{}) }
	case m.policy.broken != "":
	case m.base == Connected:
		at = refreshAt(m.served, m.policy, m.jitter)
	default:
		at = m.retryAt
	}
	if probe := earlier(at, m.probes.next); !m.probes.under && probe != at {
		at, do = probe, m.probe
	}
	return at, do
}

// expiredForGood reports whether the token ended, and nothing can renew it.
func (m *machine) expiredForGood(now time.Time) bool {
	return !m.policy.refreshable(m.served) && !m.served.ExpiresAt.IsZero() && !now.Before(m.served.ExpiresAt)
}

func (m *machine) expired() bool {
	return m.served != nil && m.base == ReconnectRequired && m.reason == ReasonExpired
}

// configured takes up a changed configuration.
func (m *machine) configured(now time.Time, p policy) {
	m.policy = p
	if m.base == Misconfigured {
		m.retryAt = now
	}
	m.probes.next = time.Time{}
	if m.served != nil {
		m.schedule(now)
		m.bindResources(now)
		m.emit(effect{kind: compareBinding, grant: m.served})
	}
}

// bindResources compares where the configuration sends tokens beside the provider's
// own endpoints with what the grant is bound to: where that is elsewhere, its token is
// served no more.
func (m *machine) bindResources(now time.Time) {
	if _, moved := m.policy.resources.Compare(m.served.Binding.Resources); moved != "" {
		m.endpointsChanged(now)
	}
}

// adoptResources makes what may be adopted of the configuration the grant's own, once
// the provider's endpoints are known to be those of the grant: a configuration that
// leads to another provider says nothing about it.
func (m *machine) adoptResources(now time.Time) {
	adopted, moved := m.policy.resources.Compare(m.served.Binding.Resources)
	first := m.served.Binding.Resources == nil
	if moved != "" || len(adopted) == 0 && !(first && m.policy.resources.Origins != nil) {
		return
	}
	if !first {
		m.adopted = adopted
	}
	m.change(now, func(g *Grant) { g.Binding.Resources = append(append([]string{}, g.Binding.Resources...), adopted...) })
}

// setAccount fills in whose the grant is, which the provider said only after the sign-in
// that brought it.
func (m *machine) setAccount(now time.Time, account providers.Account) {
	fill := func(g *Grant) {
		if g.Account == (providers.Account{}) {
			g.Account = account
		}
	}
	m.next, m.request.grant = m.next.changed(fill), m.request.grant.changed(fill)
	if m.served != nil {
		m.change(now, fill)
	}
}

// bound is the answer to compareBinding: whether the configuration still leads
// where g came from, and so what g has become since. Where it cannot be told (no
// network), nothing changes: a refresh compares again before it sends anything.
func (m *machine) bound(now time.Time, g *Grant, same bool) {
	if m.served == nil || !m.served.Binding.LeadsTo(g.Binding) || m.served.Binding.SignIn != g.Binding.SignIn {
		return
	}
	if _, moved := m.policy.resources.Compare(m.served.Binding.Resources); !same || moved != "" {
		m.endpointsChanged(now)
		return
	}
	if m.bindingDiffers() {
		m.setStateOfGrant(now)
	}
	if leadsElsewhere(m.told) {
		m.setTold(now, ReasonNone)
	}
	m.adoptResources(now)
}

// setStateOfGrant moves to the grant's own state, with nothing that lies over it.
func (m *machine) setStateOfGrant(now time.Time) {
	if e := m.served.End; e != nil {
		m.setState(now, e.State, e.Reason, e.Detail, time.Time{})
		return
	}
	m.setState(now, Connected, ReasonNone, "", time.Time{})
}

// parked reports whether the grant is kept, but sent again only when the user asks.
func (m *machine) parked() bool {
	return m.base == ReconnectRequired && m.served.parked() && m.reason == m.served.End.Reason
}

func leadsElsewhere(r Reason) bool { return r == ReasonEndpointsChanged || r == ReasonClientForgotten }

// endpointsChanged keeps the grant, unused: it comes back if the configuration does.
// One that expired meanwhile stays told as expired.
func (m *machine) endpointsChanged(now time.Time) {
	if m.bindingDiffers() || m.expired() {
		return
	}
	reason := ReasonEndpointsChanged
	if m.policy.replaced != "" && m.served.Binding.ClientID == m.policy.replaced {
		reason = ReasonClientForgotten
	}
	m.setState(now, ReconnectRequired, reason, "", now.Add(slowRetry))
}

// bindingDiffers reports whether the grant is kept, but the configuration leads elsewhere.
func (m *machine) bindingDiffers() bool {
	return m.served != nil && m.base == ReconnectRequired && leadsElsewhere(m.reason)
}
