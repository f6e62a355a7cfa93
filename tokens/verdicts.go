package tokens

import "time"

// Verdicts remembers, outside the keychain and without any secret, which grants
// are dead or disconnected, and which refresh is under way. Safe for concurrent
// use; a Save that returned nil survives a crash.
type Verdicts interface {
	// Load returns a connection's verdict; false where there is none. An error
	// says that there is one which cannot be read.
	Load(name string) (Verdict, bool, error)
	Save(name string, v Verdict) error
	// Clear forgets it. An absent one is no error.
	Clear(name string) error
	// Sent remembers that a refresh of that generation is on its way, 0 that
	// none is, so that after a crash an answer that was lost can be told from a
	// grant that was revoked. It need not survive a power failure.
	Sent(name string, generation uint64) error
	// LoadSent returns what Sent remembered; 0 where there is nothing.
	LoadSent(name string) uint64
}

// Verdict says that every grant up to Generation is over.
type Verdict struct {
	Reason     Reason    `json:"reason"`           // ReasonNone: the user disconnected
	Detail     string    `json:"detail,omitempty"` // a sentence of ours, where it says more than Reason
	Generation uint64    `json:"generation"`
	Time       time.Time `json:"time"`
	Announced  bool      `json:"announced,omitempty"` // the user has been told
	All        bool      `json:"all,omitempty"`       // it covers whatever record is found: which one it was about is not known
	Told       bool      `json:"told,omitempty"`      // no verdict: it only remembers, of a grant that is kept, that the user has been told of Reason
}

// covers says whether the grant is one of those that are over.
func (v *Verdict) covers(g *Grant) bool {
	return v != nil && !v.Told && (v.All || g.Generation <= v.Generation)
}
