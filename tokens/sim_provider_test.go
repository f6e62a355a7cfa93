package tokens

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// simProvider issues tokens. Each consent begins a family; a refresh token is
// "rt-family-serial", an access token says in itself when it truly ends.
type simProvider struct {
	w        *world
	rotates  bool
	grace    time.Duration
	refreshs bool                // gives refresh tokens
	widens   bool                // takes no notice of the scopes asked for
	refusal  *refusal.Failure    // of scopes that nobody consented to
	silent   bool                // states no scopes
	shows    bool                // …but its tokens do
	scopes   map[string][]string // what each access token may do
	family   int
	serial   int
	issued   int
	alive    bool
	rotated  time.Duration // when the last rotation was
	loseNext int           // how many of the next answers get lost
	revoked  bool          // by a person, not by us
	ghost    bool          // …or died of a request whose sender was gone
	lost     bool          // the family died since the answer with its newest refresh token never arrived
}

// loss is how an answer gets lost.
type loss int

const (
	notLost       loss = iota
	connBroke          // the connection breaks, which proves it
	noAnswer           // nothing comes
	gatewayAnswer      // something between answers in the provider's place
)

// lossFailures are what the agent makes of them.
var lossFailures = map[loss]*refusal.Failure{
	connBroke:     {Class: refusal.Transient, Code: "network", Lost: true, Proof: true, Detail: "The connection connBroke."},
	noAnswer:      {Class: refusal.Transient, Code: "timeout", Lost: true, Detail: "No answer."},
	gatewayAnswer: {Class: refusal.Transient, Code: "not_oauth", Status: 502, Lost: true, Detail: "A gateway."},
}

// silence is how long the agent waits for an answer: where it knows how long the
// provider takes a used refresh token again, no longer than a repetition needs.
func (w *world) silence() time.Duration {
	if w.policy.grace < 12*time.Second || w.plant == bugSilenceWaited {
		return providers.RequestTimeout
	}
	return max(w.policy.grace/3, 8*time.Second)
}

// simForever is the end of a token that has none.
const simForever = 200 * year

func (p *simProvider) issue(scopes []string) providers.Answer {
	end := p.w.now + p.w.lifetime
	if p.w.lifetime == 0 {
		end = simForever
	}
	if p.w.stale && p.refreshs {
		end = p.w.now
	}
	p.issued++
	a := providers.Answer{
		AccessToken: fmt.Sprintf("at-%d-%d-%d-%d", p.family, p.serial, end, p.issued), TokenType: "Bearer",
		ExpiresIn: p.w.lifetime, Never: p.w.lifetime == 0, SentAt: p.w.Now(), Scopes: scopes,
	}
	if p.w.stale && p.refreshs {
		a.ExpiresIn, a.Never = 0, false
	}
	if p.refreshs {
		a.RefreshToken = p.current()
	}
	if p.scopes[a.AccessToken] = scopes; p.silent {
		a.Scopes = nil
	}
	return a
}

// show is what an access token shows itself.
func (p *simProvider) show(g *Grant) []string {
	switch {
	case p.w.plant == bugUnstatedIsLess:
		return simLess // as it was asked for
	case p.shows:
		return p.scopes[g.AccessToken]
	}
	return nil
}

func (p *simProvider) current() string { return fmt.Sprintf("rt-%d-%d", p.family, p.serial) }

// simToken is what an access token says of itself.
type simToken struct {
	family, serial int
	end            time.Duration
}

func readSimToken(accessToken string) simToken {
	rest, ok := strings.CutPrefix(accessToken, "at-")
	next := func() (n int64) {
		part, after, _ := strings.Cut(rest, "-")
		n, err := strconv.ParseInt(part, 10, 64)
		if !ok || err != nil {
			panic("no token of the simulation: " + accessToken)
		}
		rest = after
		return n
	}
	return simToken{int(next()), int(next()), time.Duration(next())}
}

// simScopes is what a person consents to; a tool may ask for less.
// One that asks for simMore is refused.
var simScopes, simLess, simMore = []string{"read", "write"}, []string{"read"}, []string{"admin"}

// simRefusals are the words in which providers refuse simMore.
var simRefusals = []*refusal.Failure{
	{Class: refusal.Dead, Code: "invalid_grant", Status: 400, Detail: "Consent."},
	{Class: refusal.Dead, Code: "consent_required", Status: 400, Detail: "Consent."},
	{Class: refusal.Misconfigured, Code: "invalid_client", Status: 401, Detail: "Client."},
	{Class: refusal.Misconfigured, Code: "invalid_scope", Status: 400, Detail: "Scope."},
	{Class: refusal.Suspect, Code: "strange", Status: 400, Detail: "Strange."},
}

func (p *simProvider) consent() providers.Answer {
	p.family++
	p.serial, p.alive, p.revoked, p.lost, p.ghost, p.rotated = 0, true, false, false, false, 0
	a := p.issue(simScopes)
	a.Scopes = simScopes // where they are not stated, those that were asked for
	return a
}

// revoke is a person's doing, in the provider's settings.
func (p *simProvider) revoke() {
	if !p.alive {
		return
	}
	p.w.tell("revoked")
	p.alive, p.revoked = false, true
	p.w.check.revoked()
}

// revokedForUser is our own revocation, of a grant that the user disconnected.
func (p *simProvider) revokedForUser(g *Grant) {
	p.w.tell("revoked for the user: %v", g)
	p.w.check.revokedForUser(g)
	if readSimToken(g.AccessToken).family == p.family {
		p.alive = false
		p.w.check.back = true
	}
}

// takes says whether the provider's API accepts an access token.
func (p *simProvider) takes(accessToken string) bool {
	t := readSimToken(accessToken)
	return p.alive && t.family == p.family && t.end > p.w.now
}

// refresh is the token endpoint. The request arrives now.
func (p *simProvider) refresh(sender *simAgent, sent *Grant, want Want) (providers.Answer, error) {
	w := p.w
	switch {
	case w.outage && w.rnd.IntN(4) == 0: // what stands before it answers
		return providers.Answer{}, &refusal.Failure{Class: refusal.Misconfigured, Code: "not_oauth", Status: 404, Detail: "Nothing."}
	case w.outage:
		return providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "http_503", Status: 503, Detail: "Down."}
	case w.busy429:
		return providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: time.Duration(w.rnd.IntN(7200)) * time.Second, Detail: "Busy."}
	case w.refusesClient:
		return providers.Answer{}, &refusal.Failure{Class: refusal.Misconfigured, Code: "invalid_client", Status: 401, Detail: "Client."}
	case w.strange, w.rnd.IntN(3000) == 0:
		w.troubled = w.now
		return providers.Answer{}, &refusal.Failure{Class: refusal.Suspect, Code: "strange", Status: 400, Detail: "Strange."}
	case w.barring:
		return providers.Answer{}, &refusal.Failure{Class: refusal.RefusedForNow, Code: "invalid_grant", Status: 400, Detail: "not from here"}
	}
	dead := &refusal.Failure{Class: refusal.Dead, Code: "invalid_grant", Status: 400, Detail: "Gone."}
	previous := fmt.Sprintf("rt-%d-%d", p.family, p.serial-1)
	switch {
	case !p.alive, !strings.HasPrefix(sent.RefreshToken, fmt.Sprintf("rt-%d-", p.family)):
		return providers.Answer{}, dead // revoked, or of an older consent
	case slices.Equal(want.Scopes, simMore):
		return providers.Answer{}, p.refusal
	case sent.RefreshToken == p.current():
	case sent.RefreshToken == previous && p.grace > 0 && w.now-p.rotated < p.grace:
		w.check.inTime++
		return p.issue(p.given(want)), nil
	default:
		w.check.reused(sender, sent)
		p.alive, p.lost = false, true // reuse detected: the family dies
		return providers.Answer{}, dead
	}
	if p.rotates {
		p.serial++
		p.rotated = w.now
		w.check.losses, w.check.earlier = 0, w.check.earlier+w.check.losses
	}
	return p.issue(p.given(want)), nil
}

func (p *simProvider) given(want Want) []string {
	if want.plain() || p.widens {
		return simScopes
	}
	return want.Scopes
}

// probe is the provider's whoami.
func (p *simProvider) probe(g *Grant) providers.Liveness {
	w := p.w
	switch {
	case !w.online, w.portal, w.outage, w.busy429, w.rnd.IntN(50) == 0:
		return providers.Unclear
	case p.takes(g.AccessToken):
		return providers.Alive
	}
	return providers.DeadToken
}
