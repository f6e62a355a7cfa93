package server

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

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

// addGrant begins a grant.
func (l *ledger) addGrant(user, client string, scopes []string, resource string, refreshable bool) issued {
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
	err := g.checkReuse(hash, l.now(), l.grace)
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

// configure changes how the ledger behaves from now on.
func (l *ledger) configure(f func(*ledger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
	l.saved()
}
