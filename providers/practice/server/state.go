package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// checkReuse says what presenting the refresh token with this hash means. The hash
// belongs to the grant's family, so one that is neither the current nor a
// predecessor within its grace was used before.
//
//	grant   hash       within grace   verdict
//	ended   any        any            errDeadGrant
//	alive   current    any            nil
//	alive   previous   yes            nil (its answer was lost)
//	alive   otherwise  any            errReused
func (g *grant) checkReuse(hash string, now time.Time, grace time.Duration) error {
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

// stateFile is Options.State: everything that outlives a restart. It holds keys
// and is the owner's alone; refresh tokens are in it as hashes.
type stateFile struct {
	Version int       `json:"version"`
	Keys    savedKeys `json:"keys"`
	Book    book      `json:"book"`
}

const stateVersion = 1

// restore takes up the state file, or makes new keys and the file where there
// is none, so that a place that cannot be written is told at once.
func (s *Server) restore() (err error) {
	s.keys, err = newKeys()
	if err != nil || s.opts.State == "" {
		return err
	}
	raw, err := os.ReadFile(s.opts.State)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.write(); err != nil {
			return fmt.Errorf("the state file %s cannot be written; give another place: %w", s.opts.State, err)
		}
		return nil
	}
	if err == nil {
		err = s.decodeState(raw)
	}
	if err != nil {
		return fmt.Errorf("the state file %s cannot be used; move it away to start afresh: %w", s.opts.State, err)
	}
	return nil
}

func (s *Server) decodeState(raw []byte) error {
	f := stateFile{Book: newBook()}
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	if f.Version != stateVersion {
		return fmt.Errorf("its version is %d, not %d", f.Version, stateVersion)
	}
	keys, err := f.Keys.load()
	if err != nil {
		return err
	}
	s.keys, s.ledger.book = keys, f.Book
	return nil
}

// save writes the state file. The ledger calls it with its lock held.
func (s *Server) save() {
	if s.opts.State == "" {
		return
	}
	if err := s.write(); err != nil {
		s.log.Error("grants are not saved and will be lost at the next restart", "err", err)
	}
}

func (s *Server) write() error {
	keys, err := s.keys.save()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(stateFile{Version: stateVersion, Keys: keys, Book: s.ledger.book})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.opts.State), filepath.Base(s.opts.State)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.opts.State)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// token gives an access token and its grant while both are good.
func (l *ledger) token(id string) (access, grant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.book.Access[id]
	if a == nil {
		return access{}, grant{}, errUnknownToken
	}
	g := l.book.Grants[a.Grant]
	if a.Revoked || g == nil || g.Ended != "" {
		return access{}, grant{}, errDeadGrant
	}
	if a.expired(l.now()) {
		return access{}, grant{}, errExpired
	}
	return *a, *g, nil
}

// family gives the grant a refresh token belongs or belonged to.
func (l *ledger) family(token string) (grant, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.book.Grants[l.book.Refresh[hashOf(token)]]
	if g == nil {
		return grant{}, false
	}
	return *g, true
}

// hit counts a request that presented this refresh token.
func (l *ledger) hit(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.book.Grants[l.book.Refresh[hashOf(token)]]; g != nil {
		g.Hits++
		l.saved()
	}
}

// revokeAccess ends one access token and leaves its grant alone.
func (l *ledger) revokeAccess(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.book.Access[id]; a != nil {
		a.Revoked = true
		l.saved()
	}
}

// registered gives a client that registered itself.
func (l *ledger) registered(id string) (Client, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.book.Clients[id]
	return c, ok
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func randomID(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
