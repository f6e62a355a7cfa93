package providers

import (
	"context"
	"fmt"
	"slices"
)

// Binding is what a grant made now is bound to. It discovers only where the entry
// does not name the token endpoint itself, and then needs the document: what is
// out of reach for a moment must not look like a change.
func (c *Client) Binding(ctx context.Context) (Binding, error) {
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Binding{}, err
	}
	if c.entry.Revoke.Style == "none" {
		ep.Revoke = ""
	}
	return Binding{Issuer: ep.Issuer, ClientID: c.clientID(), Origins: origins(ep.Token, ep.Refresh, ep.Revoke)}, nil
}

func origins(urls ...string) []string {
	var list []string
	for _, u := range urls {
		if o := origin(u); o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	slices.Sort(list)
	return list
}

// checkIdentity says, before anything is asked or sent, whether the grant was
// made with this issuer and client. Where the issuer is yet to be found, through
// an MCP server, tokenEndpoints finds it and checkIssuer compares.
func (c *Client) checkIdentity(b Binding) error {
	if b.ClientID != c.clientID() {
		return fmt.Errorf("%w (client id)", ErrBindingChanged)
	}
	if c.entry.Issuer == "" && c.conn.MCP != "" {
		return nil
	}
	return b.checkIssuer(c.entry.Issuer)
}

func (b Binding) checkIssuer(issuer string) error {
	if b.Issuer != issuer {
		return fmt.Errorf("%w (issuer)", ErrBindingChanged)
	}
	return nil
}

// covers says whether the grant may be sent to all of these endpoints.
func (b Binding) covers(urls ...string) error {
	for _, u := range urls {
		if !slices.Contains(b.Origins, origin(u)) {
			return fmt.Errorf("%w (%s)", ErrBindingChanged, first(origin(u), "no URL"))
		}
	}
	return nil
}

// keepsSecretFrom is an endpoint that is asked before there is a grant, and so
// before a binding (PAR, the device endpoint), to which the client secret would
// go. The entry may name any; one that discovery names must be where the issuer
// is or the token endpoint, which the secret goes to in any case: a document that
// somebody changed must not send it elsewhere. what names it in the sentence.
func (c *Client) keepsSecretFrom(ctx context.Context, what, configured, where string, e endpoints) error {
	if configured != "" || slices.Contains(origins(e.Issuer, e.Token), origin(where)) {
		return nil
	}
	secret, err := c.secret(ctx)
	if err != nil || secret == "" {
		return err
	}
	return c.misconfigured("foreign_host", "%s names a %s endpoint at %s, away from its token endpoint, so the client secret was not sent there; if that is as it should be, set the %s URL.",
		c.name(), what, origin(where), what)
}
