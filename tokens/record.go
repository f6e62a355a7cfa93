package tokens

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/authtray/authtray/providers"
)

// recordVersion is the version of the keychain record that this program writes.
const recordVersion = 1

// Grant is the keychain record, version 1; see the package comment. A Grant in
// use is never changed in place: a change makes a new one.
type Grant struct {
	Version      int               `json:"v"`
	Generation   uint64            `json:"gen"`
	Binding      providers.Binding `json:"binding,omitzero"`
	AccessToken  string            `json:"access_token,omitempty"`
	TokenType    string            `json:"token_type,omitempty"`
	RefreshToken string            `json:"refresh_token,omitempty"`
	IDToken      string            `json:"id_token,omitempty"`
	Scopes       []string          `json:"scopes,omitempty"`
	ObtainedAt   time.Time         `json:"obtained_at,omitzero"`
	ExpiresAt    time.Time         `json:"expires_at,omitzero"`    // zero: never
	RefreshUntil time.Time         `json:"refresh_until,omitzero"` // the refresh token's own end, as stated; zero: unknown
	ConsentedAt  time.Time         `json:"consented_at,omitzero"`
	Account      providers.Account `json:"account,omitzero"`
	Narrowed     bool              `json:"narrowed,omitempty"` // the refresh token came with a narrower token: the next refresh names all scopes

	Extra map[string]json.RawMessage `json:"extra,omitempty"` // members kept with the grant

	Given []given `json:"given,omitempty"` // the tokens for less that were handed out beside it

	RefusedSince time.Time   `json:"refused_since,omitzero"` // since when a passing policy refuses to renew it; zero: none does
	Told         Reason      `json:"told,omitempty"`         // the reason that the user has been told of
	After        time.Time   `json:"after,omitzero"`         // the Note that it was obtained after: it is not what that one gave up
	AfterToo     []time.Time `json:"after_too,omitempty"`    // …and those before it, one of which stands where that one could not be written
	End          *End        `json:"end,omitempty"`          // nil: the grant is in use
}

// End says why a grant is not in use any more, in the same write that clears its
// tokens where it is over; see "The end" in the package comment.
type End struct {
	State  State     `json:"state"`
	Reason Reason    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty"` // a sentence of ours, where it says more than Reason
	Time   time.Time `json:"time"`
}

// parked reports whether g is kept, but sent again only when the user asks.
func (g *Grant) parked() bool {
	return g != nil && g.End != nil && g.End.State == ReconnectRequired && g.AccessToken != ""
}

// givenUp reports whether the user disconnected g, which is still to be erased.
func (g *Grant) givenUp() bool { return g != nil && g.End != nil && g.End.State == Disconnected }

// changed is a copy of g that f has changed; nil for none.
func (g *Grant) changed(f func(*Grant)) *Grant {
	if g == nil {
		return nil
	}
	n := *g
	f(&n)
	return &n
}

// with is the next generation of g, with that end, its tokens kept.
func (g *Grant) with(e End) *Grant {
	return g.changed(func(n *Grant) { n.Generation, n.End = n.Generation+1, &e })
}

// deadGrant is the record of a grant that is over: it holds no token.
func deadGrant(generation uint64, e End, told Reason) *Grant {
	return &Grant{Version: recordVersion, Generation: generation, End: &e, Told: told}
}

// Format keeps a grant's tokens out of logs and error messages, whatever the verb.
func (g Grant) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "grant generation %d", g.Generation) }

// encode gives the record's bytes.
func (g *Grant) encode() ([]byte, error) { return json.Marshal(g) }

// decodeGrant reads a record. The error says what is wrong with it, without
// quoting it.
func decodeGrant(b []byte) (*Grant, error) {
	var g Grant
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&g); err != nil {
		return nil, fmt.Errorf("the record is not JSON")
	}
	if g.Version > recordVersion {
		return nil, fmt.Errorf("the record has version %d; this program reads up to %d, so install the newer Authtray again", g.Version, recordVersion)
	}
	if e := g.End; e != nil && e.State != ReconnectRequired && (e.State != Disconnected || g.AccessToken == "") {
		return nil, fmt.Errorf("the record does not say how the grant ended")
	}
	if g.Version < 1 || g.Generation == 0 || g.AccessToken == "" && g.End == nil {
		return nil, fmt.Errorf("the record lacks its version, generation or token")
	}
	return &g, nil
}

// firstGrant is the grant that a flow brought.
func firstGrant(r providers.Result, generation uint64, keepID bool) *Grant {
	g := &Grant{
		Version: recordVersion, Generation: generation, Binding: r.Binding,
		ConsentedAt: r.Answer.SentAt, Account: r.Account,
	}
	g.update(r.Answer, keepID)
	return g
}

// renewed is the grant after a refresh: what the answer leaves out stays.
func (g *Grant) renewed(a providers.Answer, keepID bool) *Grant {
	n := *g
	n.Generation, n.Narrowed = n.Generation+1, false
	n.RefusedSince, n.Told, n.End = time.Time{}, ReasonNone, nil
	n.update(a, keepID)
	return &n
}

// forLess is the grant after a refresh that was made for a narrower token: only the
// refresh token is taken from the answer.
func (g *Grant) forLess(a providers.Answer, want Want, all []given) *Grant {
	n, rotated := *g, a.RefreshToken != "" && !same(a.RefreshToken, g.RefreshToken)
	n.Narrowed = n.Narrowed || rotated && len(want.Scopes) > 0
	n.Generation, n.Given, n.RefusedSince = n.Generation+1, all, time.Time{}
	n.takeRefreshToken(a)
	return &n
}

func (g *Grant) update(a providers.Answer, keepID bool) {
	g.AccessToken, g.TokenType = a.AccessToken, a.TokenType
	g.ObtainedAt = a.SentAt
	g.ExpiresAt = time.Time{}
	if !a.Never {
		g.ExpiresAt = a.SentAt.Add(a.ExpiresIn)
	}
	g.takeRefreshToken(a)
	if a.Scopes != nil {
		g.Scopes = a.Scopes
	}
	if keepID && a.IDToken != "" {
		g.IDToken = a.IDToken
	}
	if len(a.Extra) > 0 {
		g.Extra = maps.Collect(maps.All(g.Extra)) // of its own
		maps.Copy(g.Extra, a.Extra)
	}
}

func (g *Grant) takeRefreshToken(a providers.Answer) {
	if a.RefreshToken != "" {
		g.RefreshToken, g.RefreshUntil = a.RefreshToken, time.Time{}
	}
	if a.RefreshExpiresIn > 0 {
		g.RefreshUntil = a.SentAt.Add(a.RefreshExpiresIn)
	}
}

// ended is the grant with an end that has come, as old as it may be: of one from
// the future nobody knows how old it is.
func (g *Grant) ended(now time.Time) *Grant {
	return g.changed(func(n *Grant) { n.ObtainedAt, n.ExpiresAt = now.Add(-g.lifetime()), now })
}

// shifted is the grant with its times moved by d, after the wall clock was.
func (g *Grant) shifted(d time.Duration) *Grant {
	return g.changed(func(n *Grant) {
		for _, t := range []*time.Time{&n.ObtainedAt, &n.ExpiresAt, &n.RefreshUntil, &n.ConsentedAt, &n.RefusedSince} {
			if !t.IsZero() {
				*t = t.Add(d)
			}
		}
	})
}
