package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// exchange redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (c *Client) exchange(ctx context.Context, code, verifier, redirectURI string) (Answer, error) {
	return c.exchangeFor(ctx, code, verifier, redirectURI, "")
}

// exchangeFor is exchange for a resource other than the connection's (RFC 8707).
func (c *Client) exchangeFor(ctx context.Context, code, verifier, redirectURI, resource string) (Answer, error) {
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.tokenRequest(ctx, ep.Token, c.exchangeForm(code, verifier, redirectURI, resource))
	if err != nil {
		return Answer{}, aboutTheCode(err, c.entry.Name)
	}
	return c.afterExchange(ctx, answer), nil
}

// aboutTheCode: what is dead in an exchange is the code, not a grant.
func aboutTheCode(err error, name string) error {
	if f, ok := err.(*Failure); ok && f.Class == Dead {
		f.Detail = name + " did not accept the sign-in (" + f.Code + "); connect again."
	}
	return err
}

func (c *Client) exchangeForm(code, verifier, redirectURI, resource string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	if c.entry.AuthorizeOpts.PKCE != "off" {
		set(form, "code_verifier", verifier)
	}
	set(form, "resource", first(resource, c.resource()))
	setAll(form, c.entry.AuthorizeOpts.TokenParams)
	return form
}

// tokenRequest posts a form to a token endpoint and reads the answer. The error
// is a *Failure whose Code is the provider's ("authorization_pending" in the
// device flow).
func (c *Client) tokenRequest(ctx context.Context, endpoint string, form url.Values) (Answer, error) {
	a, err := c.post(ctx, endpoint, form)
	if err != nil {
		return Answer{}, err
	}
	answer, ok := readAnswer(c.entry, a.status, a.body, a.sentAt)
	if !ok {
		return Answer{}, c.refused(a)
	}
	return answer, nil
}

// answered is an answer, and what was said to get it.
type answered struct {
	status int
	header http.Header
	body   []byte
	sentAt time.Time
	sent   []string // the secrets that the request told
}

// refused classifies an answer that does not bring what was asked for.
func (c *Client) refused(a answered) *Failure {
	f := c.classify(c.entry.Errors, a)
	if a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed {
		c.discovery.forget()
	}
	return named(f, c.entry.Name)
}

// classify is Classify for an answer that may repeat what it was sent.
func (c *Client) classify(rules ErrorRules, a answered) *Failure {
	f := Classify(rules, a.status, a.header, a.body, c.now())
	if echoes(f.Code, a.sent) {
		f.Code = "unknown"
		f.Detail = sentence(f)
	}
	return f
}

// post sends a form to one of the provider's endpoints with the client's
// authentication, encoded as the entry says. It follows no redirect. The error
// is a *Failure: nothing was sent, or no whole answer came.
func (c *Client) post(ctx context.Context, endpoint string, form url.Values) (answered, error) {
	req, err := c.clientRequest(ctx, endpoint, form)
	if err != nil {
		return answered{}, err
	}
	return c.say(ctx, req)
}

// say is send, and remembers what was said.
func (c *Client) say(ctx context.Context, req *http.Request) (a answered, err error) {
	a.sent, a.sentAt = sentSecrets(req), c.now()
	a.status, a.header, a.body, err = c.send(ctx, req)
	return a, err
}

func (c *Client) clientRequest(ctx context.Context, endpoint string, form url.Values) (*http.Request, error) {
	form = cloneForm(form)
	header := http.Header{}
	if err := c.authenticate(ctx, form, header); err != nil {
		return nil, err
	}
	body, contentType := encodeForm(form, c.entry.Client.Body)
	req, err := http.NewRequest(http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, c.misconfigured("bad_url", "%s has an endpoint that is not a URL.", c.entry.Name)
	}
	for k, v := range c.entry.Client.Headers {
		header.Set(k, v)
	}
	header.Set("Content-Type", contentType)
	req.Header = header
	return req, nil
}

func encodeForm(form url.Values, style string) (body []byte, contentType string) {
	if style != "json" {
		return []byte(form.Encode()), "application/x-www-form-urlencoded"
	}
	members := make(map[string]string, len(form))
	for k := range form {
		members[k] = form.Get(k)
	}
	body, _ = json.Marshal(members) // strings always marshal
	return body, "application/json"
}

// authenticate adds the client's identity (RFC 6749 §2.3.1) to form or header.
func (c *Client) authenticate(ctx context.Context, form url.Values, header http.Header) error {
	id := c.clientID()
	if id == "" {
		return c.misconfigured("no_client_id", "The connection has no client id; register an app at %s and set client_id.", c.entry.Name)
	}
	secret, err := c.secret(ctx)
	if err != nil {
		return err
	}
	method := c.authMethod(secret != "")
	if secret == "" && (c.entry.Client.Secret == "" || c.entry.Client.Secret == "required") && method != "none" && method != "basic_empty" {
		return c.misconfigured("no_client_secret", "%s needs a client secret; set it with: authtray secret set %s", c.entry.Name, c.conn.Name)
	}
	switch method {
	case "basic", "basic_empty":
		header.Set("Authorization", basic(id, secret))
	case "post":
		form.Set("client_id", id)
		set(form, "client_secret", secret)
	default:
		form.Set("client_id", id)
	}
	return nil
}

// authMethod is the entry's, unless a public client turns out to have a secret
// after all, or a confidential one to have none: then what the provider announces.
func (c *Client) authMethod(hasSecret bool) string {
	method := first(c.entry.Client.Auth, "post")
	switch {
	case method == "none" && hasSecret:
		found := c.discovered()
		if found.Token != "" && (slices.Contains(found.AuthMethods, "client_secret_basic") || !slices.Contains(found.AuthMethods, "client_secret_post")) {
			return "basic" // also RFC 8414's meaning of saying nothing
		}
		return "post"
	case method == "basic" && !hasSecret && c.entry.Client.Secret != "required" && c.entry.Client.Secret != "":
		return "none"
	}
	return method
}

// basic is HTTP Basic as OAuth wants it: both halves form-encoded first.
func basic(id, secret string) string {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return req.Header.Get("Authorization")
}

func cloneForm(form url.Values) url.Values {
	out := make(url.Values, len(form)+2)
	for k, v := range form {
		out[k] = slices.Clone(v)
	}
	return out
}
