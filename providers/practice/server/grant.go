package server

import (
	"errors"
	"time"
)

// Ways a grant can end.
const (
	endedByUser   = "removed by the user"
	endedByClient = "revoked by the client"
	endedByReuse  = "a refresh token was used twice"
	endedByTest   = "revoked"
)

var (
	errUnknownToken = errors.New("unknown token")
	errDeadGrant    = errors.New("the grant is over")
	errReused       = errors.New("the refresh token was used before")
	errExpired      = errors.New("the access token expired")
)

// grant is what one consent gave. Refresh tokens appear as hashes only.
type grant struct {
	ID        string    `json:"id"`
	User      string    `json:"user"`
	Client    string    `json:"client"`
	Scopes    []string  `json:"scopes"`
	Created   time.Time `json:"created"`
	Renewed   time.Time `json:"renewed"`
	Ended     string    `json:"ended,omitempty"`   // why; "": alive
	Current   string    `json:"current,omitempty"` // "": no refresh token
	Previous  string    `json:"previous,omitempty"`
	RotatedAt time.Time `json:"rotated_at,omitzero"`
	Hits      int       `json:"hits"`
}

// access is an access token, under its id.
type access struct {
	Grant    string        `json:"grant"`
	Scopes   []string      `json:"scopes"`
	Resource string        `json:"resource,omitempty"`
	Expires  time.Time     `json:"expires,omitzero"` // zero: never
	Lifetime time.Duration `json:"lifetime"`
	Revoked  bool          `json:"revoked,omitempty"`
}

func (a access) expired(now time.Time) bool { return !a.Expires.IsZero() && !now.Before(a.Expires) }

// judge says what presenting the refresh token with this hash means. The hash
// belongs to the grant's family, so one that is neither the current nor a
// predecessor within its grace was used before.
//
//	grant   hash       within grace   verdict
//	ended   any        any            errDeadGrant
//	alive   current    any            nil
//	alive   previous   yes            nil (its answer was lost)
//	alive   otherwise  any            errReused
func (g *grant) judge(hash string, now time.Time, grace time.Duration) error {
	switch {
	case g.Ended != "":
		return errDeadGrant
	case hash == g.Current:
		return nil
	case hash == g.Previous && now.Before(g.RotatedAt.Add(grace)):
		return nil
	}
	return errReused
}
