package tokens

import (
	"slices"
	"time"
)

// Notes remembers, outside the store and without any secret, that the user gave
// up what the store could not be asked to give up. Safe for concurrent use; a
// Save that returned nil survives a crash.
type Notes interface {
	// Load returns a connection's note; nil where there is none. An error says
	// that there is one which cannot be read.
	Load(name string) (*Note, error)
	// Save replaces it, whatever its version.
	Save(name string, n Note) error
	// Clear forgets it. An absent one is no error.
	Clear(name string) error
}

// Note says that the user gave up every grant of a connection that is in the
// store, but one that was obtained after it (Grant.After).
type Note struct {
	Time    time.Time `json:"time"` // when; no two notes of a connection have the same
	Damaged bool      `json:"-"`    // it cannot be read
	Old     *Verdict  `json:"-"`    // an older version wrote it
}

func (n *Note) damaged() bool { return n != nil && n.Damaged }

// takeOver is the record as the note makes it. g is nil where there is none that
// can be read; so is the result where there is to be none. What is to be written
// because of the note is another Grant than g.
func (n *Note) takeOver(g *Grant) *Grant {
	switch {
	case n == nil || g != nil && g.cameAfter(n):
		return g
	case n.Old != nil:
		return n.Old.takeOver(g)
	case g == nil || g.AccessToken == "":
		return nil
	}
	return g.with(End{State: Disconnected, Time: n.Time})
}

// cameAfter reports whether a sign-in brought g while n stood. One of those that stood
// may not have been readable: that may be any as old as the note that took its place.
func (g *Grant) cameAfter(n *Note) bool {
	return !n.Time.IsZero() && (g.After.Equal(n.Time) || slices.ContainsFunc(g.AfterToo, func(t time.Time) bool {
		return t.Equal(n.Time) || t.IsZero() && !n.Time.After(g.After)
	}))
}

// Verdict is what the first versions kept outside the store: that every grant up
// to a generation is over. It is read once, and what it says becomes the record's
// own (Grant.End).
type Verdict struct {
	Reason     Reason    `json:"reason"` // ReasonNone: the user disconnected
	Detail     string    `json:"detail"`
	Generation uint64    `json:"generation"`
	Time       time.Time `json:"time"`
	Announced  bool      `json:"announced"` // the user has been told
	All        bool      `json:"all"`       // it covers whatever record is found
	Told       bool      `json:"told"`      // no verdict: of a grant that is kept, the user has been told of Reason
}

func (v *Verdict) givenUp() bool { return v.Reason == ReasonNone && !v.Told }

func (v *Verdict) takeOver(g *Grant) *Grant {
	told, generation := ReasonNone, v.Generation
	if v.Told || v.Announced {
		told = v.Reason
	}
	switch {
	case v.Told && g != nil:
		return g.changed(func(g *Grant) { g.Told = told })
	case v.Told, g != nil && !v.All && g.Generation > generation:
		return g
	case v.givenUp() && g == nil:
		return nil
	case v.givenUp():
		return g.with(End{State: Disconnected, Time: v.Time})
	case g != nil:
		generation = max(generation, g.Generation)
	}
	return deadGrant(generation+1, End{State: ReconnectRequired, Reason: v.Reason, Detail: v.Detail, Time: v.Time}, told)
}
