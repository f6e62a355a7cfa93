package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

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
