package tokens

import (
	"fmt"
	"time"

	"github.com/authtray/authtray/providers"
)

// checker holds every step of a simulated life against the rules.
type checker struct {
	w *world

	events       int
	refreshes    int
	served       int
	deaths       int
	lostGrants   int // given up by the provider because an answer never arrived
	revocations  int
	saidDead     bool // the provider has given a verdict on the present grant
	suspects     int
	verdictGiven bool   // the machine condemned; nothing may be sent until the user acts
	toldFor      int    // deaths that were announced
	unsure       string // a token whose times a crash kept from being written after the clock was set back
	hour         [2]int // the present hour, and the requests in it
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

// allowed is the package comment's table of states, as the machine may move.
// An event that is not named may not move it at all.
var allowed = map[string]map[State][]State{
	"record read": {
		Disconnected:      {Connected, KeychainLocked, Disconnected, ReconnectRequired},
		KeychainLocked:    {Connected, Disconnected, ReconnectRequired},
		ReconnectRequired: {Connected},
	},
	"saved": {
		Disconnected: {Connected}, Connected: {Connected}, Retrying: {Connected}, Misconfigured: {Connected},
		KeychainLocked: {Connected}, ReconnectRequired: {Connected},
	},
	"store checked": {
		Connected: {KeychainLocked}, Retrying: {KeychainLocked}, Misconfigured: {KeychainLocked},
	},
	"answered": {
		Connected:      {Retrying, Misconfigured, ReconnectRequired},
		Retrying:       {Misconfigured, ReconnectRequired},
		Misconfigured:  {Retrying, ReconnectRequired},
		KeychainLocked: {Retrying, Misconfigured, ReconnectRequired},
	},
	"reread": {
		Connected: {ReconnectRequired}, Retrying: {ReconnectRequired, Connected},
		Misconfigured: {ReconnectRequired, Connected}, KeychainLocked: {ReconnectRequired, Connected},
	},
	"bound": {
		Connected: {ReconnectRequired}, Retrying: {ReconnectRequired}, Misconfigured: {ReconnectRequired},
		KeychainLocked: {ReconnectRequired}, ReconnectRequired: {Connected},
	},
}

func (c *checker) transition(event string, before State, m *machine) {
	c.events++
	if m.base == before {
		c.state(m)
		return
	}
	ok := false
	for _, s := range allowed[event][before] {
		ok = ok || s == m.base
	}
	if !ok {
		c.fail("%q moved %s to %s, which the table does not allow", event, before, m.base)
	}
	c.state(m)
}

// state holds what must be true at every moment.
func (c *checker) state(m *machine) {
	if m.base == ReconnectRequired && m.next == nil && m.reason != ReasonEndpointsChanged && !c.verdictGiven {
		if !c.saidDead {
			c.fail("reconnect_required without a verdict of the provider")
		}
		c.verdictGiven = true
		c.died()
	}
	if m.base == Retrying && m.busy == idle {
		pause := m.retryAt.Sub(c.w.Now())
		if pause > maxRetryAfter+time.Minute {
			c.fail("the next try is %s away", pause)
		}
	}
	if m.served != nil && m.next != nil && m.next.Generation <= m.served.Generation {
		c.fail("generation %d is to replace %d", m.next.Generation, m.served.Generation)
	}
}

// died: the grant is given up. That is right if a person revoked it, and no
// fault of ours if an answer never arrived; else a delivered grant was lost.
func (c *checker) died() {
	c.deaths++
	p := c.w.provider
	switch {
	case p.revoked:
	case p.lostAny:
		c.lostGrants++
	case c.suspects > len(suspectPauses):
	default:
		c.fail("a grant was lost that had been delivered")
	}
	c.w.in(c.w.about(6*time.Hour), func() { c.w.agent.userConnects() })
}

func (c *checker) provider(err error) {
	f, ok := err.(*providers.Failure)
	switch {
	case ok && f.Class == providers.Dead:
		c.saidDead = true
	case ok && f.Class == providers.Suspect:
		if c.suspects++; c.suspects > len(suspectPauses) {
			c.saidDead = true
		}
	}
}

func (c *checker) sent(a *simAgent, g *Grant) {
	c.refreshes++
	if a.sending[g.RefreshToken] > 0 {
		c.fail("a second refresh while one is under way")
	}
	if c.verdictGiven {
		c.fail("a request after the verdict")
	}
	if h := int(c.w.now / time.Hour); h != c.hour[0] {
		c.hour = [2]int{h, 0}
	}
	if c.hour[1]++; c.hour[1] > 60 {
		c.fail("%d refreshes within an hour, of a token that lives %s", c.hour[1], c.w.lifetime)
	}
}

func (c *checker) handedOut(g *Grant) {
	c.served++
	end, known := c.w.provider.tokens[g.AccessToken]
	if known && end <= c.w.now && g.AccessToken != c.unsure {
		c.fail("an expired token was handed out, %s too late", c.w.now-end)
	}
	if d := c.w.disk; d == nil || d.Generation < g.Generation {
		if !c.w.agent.m.store.unsaved {
			c.fail("a token was handed out before its grant was written")
		}
	}
}

func (c *checker) announced(m *machine) {
	if m.reason == ReasonEndpointsChanged {
		return
	}
	if c.toldFor++; c.toldFor > c.deaths+1 {
		c.fail("a death was announced more than once")
	}
}

func (c *checker) revoked() {
	c.revocations++
	family := c.w.provider.family
	c.w.in(21*day, func() {
		p := c.w.provider
		if p.family == family && p.revoked && !c.verdictGiven {
			c.fail("a revocation went unseen for three weeks")
		}
	})
}

func (c *checker) reconnected() { c.saidDead, c.verdictGiven, c.suspects = false, false, 0 }

// finish holds what must be true at the end of a life.
func (c *checker) finish() {
	if c.toldFor < c.deaths-1 || c.toldFor > c.deaths+1 {
		c.fail("%d deaths were announced %d times", c.deaths, c.toldFor)
	}
	if c.refreshes == 0 || c.served == 0 {
		c.fail("nothing happened: %d refreshes, %d tokens served", c.refreshes, c.served)
	}
}
