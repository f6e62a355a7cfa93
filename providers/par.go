package providers

import (
	"context"
	"net/http"
	"net/url"
)

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
	handle := text(lookup(parseBody(a.body), "request_uri"))
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
