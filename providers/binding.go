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
