package providers

import (
	"context"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

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
		return nil, &Failure{Class: Misconfigured, Code: "no_authorize_url",
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
	if f.code.verifier != "" {
		p.Challenge = oauth2.S256ChallengeFromVerifier(f.code.verifier)
	}
	if f.url, err = f.client.requestURL(ctx, e, o.Mode, p); err != nil {
		return err
	}
	if u, err := url.Parse(f.url); err != nil || !speakable(u) {
		return &Failure{Class: Misconfigured, Code: "authorize_url",
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
