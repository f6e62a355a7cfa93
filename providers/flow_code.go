package providers

import (
	"fmt"
	"reflect"
)

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

func wrongIssuer(provider string, a callback) *Failure {
	what := "names another issuer than the one that was asked"
	if !a.hasIss {
		what = "does not say which issuer it comes from, though this provider always does"
	}
	return &Failure{Class: Misconfigured, Code: "wrong_issuer",
		Detail: fmt.Sprintf("The answer in the browser %s, so nothing was sent to %s. Connect again; if that does not help, check the connection's issuer.", what, provider)}
}

// authorizeFailure is what an error in the browser (RFC 6749 §4.1.2.1) means.
func authorizeFailure(provider, code string) error {
	switch code {
	case "access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize", "authorization_declined":
		return ErrDenied
	case "server_error", "temporarily_unavailable":
		return &Failure{Class: Transient, Code: code, Detail: provider + " is in trouble at the moment; connect again a little later."}
	case "invalid_scope":
		return &Failure{Class: Misconfigured, Code: code, Detail: provider + " does not grant one of the scopes asked for; correct the connection's scopes."}
	}
	return &Failure{Class: Misconfigured, Code: code,
		Detail: fmt.Sprintf("%s refused the sign-in (%s); check client id, scopes and redirect address in the app's settings there.", provider, code)}
}

// redeem exchanges the code, unless configuration or discovery changed meanwhile
// where it would be sent.
func (f *Flow) redeem(code string) {
	binding, err := f.client.Binding(f.ctx)
	if err == nil && !reflect.DeepEqual(binding, f.code.binding) {
		err = ErrBindingChanged
	}
	if err != nil {
		f.end(Result{}, err)
		return
	}
	answer, err := f.client.exchangeFor(f.ctx, code, f.code.verifier, f.redirectURI, f.code.resource)
	if err != nil {
		f.end(Result{}, err)
		return
	}
	f.conclude(answer, f.code.binding)
}
