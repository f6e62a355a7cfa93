package tokens

import (
	"errors"
	"slices"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// This file is the tools of the simulated workstation that ask for much: one that
// always wants a token to last longer than there is, one that polls until it is
// served, one whose token for less is rejected. And the rules for serving them.

// serving is what the checker knows of how callers were served.
type serving struct {
	early    []time.Duration // renewals of the last hour that a caller brought about before they were due
	lastSent time.Duration   // 0: unknown
	noSooner time.Duration   // what the provider asked for with Retry-After; simForever: no caller may bring the next try forward
	unsaid   bool            // …is not known, since a clock was set
	hurried  bool            // the next request is for a caller that waits
	unscoped bool            // the last refusal may have been of the scopes
}

// simAsk is a caller's question.
type simAsk struct {
	want     Want
	rejected string        // the token that its API refused; "": it just wants one
	left     time.Duration // how long it waits yet
	each     time.Duration // how often it looks
	then     func(r reply) // told how it ended; nil: nobody
}

// put asks the machine, again until there is an answer, and holds the answer
// against the rules.
func (a *simAgent) put(q simAsk) {
	if a.dead || a.w.asleep {
		return
	}
	if a.real != nil {
		a.real.ask(q)
		return
	}
	var r reply
	was, retryAt := a.m.busy, a.m.retryAt
	a.event("serve", func(now time.Time) {
		if q.rejected != "" {
			r = a.m.rejected(now, q.rejected)
		} else {
			r = a.m.serve(now, a.plantWant(q.want))
		}
		a.w.check.brought(a, q, was, retryAt)
	}, nil)
	if r.wait && q.left > 0 {
		again := q
		again.left -= q.each
		a.later(q.each, func() { a.put(again) })
		return
	}
	a.w.check.replied(a, q, r)
}

// crowd is several tools that ask at once.
func (w *world) crowd() {
	a := w.agent
	if a.dead || w.asleep || a.m.served == nil {
		return
	}
	var all []simAsk
	for range 2 + w.rnd.IntN(6) {
		q := simAsk{left: 10 * time.Second, each: 500 * time.Millisecond}
		switch w.rnd.IntN(6) {
		case 0:
			q.rejected = a.m.served.AccessToken
		case 1:
			q.want.Scopes = simLess
		default:
			q.want.MinValid = time.Duration(w.rnd.Int64N(int64(w.lifetime + time.Minute)))
		}
		all = append(all, q)
	}
	if a.real != nil {
		a.real.ask(all...)
		return
	}
	for _, q := range all {
		a.put(q)
	}
}

// replied holds what a caller was told against the rules.
func (c *checker) replied(a *simAgent, q simAsk, r reply) {
	switch {
	case r.token != nil:
		c.gave(r, q)
	case q.rejected == "" && q.want.plain():
		c.refused(a)
	}
	if q.then != nil {
		q.then(r)
	}
}

// brought holds the request that a question brings about against the rules.
func (c *checker) brought(a *simAgent, q simAsk, was phase, retryAt time.Time) {
	m, started := a.m, was == idle && a.m.busy != idle
	left := m.served.left(c.w.Now())
	switch {
	case (m.base == Retrying || m.base == Misconfigured) && (started || m.retryAt.Before(retryAt)):
		try := c.w.now
		if !started {
			try += m.retryAt.Sub(c.w.Now())
		}
		c.tries++
		c.hurried = true
		switch {
		case left > 0 && q.rejected == "" && q.want.plain():
			c.fail("a caller brought a try forward, and there is a token that lasts %s", left)
		case c.lastSent > 0 && try < c.lastSent+callerPause-time.Second:
			c.fail("a try %s after the last one, for a caller", try-c.lastSent)
		case try < c.noSooner-time.Second:
			c.fail("a try for a caller, %s before the provider wants one", c.noSooner-try)
		}
	case m.base == Connected && started && q.rejected == "" && q.want.plain() && left > Buffer(c.w.lifetime)+time.Minute:
		c.early = slices.DeleteFunc(c.early, func(at time.Duration) bool { return c.w.now-at > time.Hour })
		if c.early = append(c.early, c.w.now); len(c.early) > maxEarly+1 { // one for a clock that was set
			c.fail("%d early renewals within an hour for callers that want more", len(c.early))
		}
	}
}

// gave holds what a caller was given against what it asked for.
func (c *checker) gave(r reply, q simAsk) {
	plain := q.want.plain()
	c.handedOut(r.token, plain && q.rejected == "")
	has := c.w.provider.scopes[r.token.AccessToken]
	if !plain {
		c.less++
		if !slices.Equal(has, simLess) {
			c.fail("asked for %v, and a token for %v was handed out", simLess, has)
		}
	}
	left := readSimToken(r.token.AccessToken).end - c.w.now
	if r.short > 0 {
		c.short++
		return
	}
	if q.rejected == "" && left < q.want.MinValid-time.Minute && r.token.AccessToken != c.unsure {
		c.fail("%s were wanted, and %s are left, without a word", q.want.MinValid, left)
	}
}

// heard notes from when on callers may bring the next try forward.
func (c *checker) heard(err error) {
	var f *refusal.Failure
	c.noSooner, c.unsaid = 0, false
	if errors.As(err, &f) {
		switch {
		case f.Class == refusal.Transient, f.NothingThere():
			c.noSooner = c.w.now + min(f.RetryAfter, maxRetryAfter)
		default:
			c.noSooner = simForever
		}
	}
}

// toolWantsMore asks for an hour for a token that lasts longer than there is, or
// than one that is not quite new.
func (w *world) toolWantsMore() {
	if w.lifetime < 5*time.Minute { // else renewed more often than once a minute, and rightly
		return
	}
	wish := []time.Duration{2 * w.lifetime, w.lifetime - 2*time.Second, w.lifetime / 2, w.lifetime * 3 / 4}[w.rnd.IntN(4)]
	w.repeat(180, 20*time.Second, func() {
		w.agent.put(simAsk{want: Want{MinValid: wish}, left: 10 * time.Second, each: 500 * time.Millisecond})
	})
}

func (w *world) repeat(times int, pause time.Duration, do func()) {
	do()
	if times > 1 {
		w.in(pause, func() { w.repeat(times-1, pause, do) })
	}
}

// outages come with a tool that polls, half the time, and must be served soon
// after.
func (w *world) outages() {
	w.in(w.about(15*day), func() {
		w.outage = true
		if w.rnd.IntN(2) == 0 {
			w.toolPolls(w.now)
		}
		w.in(w.about(40*time.Minute), func() {
			w.outage = false
			w.outages()
		})
	})
}

// servedWithin is how long after all is in order again a tool that polls gets a
// token: 10 s between tries, and a provider that may be slow.
const servedWithin = 25 * time.Second

// toolPolls asks every other second for as long as there is an outage, and a little
// more. since is when it last got a token.
func (w *world) toolPolls(since time.Duration) {
	w.agent.put(simAsk{each: time.Second, then: func(r reply) {
		c := &w.check
		if r.token != nil || c.over || !w.provider.alive || !w.wanted || w.agent.m.base != Retrying {
			since = w.now
			return
		}
		from := max(since, w.lastBad, w.silentUntil, c.noSooner)
		if !c.unsaid && w.now-from > servedWithin {
			c.fail("a tool that asks every other second got nothing for %s, though all is in order", w.now-from)
		}
	}})
	if w.outage || w.fineFor() < 2*time.Minute && !w.asleep {
		w.in(2*time.Second, func() { w.toolPolls(since) })
	}
}

// toolIsRefused has a tool whose API refuses the token for less that it was given, and
// that says so again much later. Only an erasure makes forget what it was for.
func (w *world) toolIsRefused() {
	erasures := w.check.erasures
	q := simAsk{want: Want{Scopes: simLess}, left: 10 * time.Second, each: 500 * time.Millisecond}
	q.then = func(r reply) {
		if r.token == nil {
			return
		}
		again := simAsk{want: q.want, rejected: r.token.AccessToken, left: 10 * time.Second, each: 500 * time.Millisecond}
		say := func() {
			if w.check.erasures == erasures {
				w.agent.put(again)
			}
		}
		w.repeat(3, 5*time.Second, say)
		w.in(w.about(2*day), say)
	}
	w.agent.put(q)
}

// clockSet forgets what is counted by a clock that was set.
func (c *checker) clockSet() {
	c.provoked, c.early, c.lastSent, c.noSooner, c.unsaid = 0, nil, 0, 0, true
	c.graceUnsure, c.w.troubled = true, c.w.now
}
