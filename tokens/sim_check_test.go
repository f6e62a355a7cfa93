package tokens

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// checker holds every step of a simulated life against the rules.
type checker struct {
	w *world
	account
	serving

	// The present grant.
	saidDead  bool   // the provider has given a verdict on it, to a plain refresh
	suspects  int    // unknown refusals that were heard
	over      bool   // it has ended, or the user disconnected: nothing may be sent until the user acts
	parked    bool   // …sent only when the user asks
	doubled   bool   // it had ended, and a double fault brought it back
	forgot    bool   // a crash took the memory of an answer that was lost
	barTold   bool   // the user was told of the policy that refuses now
	why       Reason // …it has ended
	again     int    // double faults of this grant
	heardDead int    // how often its end was heard
	gone      bool   // …the user disconnected
	told      int    // how often its death was announced
	toldOf    Reason // …what of, the last time
	retold    int    // …how often it may have been told again, after a crash in the very moment
	unheard   bool   // an answer got lost since the last one that was heard
	signedIn  bool   // …by a sign-in in this process
	onDisk    bool   // the keychain has, or had, it
	written   *Grant // what the keychain took last, to the letter
	back      bool   // we gave it back
	erasures  int    // of the record
	torn      int    // the family that there was when the note was torn last
	unkept    bool   // …since when a note could not be written
	returned  bool   // the note that the user gave it up is gone, so that the grant is there again
	toldTorn  bool   // the user was told of a note that cannot be read
	gen       uint64 // the generation that is served
	unsure    string // a token whose times a crash kept from being written after the clock was set back

	fails       int           // passing failures since the last good answer, or since the user asked
	quick       bool          // the one quick retry was used
	sentAt      time.Duration // when the last request was sent
	losses      int           // answers that were lost since the refresh token was rotated
	earlier     int           // …and before that, of the present generation
	lastLoss    loss          // …how, the last time
	silence     bool          // …one of them in silence
	losing      bool          // an answer was lost since the last one that was heard
	graceEnds   time.Duration // losing: until when the refresh token is known to be taken again
	graceUnsure bool          // …the clock was set since

	dry      time.Duration // since when tools get nothing; 0: they do
	hour     [2]int        // the present hour, and the requests in it
	provoked time.Duration // when the refusal of a narrower token last made the machine renew the grant; 0: never
}

// violation is a broken rule, at a moment of a seed's life.
type violation struct {
	seed uint64
	at   time.Duration
	text string
}

func (v violation) String() string {
	return fmt.Sprintf("seed %d, day %.3f: %s", v.seed, v.at.Hours()/24, v.text)
}

func (c *checker) fail(format string, args ...any) {
	panic(violation{c.w.seed, c.w.now, fmt.Sprintf(format, args...) + " — " + c.w.agent.String()})
}

func (c *checker) transition(event string, before State, a *simAgent) {
	c.events++
	m := a.m
	if event == "user refresh" && m.fails == 0 {
		c.fails = 0
	}
	if wrong := tables.moves(event, before, m, a.real != nil); wrong != "" {
		c.fail("%s", wrong)
	}
	c.alive(m)
	if m.base == Connected && before != Connected {
		c.dry = 0
	}
	if m.base == Connected && !c.over && c.why == ReasonExpired {
		c.told, c.why = 0, ReasonNone // the clock was wrong
	}
	if c.parked && hasAnswer(m) && !m.served.parked() {
		if event == "record read" {
			c.fail("a restart forgot that the grant is parked")
		}
		c.parked, c.told, c.retold = false, 0, 0
		if event == "saved" && c.w.now-a.userAt < time.Minute {
			c.unparks++
		}
	}
	if event == "connect" && c.current(m.next) {
		c.signedIn = true
	}
	if c.signedIn && m.next == nil && m.served != nil && !c.current(m.served) {
		c.fail("a sign-in gave way to an older grant")
	}
	if g := m.served; g != nil && g.RefusedSince.IsZero() {
		c.barTold = false
	}
	if g := m.served; g != nil && g.Generation != c.gen {
		fails := 0
		if g.wasOver() && event == "saved" { // no success
			fails = c.fails + 1
		}
		c.gen, c.fails, c.dry, c.noSooner = g.Generation, fails, 0, 0
		c.forgetLoss()
		if !m.parked() {
			c.suspects = 0
		}
	}
	c.state(m)
}

// alive notes that the user sees that they are connected again.
func (c *checker) alive(m *machine) {
	if !c.over || !c.w.wanted || !hasAnswer(m) {
		return
	}
	if older := !c.current(m.served); older && !c.onDisk || !older && (c.gone || !c.back) {
		c.reconnected()
	}
}

// hasAnswer: the machine has a grant that it goes on with, though its token may have
// been over as it came.
func hasAnswer(m *machine) bool {
	return m.served != nil && (m.base == Connected || m.base == Retrying && m.served.wasOver())
}

// current: the grant is of the last consent.
func (c *checker) current(g *Grant) bool {
	return g != nil && g.AccessToken != "" && readSimToken(g.AccessToken).family == c.w.provider.family
}

// state holds what must be true at every moment.
func (c *checker) state(m *machine) {
	switch {
	case m.base != ReconnectRequired || m.next != nil || m.reason == ReasonEndpointsChanged:
	case m.reason == ReasonNoteDamaged:
		if !c.w.loadNote().damaged() {
			c.fail("a note is said to be unreadable that is not")
		}
	case m.parked():
		if !c.parked && c.suspects < len(suspectPauses) && !c.w.disk.parked() {
			c.fail("parked after %d unknown refusals before this one", c.suspects)
		}
		if !c.parked {
			c.parked = true
			c.parks++
			c.w.troubleAtTheEnd()
		}
	case !c.over:
		if c.over = true; c.parked { // the user tried again, or another process did
			c.parked, c.told, c.retold = false, 0, 0
			if m.told == m.reason {
				c.told, c.toldOf = 1, m.reason // which told of it too
			}
		}
		c.died(m.reason)
	}
	unread := m.base == KeychainLocked && !m.store.read || m.reason == ReasonNoteDamaged // the record, or the note, says it
	if c.gone && m.base != Disconnected && m.next == nil && !unread {
		c.fail("a connection that the user ended is %s", m.base)
	}
	if m.base == Retrying && m.busy == idle {
		if pause := m.retryAt.Sub(c.w.Now()); pause > maxRetryAfter+time.Minute {
			c.fail("the next try is %s away", pause)
		}
	}
	if m.served != nil && m.next != nil && m.next.Generation <= m.served.Generation {
		c.fail("generation %d is to replace %d", m.next.Generation, m.served.Generation)
	}
}

// died: the grant is given up, for a reason that must be true. A person revoked
// it, or an answer never arrived; else a delivered grant was lost.
func (c *checker) died(r Reason) {
	c.deaths++
	p, d := c.w.provider, c.w.disk
	ok, replaced := false, !c.onDisk // by a consent that a crash took away
	switch r {
	case ReasonRevoked:
		ok = c.saidDead && (p.revoked && !p.lost || replaced || p.ghost || p.lost && c.forgot || c.back)
		if ok && p.lost && !p.ghost {
			c.unnamed++
		}
	case ReasonAnswerLost:
		ok = c.saidDead && c.unheard && (p.revoked || p.lost || replaced || c.back)
	case ReasonTokenRejected:
		ok = (p.revoked || replaced || c.back) && !p.refreshs
	case ReasonExpired: // true by the clock on the wall, which may be wrong
		ok = !p.refreshs && c.w.lifetime > 0
	}
	if ended := d != nil && d.End != nil && d.End.Reason == r; ended && replaced { // the end of the grant before the one that a crash took away
		ok = true
	}
	if held := c.w.agent.m.kept(); (replaced || c.returned) && d != nil && d.Told == r && held != nil && held.Generation == d.Generation { // as it was read
		c.told, c.toldOf = max(c.told, 1), r
	}
	if !ok {
		c.fail("a grant was given up, and the reason is not true (said dead %v, revoked %v, lost %v, unheard %v, forgot %v, on disk %v, suspects %d)",
			c.saidDead, p.revoked, p.lost, c.unheard, c.forgot, c.onDisk, c.suspects)
	}
	if c.why = r; p.lost {
		c.lostGrants++
	}
	if c.doubled {
		c.repeated++
	} else {
		c.w.troubleAtTheEnd()
	}
	c.w.in(c.w.about(6*time.Hour), func() {
		if c.over && !c.gone {
			c.w.agent.userConnects()
		}
	})
}

// provider is every answer of the token endpoint, whether it is heard or not.
func (c *checker) provider(want Want, err error) {
	var f *refusal.Failure
	if want.plain() && errors.As(err, &f) && f.Class == refusal.Dead {
		c.saidDead = true
	}
}

// reused: a refresh token came that is not the family's newest, and ends it.
// That is nobody's fault where the newest never arrived.
func (c *checker) reused(sender *simAgent, sent *Grant) {
	newest := c.w.provider.current()
	has := func(g *Grant) bool { return g != nil && g.RefreshToken == newest }
	c.w.provider.ghost = sender.dead // its process is gone, and the next one asked in between
	c.mustHaveLived(sender)
	if !sender.dead && (has(sender.m.served) || has(sender.m.next) || has(c.w.disk)) {
		c.fail("%s was sent, though %s had been delivered", sent.RefreshToken, newest)
	}
}

// mustHaveLived: one lost answer, in an otherwise quiet time, does not cost the grant
// where the request can be repeated while the provider still takes it. Where it is known
// how long that is, no answers do that are known at once to be lost, three of them.
func (c *checker) mustHaveLived(sender *simAgent) {
	p, known := c.w.provider, c.w.policy.grace > 0
	most := 1
	if known && !c.silence {
		most = 3
	}
	if sender.dead || sender.m.parked() || c.losses == 0 || c.losses > most || c.earlier > 0 || c.w.troubled >= p.rotated {
		return
	}
	enough := 30 * time.Second
	if c.lastLoss != connBroke && !known {
		enough = 2 * providers.RequestTimeout
	}
	if p.grace >= enough {
		c.fail("answers were lost (%d), and the request was repeated only %s after the rotation: the provider takes it again for %s", c.losses, c.w.now-p.rotated, p.grace)
	}
}

func (c *checker) lost(how loss) {
	c.losses++
	c.lastLoss = how
	switch how {
	case connBroke:
		c.broken++
	case noAnswer:
		c.silent++
		c.silence = true
	default:
		c.behind++
	}
}

func (c *checker) forgetLoss() {
	c.quick, c.losing, c.graceEnds, c.graceUnsure = false, false, 0, false
	c.earlier, c.losses, c.silence = 0, 0, false
}

// answered holds the pause after a failure against the rules.
func (c *checker) answered(a *simAgent, err error) {
	c.heard(err)
	if err == nil {
		c.unheard, c.forgot = false, false
		return
	}
	var f *refusal.Failure
	if errors.As(err, &f) && f.Class == refusal.Dead && a.m.base == ReconnectRequired && a.m.served == nil {
		if c.heardDead++; c.heardDead > 1+c.again {
			c.fail("the end was heard %d times, with %d double faults", c.heardDead, c.again)
		}
	}
	if f != nil && f.Lost && !c.losing {
		if c.losing = true; c.w.policy.grace > 0 && a.m.base != ReconnectRequired {
			c.graceEnds = c.sentAt + c.w.policy.grace
		}
	}
	if f == nil || a.m.base == ReconnectRequired {
		return
	}
	if c.unscoped = f.Class == refusal.Suspect && a.m.busy != idle && !c.unscoped; c.unscoped {
		return // scopes were named, and it is asked once more without
	}
	pause := a.m.retryAt.Sub(c.w.Now())
	between := func(least, most time.Duration) {
		if pause < least && a.waited == 0 || pause > most { // one that waits may have it sooner
			c.fail("%s after %q (%d failures, %d unknown refusals), not between %s and %s", pause, f.Code, c.fails, c.suspects, least, most)
		}
	}
	asked := min(f.RetryAfter, maxRetryAfter)
	switch {
	case f.Class == refusal.Transient, f.NothingThere():
		c.fails++
		usual := 5 * time.Second
		for n := 1; n < c.fails && usual < 5*time.Minute; n++ {
			usual *= 2
		}
		usual = min(usual, 5*time.Minute)
		least, most := max(usual*8/10, asked), max(usual*12/10, asked)
		switch soon := c.repeat(f); {
		case soon > 0 && c.graceUnsure:
			between(0, most)
		case soon > 0:
			between(0, min(soon, most))
		default:
			between(least, most)
		}
	case f.Class == refusal.Misconfigured, f.Class == refusal.RefusedForNow:
		between(time.Hour, time.Hour)
	case f.Class == refusal.Suspect:
		if c.suspects++; c.suspects <= len(suspectPauses) {
			between(suspectPauses[c.suspects-1], suspectPauses[c.suspects-1])
		}
	}
}

// repeat is how soon, at most, a request is repeated whose answer was lost; 0: the
// back-off says.
func (c *checker) repeat(f *refusal.Failure) time.Duration {
	left := c.graceEnds - c.w.now
	switch {
	case f.RetryAfter > 0:
		return 0
	case f.Lost && !c.quick:
		if c.quick = true; f.Proof || left > 0 {
			return time.Second
		}
		return 4 * time.Second
	case (f.Lost || f.Status == 0) && c.graceEnds > 0 && (left > 0 || c.graceUnsure):
		return max(left/4, time.Second)
	}
	return 0
}

// answeredNarrow holds that the refusal of a narrower token costs the grant
// nothing: not its state, and not more than a plain refresh now and then.
func (c *checker) answeredNarrow(a *simAgent, before State, err error) {
	var f *refusal.Failure
	if err == nil || errors.As(err, &f) && f.Lost {
		c.answered(a, err)
		return
	}
	if f == nil {
		return // the configuration changed
	}
	if a.m.served == nil || a.m.base != before {
		c.fail("%q to a narrower token moved %s to %s", f.Code, before, a.m.base)
	}
	if a.m.busy == idle || a.waited > 1 { // another caller may have begun something
		return
	}
	if since := c.w.now - c.provoked; c.provoked > 0 && since < Buffer(c.w.lifetime) {
		c.fail("the refusal of a narrower token renews the grant again after %s", since)
	}
	c.provoked = c.w.now
}

func (c *checker) sent(a *simAgent, e effect) {
	c.refreshes++
	c.lastSent, c.sentAt = c.w.now, c.w.now
	if a.sending[e.grant.RefreshToken] > 0 {
		c.fail("a second refresh while one is under way")
	}
	if c.over {
		c.fail("a request after the end")
	}
	if c.parked && c.w.now-a.userAt > time.Minute {
		c.fail("a grant that is parked was sent, and the user did not ask")
	}
	if early := a.m.retryAt.Sub(c.w.Now()); (a.m.base == Retrying || a.m.base == Misconfigured) && early > 5*time.Second && c.w.now-a.userAt > time.Minute {
		c.fail("a request %s before its time", early)
	}
	if slices.Equal(e.want.Scopes, simMore) || c.hurried || a.waiting > 0 {
		c.hurried = false
		return // as often as the tool asks
	}
	if h := int(c.w.now / time.Hour); h != c.hour[0] {
		c.hour = [2]int{h, 0}
	}
	most := 60
	if c.w.lifetime > 0 && c.w.lifetime < 5*time.Minute { // a tool that polls needs that many
		most = max(most, int(2*time.Hour/c.w.lifetime))
	}
	if c.hour[1]++; c.hour[1] > most {
		c.fail("%d refreshes within an hour, of a token that lives %s", c.hour[1], c.w.lifetime)
	}
}

func (c *checker) handedOut(g *Grant, plain bool) {
	c.served++
	if c.doubled && !c.over && c.current(g) {
		c.servedAgain++
	}
	t := readSimToken(g.AccessToken)
	switch d := c.w.disk; {
	case c.over:
		c.fail("a token was handed out after the end")
	case t.end <= c.w.now && g.AccessToken != c.unsure:
		c.fail("an expired token was handed out, %s too late", c.w.now-t.end)
	case !plain && g.Generation == 0 && !slices.Equal(g.Scopes, simLess):
		c.fail("asked for %v, and %v was handed out", simLess, g.Scopes)
	case d == nil || !d.reaches(t):
		if !c.w.agent.m.unsaved() && !c.w.unseen {
			c.fail("a token was handed out before its grant was written")
		}
	}
	if plain {
		c.dry = 0
	}
}

// reaches: the grant is as new as the token, or newer.
func (g *Grant) reaches(t simToken) bool {
	if g.AccessToken == "" {
		return false
	}
	have := readSimToken(g.AccessToken)
	if g.RefreshToken != "" { // a narrower token's refresh token comes without an access token of its own
		fmt.Sscanf(g.RefreshToken, "rt-%d-%d", &have.family, &have.serial)
	}
	return have.family > t.family || have.family == t.family && have.serial >= t.serial
}

// refused: a tool got nothing, though it waited. That may be, but not for long
// where nothing is out of order: a grant that lives must come back by itself.
func (c *checker) refused(a *simAgent) {
	lost := a.m.base == Disconnected && !c.onDisk || a.m.reason == ReasonNoteDamaged // a sign-in that a crash took away
	if c.over || c.parked || lost || !c.w.provider.alive || !c.w.wanted {
		c.dry = 0
		return
	}
	if c.dry == 0 {
		c.dry = c.w.now
	}
	if since := c.w.now - c.dry; since > 4*time.Hour && c.w.fineFor() > 4*time.Hour {
		c.fail("a grant that lives gives no token for %s, and nothing is out of order", since)
	}
}

// tidy: where a grant is over, nothing of it is left in a keychain that is open.
func (c *checker) tidy(a *simAgent) {
	w := c.w
	if a.m.next != nil || a.m.store.under.kind != nothing || w.fineFor() < time.Hour || a.m.store.note.damaged() {
		return
	}
	switch {
	case c.gone && (w.disk != nil || w.note != nil):
		c.fail("the user disconnected, and something is left: %v, note %v", w.disk, w.note)
	case c.gone && w.provider.alive && c.onDisk:
		c.fail("the user disconnected, and the grant was never revoked")
	case c.over && !c.gone && w.disk != nil && w.disk.AccessToken != "" && !a.m.expired():
		c.fail("the grant is over, and its tokens are still in the keychain")
	case w.note != nil:
		c.fail("a note is left behind")
	}
}

func (c *checker) announced(m *machine) {
	if m.reason == ReasonEndpointsChanged { // what lies under it is told again
		c.barTold = false
		if c.parked {
			c.told = 0
		}
		return
	}
	if m.reason == ReasonNoteDamaged {
		if c.toldTorn {
			c.fail("a process told twice of a note that cannot be read")
		}
		c.toldTorn = true
		c.tornNotes++
		return
	}
	if m.base == Retrying {
		if c.barTold {
			c.fail("a policy that refuses was told of twice")
		}
		c.barTold = true
		c.barTolds++
		return
	}
	c.toldOf = m.reason
	if c.told++; c.told > 1+c.retold {
		c.fail("an end was told %d times", c.told)
	}
	if c.told > 1 {
		c.retolds++
	}
}

func (c *checker) revoked() {
	c.revocations++
	family, soon := c.w.provider.family, 21*day
	if !c.w.provider.refreshs && !c.w.policy.probe {
		soon = 120 * day // only tools can tell
	}
	c.w.in(soon, func() {
		p := c.w.provider
		if p.family == family && p.revoked && !c.over && !c.parked {
			c.fail("a revocation went unseen for %s", soon)
		}
	})
}

// consented: a new grant begins, which the machine does not have yet.
func (c *checker) consented() {
	c.saidDead, c.unheard, c.forgot, c.onDisk, c.back, c.signedIn = false, false, false, false, false, false
	c.returned = false
	c.heardDead, c.again, c.doubled = 0, 0, false
	if !c.over {
		c.told, c.retold = 0, 0
	}
}

func (c *checker) reconnected() {
	c.toldOnce()
	c.over, c.gone, c.told, c.retold = false, false, 0, 0
}

func (c *checker) toldOnce() {
	if c.over && !c.gone && c.told == 0 {
		c.fail("an end was never told")
	}
}

// kept: the keychain took a record.
func (c *checker) kept(g *Grant) {
	c.written = g
	if g.givenUp() {
		c.noted()
		return
	}
	c.onDisk = c.onDisk || c.current(g)
}

// noted: from here on it is certain that the user disconnected.
func (c *checker) noted() {
	if !c.w.wanted {
		c.over, c.gone = true, true
	}
}

func (c *checker) erased() {
	if c.w.agent.m.store.note.damaged() {
		c.fail("a record was erased, and nobody knows whether it was given up")
	}
	c.written = nil
	c.erasures++
	c.noted()
}

func (c *checker) revokedForUser(g *Grant) {
	if c.w.wanted && c.current(g) {
		c.fail("a grant that the user wants was revoked")
	}
}

// booted: the next process begins.
func (c *checker) booted() {
	c.toldTorn = false
	switch n := c.w.note; {
	case n.damaged() && c.onDisk && c.w.provider.family > c.torn && !c.unkept:
		c.fail("the note that a sign-in came after covers it")
	case c.w.loadNote().damaged() && c.over: // this process cannot tell of it
		c.told, c.retold = max(c.told, 1), c.retold+1
	}
}

// noteGone: nobody can know what the note said.
func (c *checker) noteGone() {
	if c.gone && c.w.disk != nil {
		c.over, c.gone, c.told, c.retold = false, false, 0, 0
		c.returned = true
	}
}

// crashed notes what a crash in this very moment excuses.
func (c *checker) crashed(a *simAgent) {
	w, m, d := c.w, a.m, c.written
	if w.disk == nil { // erased by another process, and remembered by this one alone
		c.erasures++
	}
	if a.underway > 0 || m.next != nil || m.unsaved() {
		c.unheard = true // answered, but not on disk: not received, or refused by the keychain
	}
	c.forgot = c.forgot || c.unheard
	if !c.onDisk && (m.next != nil || m.unsaved()) {
		c.lostSignIns++
	}
	if m.unsaved() && m.served != nil {
		c.unsure = m.served.AccessToken // its times may not be on disk as the clock now has them
	}
	if w.wrong && !w.provider.refreshs && m.served != nil {
		c.unsure = m.served.AccessToken // obtained by a clock that is put right while nobody can see it
	}
	if c.told > 0 && (d == nil || d.Told != c.toldOf) {
		c.retold++
	}
	if c.barTold && (d == nil || d.Told != ReasonRefusedForNow) {
		c.barTold = false
	}
	switch ended := d != nil && d.End != nil && !(c.over && d.parked()); {
	case ended:
	case c.over && !c.gone: // the end is not written: the next process asks again
		c.over = false
		if c.why != ReasonExpired { // which each process finds by itself until the tokens go
			c.doubled = true
			c.again++
			c.unwritten(m)
		}
	case c.parked:
		c.parked = false
		c.unwritten(m)
	}
	c.fails, c.suspects, c.dry, c.signedIn, c.unscoped = 0, 0, 0, false, false
	c.forgetLoss()
	c.clockSet()
}

// unwritten counts an end that a crash took.
func (c *checker) unwritten(m *machine) {
	if m.store.writes > 0 {
		c.doubles++
	} else {
		c.cuts++
	}
}

// finish holds what must be true at the end of a life.
func (c *checker) finish() {
	if !c.w.agent.dead {
		c.toldOnce()
	}
	if c.served == 0 || c.refreshes == 0 && c.w.provider.refreshs {
		c.fail("nothing happened: %d refreshes, %d tokens served", c.refreshes, c.served)
	}
}
