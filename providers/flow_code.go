package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
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

// codeFlow is what a flow remembers of its authorization request; it does not
// change. state is bound to connection and issuer by standing beside what the request was made
// with: an answer under this state is acted on with this client, this issuer
// rule and this binding, or not at all.
type codeFlow struct {
	state    string // 256 bits; good for one answer
	nonce    string // sent with the scope openid
	verifier string // PKCE; "" where the entry says off
	issuer   issuerRule
	binding  Binding
	resource string                                                                             // RFC 8707, instead of the connection's
	again    func(ctx context.Context, code *codeFlow, scopes []string) (url string, err error) // the same request with others
}

// request is the flow's authorization request.
func (f *Flow) request() *codeFlow {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.code
}

// answer acts on an answer that came under the flow's state. False: one has
// been acted on already, or the flow is over. It returns at once.
func (f *Flow) answer(a callback) bool {
	code := f.request()
	if !sameSecret(code.state, a.state) || !f.takeUp() {
		return false
	}
	if err := f.refuses(code, a); err != nil {
		f.end(Result{}, err)
		return true
	}
	go f.redeem(code, a)
	return true
}

// askAgain is where the browser is to be sent after an answer that refuses scopes
// which we had added ourselves: to the same request without them, under another
// state. It does so once; "" leaves the answer to answer.
func (f *Flow) askAgain(a callback) (url string) {
	f.mu.Lock()
	old := f.code
	if a.errorCode != "invalid_scope" || !sameSecret(old.state, a.state) || len(f.added) == 0 || f.takenUp() ||
		!f.clock.now().Before(f.expires) || !old.issuer.allows(a.iss, a.hasIss) {
		f.mu.Unlock()
		return ""
	}
	f.asked = without(f.asked, f.added)
	f.added = nil
	code, scopes := *old, f.asked
	code.state = randomText(32)
	f.code = &code
	f.mu.Unlock()
	to, err := code.again(f.ctx, &code, scopes)
	if err != nil {
		f.end(Result{}, err)
	}
	return to
}

// refuses checks an answer before anything is sent, in this order: in time, from
// the right issuer (RFC 9207, on errors too), no error. An error that names no issuer
// where iss is announced ends the flow as that error: many servers add iss to their good
// answers alone, and who said no is not to read of codes and issuers.
func (f *Flow) refuses(code *codeFlow, a callback) error {
	err := f.refusal(code, a)
	if failure := (*refusal.Failure)(nil); a.errorCode != "" && a.words != "" && errors.As(err, &failure) && failure.Code != "wrong_issuer" {
		failure.Said = said(failure.Code, a.words, []string{code.state, code.verifier, oauth2.S256ChallengeFromVerifier(code.verifier)})
	}
	return err
}

func (f *Flow) refusal(code *codeFlow, a callback) error {
	switch {
	case !f.clock.now().Before(f.expires):
		return ErrTimedOut
	case !code.issuer.allows(a.iss, a.hasIss) && (a.hasIss || a.errorCode == ""):
		return wrongIssuer(f.client.name(), a)
	case echoes(a.errorCode, []string{code.state, code.verifier}):
		return authorizeFailure(f.client.name(), "unknown")
	case a.errorCode == "invalid_scope":
		return f.client.scopeFailure(f.asked)
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
		Detail: fmt.Sprintf("The answer in the browser %s, so its code was not sent to %s. Connect again; if that does not help, check the connection's issuer.", what, provider)}
}

// authorizeFailure is what an error in the browser (RFC 6749 §4.1.2.1) means.
func authorizeFailure(provider, code string) error {
	switch code {
	case "access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize", "authorization_declined":
		return ErrDenied
	case "server_error", "temporarily_unavailable":
		return &refusal.Failure{Class: refusal.Transient, Code: code, Detail: provider + " is in trouble at the moment; connect again a little later."}
	}
	return &refusal.Failure{Class: refusal.Misconfigured, Code: code,
		Detail: fmt.Sprintf("%s refused the sign-in (%s); check client id, scopes and redirect address in the app's settings there.", provider, code)}
}

// redeem exchanges the code, unless configuration or discovery changed meanwhile
// where it would be sent.
func (f *Flow) redeem(request *codeFlow, a callback) {
	defer f.endOnPanic("code exchange")
	binding, err := f.client.Binding(f.ctx)
	if err == nil && !request.binding.LeadsTo(binding) {
		err = refusal.ErrBindingChanged
	}
	if err != nil {
		f.end(Result{}, err)
		return
	}
	answer, err := f.client.exchange(f.ctx, a.code, request.verifier, f.redirectURI, request.resource, f.client.callbackMembers(a.rawQuery))
	if err != nil {
		f.end(Result{}, err)
		return
	}
	if err := f.client.checkNonce(request, answer.IDToken); err != nil {
		f.end(Result{}, err)
		return
	}
	f.conclude(answer, request.binding)
}

// maxCallbackMember bounds a parameter of the redirect that is kept, in bytes.
const maxCallbackMember = 256

// callbackMembers are the parameters of the redirect that the entry keeps with
// the grant. One that comes twice, or cannot stand in a header, is left out.
func (c *Client) callbackMembers(rawQuery string) map[string]json.RawMessage {
	query, _ := url.ParseQuery(rawQuery) // parseCallback has read it
	members := map[string]any{}
	for _, name := range c.entry.Tokens.KeepCallback {
		v := query.Get(name)
		if len(query[name]) == 1 && len(v) <= maxCallbackMember && fitsHeader(v) {
			members[name] = v
		}
	}
	return keepAs(members)
}

// checkNonce refuses an ID token that was made for another request, where it is kept
// (OpenID Connect Core §3.1.3.7).
func (c *Client) checkNonce(request *codeFlow, idToken string) error {
	nonce := refusal.TextAt(idClaims(idToken), "nonce")
	if !c.conn.KeepIDToken || nonce == "" || sameSecret(nonce, request.nonce) {
		return nil
	}
	return &refusal.Failure{Class: refusal.Misconfigured, Code: "wrong_nonce",
		Detail: "The ID token from " + c.name() + " belongs to another sign-in, so nothing of this one was kept. Connect again."}
}

// startCode prepares an authorization request and a place for its answer.
func (f *Flow) startCode(ctx context.Context, o AuthorizeOptions) error {
	place, err := landingFor(f.client.redirectURI())
	if err != nil {
		return err
	}
	ends, err := f.client.signInEndpoints(ctx)
	if err != nil {
		return err
	}
	if err := f.client.checkSignIn(ends.Authorize, f.client.entry.Authorize, ends, o.AcceptHost); err != nil {
		return err
	}
	if err := f.client.checkCredentials(ctx, o.Mode); err != nil {
		return err
	}
	code, err := f.client.newCodeFlow(ctx, ends, o)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.code = code
	f.mu.Unlock()
	f.expireAfter(FlowTimeout, ErrTimedOut)
	if err = f.land(place); err != nil {
		return err
	}
	code.again = func(ctx context.Context, code *codeFlow, scopes []string) (string, error) {
		return f.requestURL(ctx, ends, o, code, scopes)
	}
	if err = f.ask(ctx, code, o); err != nil {
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
	code := &codeFlow{state: randomText(32), nonce: randomText(16), issuer: c.issuerRule(e), binding: binding, resource: o.Resource}
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
	port, err := openRoute(place, d)
	if err != nil {
		return place.listenFailure(f.client.name(), err)
	}
	f.redirectURI = place.redirectURI(port)
	go linger(f, d)
	f.leave = func() { closeRoute(d) }
	return nil
}

// ask sets the flow's URL. A pushed request that is refused for the scopes that we
// had added is pushed again without them.
func (f *Flow) ask(ctx context.Context, code *codeFlow, o AuthorizeOptions) error {
	list, added := f.client.requested(o.Scopes)
	to, err := code.again(ctx, code, list)
	if isScopeRefusal(err) {
		if len(added) == 0 {
			return f.client.scopesRefused(list, err)
		}
		list = without(list, added)
		added = nil
		to, err = code.again(ctx, code, list)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.url, f.asked, f.added = to, list, added
	return err
}

// isScopeRefusal reports whether a request was refused for its scopes.
func isScopeRefusal(err error) bool {
	var f *refusal.Failure
	return errors.As(err, &f) && f.Class == refusal.Misconfigured && f.Code == "invalid_scope"
}

// requestURL is where the browser is sent with an authorization request for scopes.
func (f *Flow) requestURL(ctx context.Context, e endpoints, o AuthorizeOptions, code *codeFlow, scopes []string) (string, error) {
	p := authorizeParams{
		State: code.state, RedirectURI: f.redirectURI, Scopes: scopes,
		LoginHint: o.LoginHint, SwitchAccount: o.SwitchAccount, Resource: o.Resource,
	}
	if slices.Contains(scopes, "openid") {
		p.Nonce = code.nonce
	}
	if p.Scopes == nil {
		p.Scopes = []string{} // none, and not the connection's
	}
	if code.verifier != "" {
		p.Challenge = oauth2.S256ChallengeFromVerifier(code.verifier)
	}
	to, err := f.client.requestURL(ctx, e, o.Mode, p)
	if err != nil {
		return "", err
	}
	if u, err := url.Parse(to); err != nil || !catalog.Speakable(u) {
		return "", &refusal.Failure{Class: refusal.Misconfigured, Code: "authorize_url",
			Detail: fmt.Sprintf("The sign-in page of %s is not an https address; correct the authorize URL.", f.client.name())}
	}
	return to, nil
}

// name is the provider's, fit to be shown.
func (c *Client) name() string {
	if c.entry.Name == "" {
		return "the provider"
	}
	return shown(c.entry.Name)
}
