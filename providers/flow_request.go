package providers

import (
	"context"
	"net/http"
	"net/url"
)

// checkCredentials finds out before the browser opens, not after the person has
// consented, that the code could not be exchanged.
func (c *Client) checkCredentials(ctx context.Context, mode Mode) error {
	if err := c.authenticate(ctx, url.Values{}, http.Header{}); err != nil {
		return err
	}
	if mode == Device || c.entry.Client.Secret != "web_only" {
		return nil
	}
	secret, err := c.secret(ctx)
	if err == nil && secret == "" {
		err = c.misconfigured("no_client_secret", "%s needs a client secret to connect in the browser; set it with: authtray secret set %s (or connect with --device, which needs none).",
			c.name(), c.conn.Name)
	}
	return err
}

// issuerRule is which iss a flow at these endpoints takes.
func (c *Client) issuerRule(e endpoints) issuerRule {
	return issuerRule{
		issuer:   e.Issuer,
		match:    c.entry.IssuerMatch,
		required: e.IssParamSupported,
		hosts:    hostsOf(e.Authorize, e.Token),
	}
}

// hostsOf the endpoints, in lower case.
func hostsOf(endpoints ...string) []string {
	var hosts []string
	for _, raw := range endpoints {
		if u, err := url.Parse(raw); err == nil && u.Hostname() != "" {
			hosts = append(hosts, lowerHost(u))
		}
	}
	return hosts
}
