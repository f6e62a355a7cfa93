package providers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Binding is what a grant made now is bound to. It discovers only where the entry
// does not name the token endpoint itself, and then needs the document: what is
// out of reach for a moment must not look like a change.
func (c *Client) Binding(ctx context.Context) (Binding, error) {
	ep, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Binding{}, err
	}
	if c.assumesIssuer() {
		return Binding{}, c.notThereNow()
	}
	if c.entry.Revoke.Style == "none" {
		ep.Revoke = ""
	}
	urls := []string{ep.Token, ep.Refresh, ep.Revoke}
	for _, host := range c.entry.Tokens.Hosts {
		urls = append(urls, "https://"+host)
	}
	return Binding{Issuer: ep.Issuer, ClientID: c.clientID(), Origins: origins(urls...), SignIn: c.foreignSignIn(ep), Resources: c.Resources().Origins}, nil
}

// LeadsTo reports whether a grant that is bound to b may be used where now says. An
// authorization endpoint is asked about when somebody signs in; one that was is the
// grant's own. Resources have rules of their own; see Resources.Compare.
func (b Binding) LeadsTo(now Binding) bool {
	return b.Issuer == now.Issuer && b.ClientID == now.ClientID && slices.Equal(b.Origins, now.Origins) &&
		(b.SignIn == "" || now.SignIn == "" || b.SignIn == now.SignIn)
}

func origins(urls ...string) []string {
	var list []string
	for _, u := range urls {
		if o := catalog.Origin(u); o != "" && !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	slices.Sort(list)
	return list
}

// checkIdentity says, before anything is asked or sent, whether the grant was
// made with this issuer and client. Where the issuer is yet to be found, through
// an MCP server, tokenEndpoints finds it and checkIssuer compares.
func (c *Client) checkIdentity(b Binding) error {
	if b.ClientID != c.clientID() {
		return fmt.Errorf("%w (client id)", refusal.ErrBindingChanged)
	}
	if c.entry.Issuer == "" && c.conn.MCP != "" {
		return nil
	}
	return b.checkIssuer(c.entry.Issuer)
}

func (b Binding) checkIssuer(issuer string) error {
	if !sameIssuer(b.Issuer, issuer) {
		return fmt.Errorf("%w (issuer)", refusal.ErrBindingChanged)
	}
	return nil
}

// covers says whether the grant may be sent to all of these endpoints.
func (b Binding) covers(urls ...string) error {
	for _, u := range urls {
		if !slices.Contains(b.Origins, catalog.Origin(u)) {
			return fmt.Errorf("%w (%s)", refusal.ErrBindingChanged, cmp.Or(catalog.Origin(u), "no URL"))
		}
	}
	return nil
}

// mayUse says whether a grant that is bound to b may be sent to urls, of the endpoints
// that were found.
func (c *Client) mayUse(b Binding, found endpoints, urls ...string) error {
	if err := b.checkIssuer(found.Issuer); err != nil && c.assumesIssuer() {
		return c.notThereNow()
	} else if err != nil {
		return err
	}
	return b.covers(urls...)
}

// keepsSecretFrom is an endpoint that is asked before there is a grant, and so
// before a binding (PAR, the device endpoint), to which the client secret would
// go. The entry may name any; one that discovery names must be where the issuer
// is or the token endpoint, which the secret goes to in any case: a document that
// somebody changed must not send it elsewhere. what names it in the sentence.
func (c *Client) keepsSecretFrom(ctx context.Context, what, configured, where string, e endpoints) error {
	if configured != "" || slices.Contains(origins(e.Issuer, e.Token), catalog.Origin(where)) {
		return nil
	}
	secret, err := c.secret(ctx)
	if err != nil || secret == "" {
		return err
	}
	return c.misconfigured("foreign_host", "%s names a %s endpoint at %s, away from its token endpoint, so the client secret was not sent there; if that is as it should be, set the %s URL.",
		c.name(), what, catalog.Origin(where), what)
}

// endpoints is where a connection's provider is spoken to, after discovery: the
// entry's values, and the discovery document's where the entry has none.
type endpoints struct {
	Issuer        string // as configured, or as its document spells it (sameIssuer); "" where the provider has none
	Authorize     string
	Token         string
	Refresh       string // Token where nothing else is said
	Device        string
	Registration  string
	PAR           string
	PARRequired   bool
	Revoke        string
	Userinfo      string
	Introspection string // RFC 7662; only as the discovery document says
	source        string // where the discovery document was read; "" where none was

	IssParamSupported bool     // RFC 9207: iss must be in the authorization answer
	ScopesSupported   []string // nil: not announced
	AuthMethods       []string // token_endpoint_auth_methods_supported; nil: not announced
	PKCEMethods       []string // code_challenge_methods_supported; nil: not announced
	CIMDSupported     bool     // client_id_metadata_document_supported

	gone *refusal.Failure // the document is one from before, and is not where it was
}

// endpoints resolves them, asking for the discovery document where there is an
// issuer. A provider whose entry says all that is needed works without it.
func (c *Client) endpoints(ctx context.Context) (endpoints, error) {
	own := c.ownEndpoints()
	if !c.canDiscover() {
		return own, nil
	}
	found, err := c.discover(ctx)
	if err != nil && own.Token != "" && own.Authorize != "" {
		return own, nil
	}
	return own.or(found), err
}

// tokenEndpoints resolves what a refresh needs, without discovery where the
// entry says it: a discovery document out of reach must not cost a refresh.
func (c *Client) tokenEndpoints(ctx context.Context) (endpoints, error) {
	if own := c.ownEndpoints(); own.Token != "" {
		return own, nil
	}
	return c.endpoints(ctx)
}

// canDiscover: there is an issuer, or an MCP server to ask for one.
func (c *Client) canDiscover() bool { return c.entry.Issuer != "" || c.conn.MCP != "" }

func (c *Client) ownEndpoints() endpoints {
	e := c.entry
	own := endpoints{
		Issuer: e.Issuer, Authorize: e.Authorize, Token: e.Token, Refresh: e.Refresh, Device: e.Device,
		Registration: e.Registration, PAR: e.PAR, PARRequired: e.PARRequired, Revoke: e.Revoke.URL, Userinfo: e.Whoami.URL,
	}
	own.Refresh = cmp.Or(own.Refresh, own.Token)
	return own
}

// or fills what is missing from the discovery document.
func (own endpoints) or(found endpoints) endpoints {
	if own.Issuer != "" && !sameIssuer(own.Issuer, found.Issuer) {
		found.Issuer = own.Issuer
	}
	found.Authorize = cmp.Or(own.Authorize, found.Authorize)
	found.Token = cmp.Or(own.Token, found.Token)
	found.Refresh = cmp.Or(own.Refresh, found.Token)
	found.Device = cmp.Or(own.Device, found.Device)
	found.Registration = cmp.Or(own.Registration, found.Registration)
	found.PAR = cmp.Or(own.PAR, found.PAR)
	found.PARRequired = own.PARRequired || found.PARRequired
	found.Revoke = cmp.Or(own.Revoke, found.Revoke)
	found.Userinfo = cmp.Or(own.Userinfo, found.Userinfo)
	return found
}
