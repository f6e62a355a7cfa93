package providers

import (
	"context"
	"slices"
)

// endpoints is where a connection's provider is spoken to, after discovery: the
// entry's values, and the discovery document's where the entry has none.
type endpoints struct {
	Issuer       string // as asked; "" where the provider has none
	Authorize    string
	Token        string
	Refresh      string // Token where nothing else is said
	Device       string
	Registration string
	PAR          string
	PARRequired  bool
	Revoke       string
	Userinfo     string

	IssParamSupported bool     // RFC 9207: iss must be in the authorization answer
	ScopesSupported   []string // nil: not announced
	AuthMethods       []string // token_endpoint_auth_methods_supported; nil: not announced
	PKCEMethods       []string // code_challenge_methods_supported; nil: not announced
	CIMDSupported     bool     // client_id_metadata_document_supported
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
	own.Refresh = first(own.Refresh, own.Token)
	return own
}

// or fills what is missing from the discovery document.
func (own endpoints) or(found endpoints) endpoints {
	found.Issuer = first(own.Issuer, found.Issuer)
	found.Authorize = first(own.Authorize, found.Authorize)
	found.Token = first(own.Token, found.Token)
	found.Refresh = first(own.Refresh, found.Token)
	found.Device = first(own.Device, found.Device)
	found.Registration = first(own.Registration, found.Registration)
	found.PAR = first(own.PAR, found.PAR)
	found.PARRequired = own.PARRequired || found.PARRequired
	found.Revoke = first(own.Revoke, found.Revoke)
	found.Userinfo = first(own.Userinfo, found.Userinfo)
	return found
}

func first(values ...string) string {
	if i := slices.IndexFunc(values, func(s string) bool { return s != "" }); i >= 0 {
		return values[i]
	}
	return ""
}
