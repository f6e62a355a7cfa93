package providers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// requested are the scopes that a request asks for, and which of them are added by
// us for the sake of a refresh token:
//
//	first that is there           added
//	the request's own (step-up)   nothing
//	the connection's              nothing: the user's list is what is asked for
//	the entry's default           what a refresh token needs, where that is offered
//	what an MCP server wants      the same
func (c *Client) requested(asked []string) (list, added []string) {
	o := c.entry.AuthorizeOpts
	switch {
	case asked != nil:
		return asked, nil
	case len(c.conn.Scopes) > 0:
		return c.conn.Scopes, nil
	case len(o.Scopes) > 0:
		list = slices.Clone(o.Scopes)
	default:
		list = slices.DeleteFunc(slices.Clone(c.discovery.getResource().scopes), func(s string) bool {
			return slices.Contains(o.ScopesForRefresh, s) && !c.offersScope(s)
		})
	}
	for _, s := range o.ScopesForRefresh {
		if !slices.Contains(list, s) && c.offersScope(s) {
			list, added = append(list, s), append(added, s)
		}
	}
	return list, added
}

func (c *Client) scopes(asked []string) []string {
	list, _ := c.requested(asked)
	return list
}

// without is a copy of list without what is in drop.
func without(list, drop []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}

// offersScope reports whether the provider has a scope: its document lists it, or
// lists none and the entry, which is of one provider, says so. Servers refuse whole
// requests for an offline_access that they do not know.
func (c *Client) offersScope(scope string) bool {
	if known := c.discovered().ScopesSupported; known != nil {
		return slices.Contains(known, scope)
	}
	return !c.entry.AnyServer()
}

// AskedScopes are the scopes that the next sign-in asks for, as far as is known
// without asking anyone.
func (c *Client) AskedScopes() []string { return slices.Clone(c.scopes(nil)) }

// offlineAccess is the scope that asks for a refresh token (OpenID Connect Core §11).
const offlineAccess = "offline_access"

// RefreshScope is the scope with which the next sign-in would bring a refresh token;
// "" where none is known, or it is asked for already.
func (c *Client) RefreshScope() string {
	asked := c.scopes(nil)
	for _, s := range c.entry.AuthorizeOpts.ScopesForRefresh {
		if !slices.Contains(asked, s) && c.offersScope(s) {
			return s
		}
	}
	if !slices.Contains(asked, offlineAccess) && slices.Contains(c.discovered().ScopesSupported, offlineAccess) {
		return offlineAccess
	}
	return ""
}

// ScopesWith is what a flow asks for that wants more than the connection's own
// scopes (a step-up). It may discover.
func (c *Client) ScopesWith(ctx context.Context, more []string) ([]string, error) {
	if _, err := c.endpoints(ctx); err != nil {
		return nil, err
	}
	list := slices.Clone(c.scopes(nil))
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list, nil
}

// scopesRefused is scopeFailure, with what the provider said in err.
func (c *Client) scopesRefused(asked []string, err error) *refusal.Failure {
	f := c.scopeFailure(asked)
	if was := (*refusal.Failure)(nil); errors.As(err, &was) {
		f.Said = was.Said
	}
	return f
}

// scopeFailure is a refusal of the scopes asked for. Its hint is the command that
// changes them, with those that the provider is known to have.
func (c *Client) scopeFailure(asked []string) *refusal.Failure {
	f := &refusal.Failure{Class: refusal.Misconfigured, Code: "invalid_scope",
		Detail: cmp.Or(c.entry.Name, "The provider") + " does not grant one of the scopes asked for (" + strings.Join(asked, " ") + "); name others.",
		Hint:   "authtray add " + c.conn.Name + " --scope SCOPE"}
	var offered []string
	for _, s := range asked {
		if slices.Contains(c.discovered().ScopesSupported, s) {
			offered = append(offered, s)
		}
	}
	if len(offered) > 0 && len(offered) < len(asked) && !slices.ContainsFunc(offered, func(s string) bool { return !catalog.IsSlug(s) }) {
		f.Hint = "authtray add " + c.conn.Name + " --scope " + strings.Join(offered, " --scope ")
	}
	return f
}

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
