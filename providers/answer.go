package providers

import (
	"encoding/json"
	"time"
)

// Answer is a token answer (RFC 6749 §5.1), read tolerantly: an odd member
// never costs the tokens beside it.
type Answer struct {
	AccessToken  string
	TokenType    string // "Bearer" when the answer gives none
	RefreshToken string // empty: the answer gave none, the old one stays
	IDToken      string
	Scopes       []string // nil: not stated, as asked for

	// ExpiresIn is the access token's lifetime. It is never negative; where the
	// answer states none, or none that makes sense, lifetime.go says what it is.
	ExpiresIn time.Duration
	// Never says that the access token does not expire; ExpiresIn is then 0.
	Never bool
	// unclear: a lifetime was stated, but not one that makes sense, and the entry
	// has no default.
	unclear bool
	// RefreshExpiresIn is the refresh token's lifetime; 0: not stated.
	RefreshExpiresIn time.Duration

	// SentAt is the wall time at which the request was sent: lifetimes count
	// from it, so that a slow answer never makes a token look younger.
	SentAt time.Time

	// Extra holds the members that the entry keeps (tokens.keep), as they came.
	Extra map[string]json.RawMessage
}

// Account is whose grant it is.
type Account struct {
	ID    string `json:"id,omitempty"`    // stable at the provider
	Label string `json:"label,omitempty"` // for people; hostile text
}

// Binding names what a grant was made with. A grant is never sent elsewhere.
type Binding struct {
	Issuer   string   `json:"issuer,omitempty"`
	ClientID string   `json:"client_id"`
	Origins  []string `json:"origins"` // scheme://host:port of the token, refresh and revocation endpoints, sorted
}

// Liveness is what a whoami probe says of an access token. One bad probe is
// never a verdict.
type Liveness int

const (
	Unclear Liveness = iota // no answer, an odd answer, or no way to ask
	Alive
	DeadToken
)
