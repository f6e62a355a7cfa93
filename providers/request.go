package providers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// exchange redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5). resource
// is another one than the connection's (RFC 8707), or "". kept are the parameters of
// the redirect that are kept with the grant.
func (c *Client) exchange(ctx context.Context, code, verifier, redirectURI, resource string, kept map[string]json.RawMessage) (Answer, error) {
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Answer{}, err
	}
	endpoint, err := c.accountEndpoint(ep.Token, kept)
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.tokenRequest(ctx, endpoint, c.exchangeForm(code, verifier, redirectURI, resource))
	if err != nil {
		return Answer{}, aboutTheCode(err, c.entry.Name)
	}
	answer.Extra = mergeExtra(kept, answer.Extra)
	return c.afterExchange(ctx, answer), nil
}

// accountEndpoint is a token endpoint at the host that came with the grant, where
// the entry says that each account has one (tokens.host_from). It must be one of
// the entry's: what comes with a redirect must not say where a code or a refresh
// token goes.
func (c *Client) accountEndpoint(endpoint string, kept map[string]json.RawMessage) (string, error) {
	rules := c.entry.Tokens
	host := refusal.Text(refusal.ParseJSON(kept[rules.HostFrom]))
	if rules.HostFrom == "" || host == "" {
		return endpoint, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || !slices.Contains(rules.Hosts, host) {
		return "", c.misconfigured("foreign_host", "%s sent us to a host that is not one of its own; nothing was sent there.", c.entry.Name)
	}
	u.Host = host
	return u.String(), nil
}

// aboutTheCode: what is dead in an exchange is the code, not a grant.
func aboutTheCode(err error, name string) error {
	if f, ok := err.(*refusal.Failure); ok && f.Class == refusal.Dead {
		f.Detail = name + " did not accept the sign-in (" + f.Code + "); connect again."
	}
	return err
}

func (c *Client) exchangeForm(code, verifier, redirectURI, resource string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	if c.entry.AuthorizeOpts.PKCE != "off" {
		set(form, "code_verifier", verifier)
	}
	set(form, "resource", cmp.Or(resource, c.resource()))
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
	answer, ok := readAnswer(*c.entry, a.status, a.body, a.sentAt)
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
func (c *Client) refused(a answered) *refusal.Failure {
	f := c.classify(c.entry.Errors, a)
	if a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed {
		c.discovery.forget()
	}
	return refusal.Named(f, c.entry.Name)
}

// classify is Classify for an answer that may repeat what it was sent.
func (c *Client) classify(rules refusal.ErrorRules, a answered) *refusal.Failure {
	f := refusal.Classify(rules, a.status, a.header, a.body, c.now())
	if echoes(f.Code, a.sent) {
		f.Code = "unknown"
		f.Detail = refusal.Sentence(f)
	}
	if words := description(a.body); words != "" {
		f.Said = said(f.Code, words, a.sent)
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
		return c.wantsClientID(c.misconfigured("no_client_id", "The connection has no client id. Register a native app at %s with the redirect URI %s, and enter its client id.", c.entry.Name, c.entry.RedirectURI()))
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
	method := cmp.Or(c.entry.Client.Auth, "post")
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

// bearerRequest is a request to the provider with the access token, sent to the
// URL of a template that may hold kept members.
func (c *Client) bearerRequest(method, template, body, accessToken string, extra map[string]json.RawMessage) (*http.Request, error) {
	u, err := c.expand(template, accessToken, extra)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(cmp.Or(method, http.MethodGet), u.String(), bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, c.misconfigured("bad_url", "%s has an endpoint that cannot be asked.", c.entry.Name)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	return req, nil
}

// expand fills a URL's placeholders. One that begins the URL ({instance_url}), or
// stands in its host, brings that host: it must be one of the entry's API hosts, since a provider's
// answer must not say where tokens go. Any other is one path segment.
func (c *Client) expand(template, accessToken string, extra map[string]json.RawMessage) (*url.URL, error) {
	complete := true
	filled := catalog.Placeholder().ReplaceAllStringFunc(template, func(name string) string {
		value := c.placeholderValue(strings.Trim(name, "{}"), accessToken, extra)
		complete = complete && value != ""
		if strings.HasPrefix(template, name) {
			return strings.TrimRight(value, "/")
		}
		return url.PathEscape(value)
	})
	u, err := url.Parse(filled)
	if !complete || err != nil || !catalog.Speakable(u) || u.User != nil {
		return nil, c.misconfigured("incomplete_url", "%s did not say what its URL %s needs; reconnect.", c.entry.Name, template)
	}
	if namesHost(template) && !catalog.HostAllowed(c.entry.APIHosts(), u) {
		return nil, c.misconfigured("foreign_host", "%s sent us to a host that is not one of its own; nothing was sent there.", c.entry.Name)
	}
	return u, nil
}

// namesHost reports whether a placeholder of a URL stands in its host.
func namesHost(template string) bool {
	_, rest, ok := strings.Cut(template, "://")
	if !ok {
		return strings.HasPrefix(template, "{")
	}
	host, _, _ := strings.Cut(rest, "/")
	return strings.Contains(host, "{")
}

func (c *Client) placeholderValue(name, accessToken string, extra map[string]json.RawMessage) string {
	switch name {
	case "access_token":
		return accessToken
	case "client_id":
		return c.clientID()
	}
	if !slices.Contains(c.entry.Kept(), name) {
		return ""
	}
	return refusal.Text(refusal.ParseJSON(extra[name]))
}
