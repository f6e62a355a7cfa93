package faultkit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"sync"
)

// family is the refresh tokens of one grant, whichever came after another.
type family struct {
	hits, inFlight, most int
}

// families tells refresh tokens of one grant from those of another by what was
// seen passing. It keeps hashes. Safe for concurrent use.
type families struct {
	mu *sync.Mutex
	by map[string]*family // hash of the refresh token → its family
}

func newFamilies() families { return families{mu: &sync.Mutex{}, by: map[string]*family{}} }

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// of gives a token's family, a new one where it has none. mu must be held.
func (f families) of(token string) *family {
	h := hashOf(token)
	if f.by[h] == nil {
		f.by[h] = &family{}
	}
	return f.by[h]
}

// begin counts a request that presents a refresh token; done ends it.
func (f families) begin(token string) (done func()) {
	if token == "" {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.of(token)
	g.hits++
	g.inFlight++
	g.most = max(g.most, g.inFlight)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		g.inFlight--
	}
}

// link puts the refresh token of an answer into the family of its request's.
func (f families) link(sent, got string) {
	if sent == "" || got == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by[hashOf(got)] = f.of(sent)
}

// Hits is how many token requests presented a refresh token of the grant that
// this one belongs or belonged to.
func (k *Kit) Hits(refreshToken string) int {
	k.families.mu.Lock()
	defer k.families.mu.Unlock()
	return k.families.of(refreshToken).hits
}

// MostAtOnce is how many of those requests were under way at the same time at
// most.
func (k *Kit) MostAtOnce(refreshToken string) int {
	k.families.mu.Lock()
	defer k.families.mu.Unlock()
	return k.families.of(refreshToken).most
}

// refreshToken reads the request's, from a form or from JSON.
func (x *Exchange) refreshToken() string {
	var object struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(x.body, &object) == nil {
		return object.RefreshToken
	}
	form, _ := url.ParseQuery(string(x.body)) // what could be read of it
	return form.Get("refresh_token")
}
