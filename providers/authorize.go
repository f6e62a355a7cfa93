package providers

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// authorizeParams is what one authorization request adds to what the entry says.
type authorizeParams struct {
	State         string
	Challenge     string // S256 of the PKCE verifier; unused where the entry says pkce = "off"
	RedirectURI   string
	Scopes        []string // asked for instead of the connection's; nil: those
	LoginHint     string
	SwitchAccount bool
	Resource      string // RFC 8707, instead of the connection's
}

// authorizeURL is the authorization request (RFC 6749 §4.1.1) to the endpoint.
func (c *Client) authorizeURL(endpoint string, p authorizeParams) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	q := u.Query() // an endpoint may have a query of its own (RFC 6749 §3.1)
	for k, v := range c.authorizeForm(p) {
		q[k] = v
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // both mean a blank, but not to everyone
	return u.String()
}

// authorizeForm is the same request's parameters, as PAR (RFC 9126) posts them.
func (c *Client) authorizeForm(p authorizeParams) url.Values {
	o := c.entry.AuthorizeOpts
	q := url.Values{}
	set(q, first(o.ScopeParam, "scope"), strings.Join(c.scopes(p.Scopes), first(o.ScopeSep, " ")))
	if hint := first(o.LoginHint, "login_hint"); hint != "off" {
		set(q, hint, p.LoginHint)
	}
	set(q, "resource", first(p.Resource, c.resource()))
	setAll(q, o.Params)
	if p.SwitchAccount {
		setAll(q, o.SwitchAccount)
	}
	c.setOwn(q, p)
	return q
}

// setOwn comes last: what ties the answer to this flow is not an entry's to change.
func (c *Client) setOwn(q url.Values, p authorizeParams) {
	q.Set("response_type", "code")
	q.Set("client_id", c.clientID())
	q.Set("redirect_uri", p.RedirectURI)
	q.Set("state", p.State)
	if c.entry.AuthorizeOpts.PKCE != "off" {
		q.Set("code_challenge", p.Challenge)
		q.Set("code_challenge_method", "S256")
	}
}

// scopes is what to ask for: what the caller wants, else the connection's, else
// the entry's; and the scopes without which there would be no refresh token.
func (c *Client) scopes(asked []string) []string {
	o := c.entry.AuthorizeOpts
	switch {
	case asked != nil:
	case len(c.conn.Scopes) > 0:
		asked = c.conn.Scopes
	case len(o.Scopes) > 0:
		asked = o.Scopes
	default:
		asked = c.discovery.getResource().scopes
	}
	list := slices.Clone(asked)
	for _, s := range o.ScopesForRefresh {
		if !slices.Contains(list, s) && c.scopeSupported(s) {
			list = append(list, s)
		}
	}
	return list
}

// ScopesWith is what a flow asks for that wants more than the connection's own
// scopes (a step-up). It may discover.
func (c *Client) ScopesWith(ctx context.Context, more []string) ([]string, error) {
	if _, err := c.endpoints(ctx); err != nil {
		return nil, err
	}
	list := c.scopes(nil)
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list, nil
}

// scopeSupported: some servers refuse the whole request for an offline_access
// that they do not announce.
func (c *Client) scopeSupported(scope string) bool {
	known := c.discovered().ScopesSupported
	return known == nil || slices.Contains(known, scope)
}

// redirectRule is what redirect URI the provider takes.
type redirectRule struct {
	Host  string // "127.0.0.1" or "localhost": what stands in the redirect URI
	Port  int    // 0: any free one
	Path  string
	URL   string // the registered https URL; set where only paste-back works
	Paste bool   // no loopback redirect is accepted
}

func (c *Client) redirectURI() redirectRule { return c.entry.redirectRule() }

func (e Entry) redirectRule() redirectRule {
	r := redirectRule{Host: e.Redirect.Host, Path: first(e.Redirect.Path, "/callback")}
	switch e.Redirect.Host {
	case "https_only":
		return redirectRule{URL: e.Redirect.URL, Paste: true}
	case "", "any":
		r.Host = "127.0.0.1"
	}
	switch e.Redirect.Port {
	case "", "any":
	case "fixed", "exact":
		r.Port = FixedPort
	default:
		r.Port, _ = strconv.Atoi(e.Redirect.Port) // checked when loaded
	}
	return r
}

// RedirectURI is what to register at the provider, exactly; without a port where
// the provider takes any.
func (e Entry) RedirectURI() string {
	r := e.redirectRule()
	if r.Paste {
		return e.fill(e.sampleValues()).Redirect.URL
	}
	u := url.URL{Scheme: "http", Host: r.Host, Path: r.Path}
	if r.Port != 0 {
		u.Host += ":" + strconv.Itoa(r.Port)
	}
	return u.String()
}

func set(q url.Values, key, value string) {
	if value != "" {
		q.Set(key, value)
	}
}

// setAll adds the entry's parameters; "false" leaves a standard one out.
func setAll(q url.Values, params map[string]string) {
	for k, v := range params {
		if v == "false" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
	}
}
