package providers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// authorizeParams is what one authorization request adds to what the entry says.
type authorizeParams struct {
	State         string
	Nonce         string // OpenID Connect Core §3.1.2.1; "": none is sent
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
	set(q, cmp.Or(o.ScopeParam, "scope"), strings.Join(c.scopes(p.Scopes), cmp.Or(o.ScopeSep, " ")))
	if hint := cmp.Or(o.LoginHint, "login_hint"); hint != "off" {
		set(q, hint, p.LoginHint)
	}
	set(q, "resource", cmp.Or(p.Resource, c.resource()))
	set(q, "nonce", p.Nonce)
	if c.entry.AnyServer() && slices.Contains(c.scopes(p.Scopes), offlineAccess) {
		q.Set("prompt", "consent") // servers that keep to OpenID Connect Core §11 ignore that scope without it
	}
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

func (c *Client) redirectURI() catalog.RedirectRule { return c.entry.RedirectRule() }

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

// usesPAR says whether the authorization request is pushed first (RFC 9126):
//
//	endpoint   required   mode      pushed
//	no         no         any       no
//	no         yes        any       yes (and fails with a sentence: there is nowhere to)
//	yes        yes        any       yes
//	yes        no         browser   yes
//	yes        no         url       no: a pushed request lives for a minute or so, and a person
//	                                who carries a URL to another machine takes longer
func usesPAR(e endpoints, mode Mode) bool {
	return e.PARRequired || e.PAR != "" && mode == Browser
}

// requestURL is what the browser is sent to: the whole request, or the handle of
// a pushed one. Where pushing is merely offered and fails, the whole request is.
func (c *Client) requestURL(ctx context.Context, e endpoints, mode Mode, p authorizeParams) (string, error) {
	if !usesPAR(e, mode) {
		return c.authorizeURL(e.Authorize, p), nil
	}
	pushed, err := c.push(ctx, e, p)
	switch {
	case err == nil:
		return pushed, nil
	case e.PARRequired:
		return "", err
	}
	return c.authorizeURL(e.Authorize, p), nil
}

// push posts the request to the PAR endpoint (RFC 9126 §2) and returns the URL
// that names it. The answer is 201 with a request_uri; anything else is read as
// a refusal.
func (c *Client) push(ctx context.Context, e endpoints, p authorizeParams) (string, error) {
	if e.PAR == "" {
		return "", c.misconfigured("no_par_url", "%s wants the sign-in request pushed first, but says nowhere where to; set the par URL.", c.name())
	}
	if err := c.keepsSecretFrom(ctx, "par", c.entry.PAR, e.PAR, e); err != nil {
		return "", err
	}
	form := c.authorizeForm(p)
	a, err := c.post(ctx, e.PAR, form)
	if err != nil {
		return "", err
	}
	handle := refusal.Text(refusal.Lookup(refusal.ParseBody(a.body), "request_uri"))
	if a.status != http.StatusCreated && a.status != http.StatusOK || handle == "" {
		return "", c.refused(a)
	}
	return withQuery(e.Authorize, url.Values{"client_id": {c.clientID()}, "request_uri": {handle}}), nil
}

// withQuery adds to a URL that may have a query of its own.
func withQuery(raw string, add url.Values) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	q := u.Query()
	for name, values := range add {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}
