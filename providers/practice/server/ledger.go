package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
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

// ledger holds all grants and tokens. Safe for concurrent use.
type ledger struct {
	mu     sync.Mutex
	now    func() time.Time
	log    *slog.Logger
	saved  func() // called under mu after each change
	book   book
	rotate bool
	grace  time.Duration
	life   time.Duration // of access tokens; 0: they do not expire
}

// book is what of a ledger is kept in a file.
type book struct {
	Grants  map[string]*grant  `json:"grants"`
	Refresh map[string]string  `json:"refresh"` // hash of any refresh token ever given → grant
	Access  map[string]*access `json:"access"`
	Clients map[string]Client  `json:"clients"` // those that registered themselves
}

func newBook() book {
	return book{Grants: map[string]*grant{}, Refresh: map[string]string{}, Access: map[string]*access{}, Clients: map[string]Client{}}
}

// issued is a fresh pair. refresh is "" where none was given.
type issued struct {
	grant, access, refresh string
	expires                time.Time
}

// open begins a grant.
func (l *ledger) open(user, client string, scopes []string, resource string, refreshable bool) issued {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := &grant{ID: randomID(6), User: user, Client: client, Scopes: scopes, Created: l.now(), Renewed: l.now()}
	l.book.Grants[g.ID] = g
	out := l.addAccess(g, scopes, resource)
	if refreshable {
		out.refresh = l.addRefresh(g)
	}
	l.log.Info("access granted", "grant", g.ID, "user", user, "client", client)
	l.saved()
	return out
}

// renew spends a refresh token. The answer's scopes may be narrower than the
// grant's, which stays as it is (RFC 6749 §6).
func (l *ledger) renew(token string, scopes []string, resource string) (issued, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, err := l.spend(hashOf(token))
	if err != nil {
		return issued{}, err
	}
	defer l.saved()
	g.Renewed = l.now()
	out := l.addAccess(g, scopes, resource)
	if l.rotate {
		out.refresh = l.addRefresh(g)
	}
	l.log.Info("access renewed", "grant", g.ID, "rotated", l.rotate)
	return out, nil
}

// spend judges a refresh token and ends the family of one that was used before.
func (l *ledger) spend(hash string) (*grant, error) {
	g := l.book.Grants[l.book.Refresh[hash]]
	if g == nil {
		return nil, errUnknownToken
	}
	err := g.judge(hash, l.now(), l.grace)
	if errors.Is(err, errReused) {
		l.end(g, endedByReuse)
		l.saved()
	}
	return g, err
}

// check is spend without spending; it gives a copy of the grant.
func (l *ledger) check(token string) (grant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g, err := l.spend(hashOf(token))
	if err != nil {
		return grant{}, err
	}
	return *g, nil
}

func (l *ledger) addAccess(g *grant, scopes []string, resource string) issued {
	l.prune()
	a := &access{Grant: g.ID, Scopes: slices.Clone(scopes), Resource: resource, Lifetime: l.life}
	if l.life > 0 {
		a.Expires = l.now().Add(l.life)
	}
	id := randomID(16)
	l.book.Access[id] = a
	return issued{grant: g.ID, access: id, expires: a.Expires}
}

func (l *ledger) addRefresh(g *grant) string {
	token := "practice_rt_" + randomID(32)
	g.Previous, g.Current, g.RotatedAt = g.Current, hashOf(token), l.now()
	l.book.Refresh[g.Current] = g.ID
	return token
}

// prune forgets access tokens an hour after their end.
func (l *ledger) prune() {
	for id, a := range l.book.Access {
		if a.expired(l.now().Add(-time.Hour)) {
			delete(l.book.Access, id)
		}
	}
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

// endWhere ends every living grant that matches and says how many there were.
func (l *ledger) endWhere(why string, match func(grant) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, g := range l.book.Grants {
		if g.Ended == "" && match(*g) {
			l.end(g, why)
			n++
		}
	}
	l.saved()
	return n
}

func (l *ledger) end(g *grant, why string) {
	g.Ended = why
	l.log.Info("access ended", "grant", g.ID, "why", why)
}

// all gives copies of all grants, oldest first.
func (l *ledger) all() []grant {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]grant, 0, len(l.book.Grants))
	for _, g := range l.book.Grants {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b grant) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
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

// configure changes how the ledger behaves from now on.
func (l *ledger) configure(f func(*ledger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
	l.saved()
}

// registered gives a client that registered itself.
func (l *ledger) registered(id string) (Client, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.book.Clients[id]
	return c, ok
}
