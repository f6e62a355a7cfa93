package crash

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// provider is a practice provider that rotates refresh tokens and ends a grant
// whose old one comes back. It keeps a book of all tokens it gave, and puts
// into each answer a seal that only these two tokens have, short and long.
type provider struct {
	*practicetest.Provider
	kit    *faultkit.Kit
	book   book
	before func() // each token request; nil: nothing
}

// issue is one token answer.
type issue struct {
	n       int // in order of all
	before  int // the grant's issue before this one; 0: none
	grant   string
	access  string
	refresh string
	given   time.Time
	expires time.Time
}

// book is every issue. Safe for concurrent use.
type book struct {
	mu       sync.Mutex
	byAccess map[string]issue
	latest   map[string]issue // by grant
	all      []issue
	n        int
}

func newProvider(t testing.TB, opts server.Options) *provider {
	t.Helper()
	p := &provider{kit: faultkit.New(faultkit.Options{}), book: book{byAccess: map[string]issue{}, latest: map[string]issue{}}}
	p.Provider = practicetest.Start(t, opts, p.kit.Wrap, p.keepBook)
	return p
}

func (p *provider) port() string { return p.Issuer[strings.LastIndexByte(p.Issuer, ':')+1:] }

// keepBook stands next to the provider: it sees what was given, whatever
// becomes of the answer.
func (p *provider) keepBook(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			next.ServeHTTP(w, r)
			return
		}
		if p.before != nil {
			p.before()
		}
		a := &faultkit.Answer{Status: http.StatusOK, Head: http.Header{}}
		next.ServeHTTP(a, r)
		p.seal(a)
		a.Send(w)
	})
}

func (p *provider) seal(a *faultkit.Answer) {
	var got struct {
		Access    string `json:"access_token"`
		Refresh   string `json:"refresh_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if json.Unmarshal(a.Body, &got) != nil || got.Access == "" {
		return
	}
	grant, _ := p.GrantOf(got.Access)
	p.book.add(issue{grant: grant, access: got.Access, refresh: got.Refresh, expires: time.Now().Add(time.Duration(got.ExpiresIn) * time.Second)})
	a.Set("seal", quoted(sealOf(got.Access, got.Refresh)))
	a.Set("long_seal", quoted(longSealOf(got.Access, got.Refresh)))
}

func quoted(s string) string { return `"` + s + `"` }

func sealOf(access, refresh string) string {
	sum := sha256.Sum256([]byte(access + " " + refresh))
	return hex.EncodeToString(sum[:])
}

// longSealOf makes a record of three keychain items.
func longSealOf(access, refresh string) string { return strings.Repeat(sealOf(access, refresh), 70) }

func (b *book) add(i issue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	i.n, i.before, i.given = b.n, b.latest[i.grant].n, time.Now()
	b.byAccess[i.access] = i
	b.latest[i.grant] = i
	b.all = append(b.all, i)
}

// given says whether the grant gave something after its n-th issue and before
// a moment.
func (b *book) given(grant string, n int, before time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.all[n:] {
		if i.grant == grant && i.given.Before(before) {
			return true
		}
	}
	return false
}

// renewals are what a grant gave since a moment, but for what it began with.
func (b *book) renewals(grant string, since time.Time) (all []issue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.all {
		if i.grant == grant && i.before > 0 && !i.given.Before(since) {
			all = append(all, i)
		}
	}
	return all
}

// of is the issue of an access token; n is 0 where it was never given.
func (b *book) of(access string) issue {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byAccess[access]
}

// newest is the last that the grant gave.
func (b *book) newest(grant string) issue {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.latest[grant]
}

func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}
