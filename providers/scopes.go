package providers

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// introspectTimeout is little: a caller waits, and no token is lost without it.
const introspectTimeout = 10 * time.Second

// Scopes is what an access token may do: as it says itself (scope or scp of a JWT,
// RFC 9068), or as the introspection endpoint of the discovery document says (RFC
// 7662), where that is of an origin that the grant is bound to. nil: neither says.
// A JWT's signature is not looked at: the token came over TLS from its issuer.
func (c *Client) Scopes(ctx context.Context, accessToken string, b Binding) []string {
	if list := claimedScopes(accessToken); list != nil {
		return list
	}
	ep, err := c.endpoints(ctx)
	if err != nil || ep.Introspection == "" || b.covers(ep.Introspection) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, introspectTimeout)
	defer cancel()
	req, err := c.clientRequest(ctx, ep.Introspection, url.Values{"token": {accessToken}, "token_type_hint": {"access_token"}})
	if err != nil {
		return nil
	}
	a, err := c.say(ctx, req)
	said := refusal.ParseBody(a.body)
	if err != nil || a.status != http.StatusOK || refusal.TextAt(said, "active") != "true" {
		return nil
	}
	return readScopes(said)
}

// claimedScopes reads an access token that is a JWT.
func claimedScopes(accessToken string) []string {
	claims := idClaims(accessToken)
	if list := readScopes(claims); list != nil {
		return list
	}
	return readScopes(map[string]any{"scope": refusal.Lookup(claims, "scp")})
}
