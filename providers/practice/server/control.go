package server

import (
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Grant is what a test or the program may know of a grant.
type Grant struct {
	ID       string
	User     string
	Client   string
	Scopes   []string
	Created  time.Time
	Renewed  time.Time // when its last token was given
	Hits     int       // token requests that presented one of its refresh tokens
	Ended    string    // why; "": alive
	Rotated  bool      // its refresh token was replaced at least once
	Holdable bool      // it has a refresh token
}

// Alive says whether the grant still gives tokens.
func (g Grant) Alive() bool { return g.Ended == "" }

// Grants are all there ever were, oldest first.
func (s *Server) Grants() []Grant {
	var out []Grant
	for _, g := range s.ledger.all() {
		out = append(out, Grant{
			ID: g.ID, User: g.User, Client: g.Client, Scopes: g.Scopes, Created: g.Created, Renewed: g.Renewed,
			Hits: g.Hits, Ended: g.Ended, Rotated: g.Previous != "", Holdable: g.Current != "",
		})
	}
	return out
}

// Hits is how many token requests presented a refresh token of this grant,
// whatever they were answered.
func (s *Server) Hits(grantID string) int {
	for _, g := range s.ledger.all() {
		if g.ID == grantID {
			return g.Hits
		}
	}
	return 0
}

// TokenHits is how many requests came to the token endpoint at all.
func (s *Server) TokenHits() int { return int(s.tokenHits.Load()) }

// APIHits is how many requests came to the sample API and userinfo.
func (s *Server) APIHits() int { return int(s.apiHits.Load()) }

// GrantOf names the grant that a refresh token, current or not, belongs to, or
// a good access token.
func (s *Server) GrantOf(token string) (grantID string, ok bool) {
	if g, ok := s.ledger.family(token); ok {
		return g.ID, true
	}
	_, g, err := s.tokenOf(token)
	return g.ID, err == nil
}

// CurrentRefreshToken says whether this is the newest refresh token of a
// living grant.
func (s *Server) CurrentRefreshToken(token string) bool {
	g, ok := s.ledger.family(token)
	return ok && g.Ended == "" && g.Current == hashOf(token)
}

// Revoke ends every grant of a user, refresh and access tokens alike, as the
// account page does. It says how many there were.
func (s *Server) Revoke(user string) int {
	return s.ledger.endWhere(endedByTest, func(g grant) bool { return g.User == user })
}

// RevokeGrant ends one grant.
func (s *Server) RevokeGrant(id string) bool {
	return s.ledger.endWhere(endedByTest, func(g grant) bool { return g.ID == id }) == 1
}

// RejectAccess ends an access token and leaves its grant alone: the API says
// 401 and refreshing helps.
func (s *Server) RejectAccess(token string) {
	if plain, err := s.crypto.Decrypt(token); err == nil {
		id, _, _ := strings.Cut(plain, ":")
		s.ledger.revokeAccess(id)
	}
}

// SetLifetime changes how long the access tokens given from now on last; Never.
func (s *Server) SetLifetime(d time.Duration) {
	s.ledger.configure(func(l *ledger) { l.life = max(d, 0) })
}

// Rotate says whether refresh tokens are replaced at use.
func (s *Server) Rotate(on bool) { s.ledger.configure(func(l *ledger) { l.rotate = on }) }

// SetGrace changes Options.Grace.
func (s *Server) SetGrace(d time.Duration) { s.ledger.configure(func(l *ledger) { l.grace = d }) }

// ForgetClient makes a client that registered itself unknown, so that it is
// answered invalid_client.
func (s *Server) ForgetClient(id string) {
	s.ledger.configure(func(l *ledger) { delete(l.book.Clients, id) })
}

// revokeToken is RFC 7009: a refresh token ends its grant, an access token
// itself, and an unknown one is no error.
func (s *Server) revokeToken(token, clientID string) *oidc.Error {
	if g, ok := s.ledger.family(token); ok { // the hint said access_token
		token = refreshMark + g.ID
	}
	grantID, isGrant := strings.CutPrefix(token, refreshMark)
	if !isGrant {
		return s.revokeAccessToken(token, clientID)
	}
	for _, g := range s.ledger.all() {
		if g.ID == grantID && g.Client != clientID {
			return oidc.ErrInvalidClient().WithDescription("the token belongs to another client")
		}
	}
	s.ledger.endWhere(endedByClient, func(g grant) bool { return g.ID == grantID })
	return nil
}

func (s *Server) revokeAccessToken(id, clientID string) *oidc.Error {
	_, g, err := s.ledger.token(id)
	if err == nil && g.Client != clientID {
		return oidc.ErrInvalidClient().WithDescription("the token belongs to another client")
	}
	s.ledger.revokeAccess(id)
	return nil
}
