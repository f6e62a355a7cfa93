package providers

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"golang.org/x/oauth2"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// callback is an authorization answer (RFC 6749 §4.1.2) as the browser brings
// it. It holds a state, and either a code or an error.
type callback struct {
	state     string
	code      string
	errorCode string // through SafeCode
	iss       string
	hasIss    bool
}

// Why a callback's query is not an authorization answer. Shown to people, so
// each says what to do.
var (
	errCallbackShape = errors.New("it is damaged; copy it whole")
	errCallbackState = errors.New("it has no state; copy it whole")
	errCallbackTwice = errors.New("it says something twice; copy it as the browser shows it")
	errCallbackEmpty = errors.New("it has neither a code nor an error; copy it whole")
)

// parseCallback reads the query of a redirect. RFC 6749 §3.1: no parameter may
// come twice.
func parseCallback(rawQuery string) (callback, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return callback{}, errCallbackShape
	}
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(q[name]) > 1 {
			return callback{}, errCallbackTwice
		}
	}
	if q.Get("state") == "" {
		return callback{}, errCallbackState
	}
	if (q.Get("code") == "") == (q.Get("error") == "") {
		return callback{}, errCallbackEmpty
	}
	return callback{
		state: q.Get("state"), code: q.Get("code"), iss: q.Get("iss"), hasIss: q.Has("iss"),
		errorCode: safeCallbackError(q.Get("error")),
	}, nil
}

func safeCallbackError(code string) string {
	if code == "" {
		return ""
	}
	return refusal.SafeCode(code)
}

// sameSecret compares in constant time. An empty secret is the same as none.
func sameSecret(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// issuerRule is which iss (RFC 9207) a flow takes.
type issuerRule struct {
	issuer   string   // the one that the request went to; "": unknown
	match    string   // Entry.IssuerMatch
	required bool     // the metadata announce that iss always comes
	hosts    []string // without an issuer: hosts of the authorization and token endpoints
}

// allows says whether an answer with that iss may be acted on:
//
//	iss      issuer known          issuer unknown
//	absent   unless announced      yes
//	present  only if it matches    only on a host of the endpoints, or above or below one
func (r issuerRule) allows(iss string, present bool) bool {
	switch {
	case !present:
		return !r.required
	case r.issuer == "":
		return r.onOwnHost(iss)
	}
	return issuerMatches(r.match, r.issuer, iss)
}

func (r issuerRule) onOwnHost(iss string) bool {
	u, err := url.Parse(iss)
	if err != nil || u.Hostname() == "" {
		return false
	}
	for _, host := range r.hosts {
		if underOrAbove(host, lowerHost(u)) {
			return true
		}
	}
	return false
}

func lowerHost(u *url.URL) string { return strings.ToLower(u.Hostname()) }

// underOrAbove: www.example.com and example.com, but never a bare "com".
func underOrAbove(a, b string) bool {
	if a == b {
		return true
	}
	long, short := a, b
	if len(a) < len(b) {
		long, short = b, a
	}
	return strings.Contains(short, ".") && strings.HasSuffix(long, "."+short)
}

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

// codeFlow is what a flow remembers of its authorization request. state is
// bound to connection and issuer by standing beside what the request was made
// with: an answer under this state is acted on with this client, this issuer
// rule and this binding, or not at all.
type codeFlow struct {
	state    string // 256 bits; good for one answer
	verifier string // PKCE; "" where the entry says off
	issuer   issuerRule
	binding  Binding
	resource string // RFC 8707, instead of the connection's
}

// answer acts on an answer that came under the flow's state. False: one has
// been acted on already, or the flow is over. It returns at once.
func (f *Flow) answer(a callback) bool {
	if !f.takeUp() {
		return false
	}
	if err := f.refuses(a); err != nil {
		f.end(Result{}, err)
		return true
	}
	go f.redeem(a.code)
	return true
}

// refuses checks an answer before anything is sent, in this order: in time, from
// the right issuer (RFC 9207, on errors too), no error.
func (f *Flow) refuses(a callback) error {
	switch {
	case !f.clock.now().Before(f.expires):
		return ErrTimedOut
	case !f.code.issuer.allows(a.iss, a.hasIss):
		return wrongIssuer(f.client.name(), a)
	case echoes(a.errorCode, []string{f.code.state, f.code.verifier}):
		return authorizeFailure(f.client.name(), "unknown")
	case a.errorCode != "":
		return authorizeFailure(f.client.name(), a.errorCode)
	}
	return nil
}

func wrongIssuer(provider string, a callback) *refusal.Failure {
	what := "names another issuer than the one that was asked"
	if !a.hasIss {
		what = "does not say which issuer it comes from, though this provider always does"
	}
	return &refusal.Failure{Class: refusal.Misconfigured, Code: "wrong_issuer",
		Detail: fmt.Sprintf("The answer in the browser %s, so nothing was sent to %s. Connect again; if that does not help, check the connection's issuer.", what, provider)}
}

// authorizeFailure is what an error in the browser (RFC 6749 §4.1.2.1) means.
func authorizeFailure(provider, code string) error {
	switch code {
	case "access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize", "authorization_declined":
		return ErrDenied
	case "server_error", "temporarily_unavailable":
		return &refusal.Failure{Class: refusal.Transient, Code: code, Detail: provider + " is in trouble at the moment; connect again a little later."}
	case "invalid_scope":
		return &refusal.Failure{Class: refusal.Misconfigured, Code: code, Detail: provider + " does not grant one of the scopes asked for; correct the connection's scopes."}
	}
	return &refusal.Failure{Class: refusal.Misconfigured, Code: code,
		Detail: fmt.Sprintf("%s refused the sign-in (%s); check client id, scopes and redirect address in the app's settings there.", provider, code)}
}

// redeem exchanges the code, unless configuration or discovery changed meanwhile
// where it would be sent.
func (f *Flow) redeem(code string) {
	defer f.endOnPanic("code exchange")
	binding, err := f.client.Binding(f.ctx)
	if err == nil && !reflect.DeepEqual(binding, f.code.binding) {
		err = refusal.ErrBindingChanged
	}
	if err != nil {
		f.end(Result{}, err)
		return
	}
	answer, err := f.client.exchange(f.ctx, code, f.code.verifier, f.redirectURI, f.code.resource)
	if err != nil {
		f.end(Result{}, err)
		return
	}
	f.conclude(answer, f.code.binding)
}

// startCode prepares an authorization request and a place for its answer.
func (f *Flow) startCode(ctx context.Context, o AuthorizeOptions) error {
	place, err := landingFor(f.client.redirectURI())
	if err != nil {
		return err
	}
	ends, err := f.client.endpoints(ctx)
	if err != nil {
		return err
	}
	if err := f.client.checkCredentials(ctx, o.Mode); err != nil {
		return err
	}
	if f.code, err = f.client.newCodeFlow(ctx, ends, o); err != nil {
		return err
	}
	f.expireAfter(FlowTimeout, ErrTimedOut)
	if err = f.land(place); err != nil {
		return err
	}
	if err = f.request(ctx, ends, o); err != nil {
		f.leave()
	}
	return err
}

func (c *Client) newCodeFlow(ctx context.Context, e endpoints, o AuthorizeOptions) (*codeFlow, error) {
	if e.Authorize == "" {
		return nil, &refusal.Failure{Class: refusal.Misconfigured, Code: "no_authorize_url",
			Detail: c.name() + " has no sign-in page in the browser; connect with --device, or set the authorize URL."}
	}
	binding, err := c.Binding(ctx)
	if err != nil {
		return nil, err
	}
	code := &codeFlow{state: randomText(32), issuer: c.issuerRule(e), binding: binding, resource: o.Resource}
	if c.entry.AuthorizeOpts.PKCE != "off" {
		code.verifier = oauth2.GenerateVerifier()
	}
	return code, nil
}

// land opens the loopback listener, where there is to be one. It closes
// some time after the flow is over.
func (f *Flow) land(place landing) error {
	if place.scheme == "https" {
		f.redirectURI = place.url
		return nil
	}
	d := newDoor(f, place.path)
	port, err := openDoor(place, d)
	if err != nil {
		return place.listenFailure(f.client.name(), err)
	}
	f.redirectURI = place.redirectURI(port)
	go linger(f, d)
	f.leave = func() { closeDoor(d) }
	return nil
}

func (f *Flow) request(ctx context.Context, e endpoints, o AuthorizeOptions) (err error) {
	p := authorizeParams{
		State: f.code.state, RedirectURI: f.redirectURI, Scopes: o.Scopes,
		LoginHint: o.LoginHint, SwitchAccount: o.SwitchAccount, Resource: o.Resource,
	}
	f.asked = f.client.scopes(o.Scopes)
	if f.code.verifier != "" {
		p.Challenge = oauth2.S256ChallengeFromVerifier(f.code.verifier)
	}
	if f.url, err = f.client.requestURL(ctx, e, o.Mode, p); err != nil {
		return err
	}
	if u, err := url.Parse(f.url); err != nil || !catalog.Speakable(u) {
		return &refusal.Failure{Class: refusal.Misconfigured, Code: "authorize_url",
			Detail: fmt.Sprintf("The sign-in page of %s is not an https address; correct the authorize URL.", f.client.name())}
	}
	return nil
}

// name is the provider's, fit to be shown.
func (c *Client) name() string {
	if c.entry.Name == "" {
		return "the provider"
	}
	return shown(c.entry.Name)
}
