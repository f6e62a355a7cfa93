package providers

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// This file is which client a connection uses. First match:
//
//	configured client id            the issuer        client
//	a plain one                     any               that one
//	a document's https URL (CIMD)   announces it      that URL
//	a document's https URL          only registers    one that registers itself (RFC 7591)
//	a document's https URL          neither           that URL: the user must know
//	none                            registers         one that registers itself
//	none                            does not          none; the user registers one

// NeedsRegistration says whether a client of our own has to be registered before
// this connection can be connected, and at which issuer. It may discover. The
// error is a *Failure.
func (c *Client) NeedsRegistration(ctx context.Context) (issuer string, need bool, err error) {
	if c.ownID != "" && !isClientDocument(c.ownID) {
		return "", false, nil
	}
	ep, err := c.endpoints(ctx)
	if err != nil {
		return "", false, err
	}
	_, has := c.Registered()
	need = ep.Registration != "" && (c.ownID == "" || !ep.CIMDSupported) || has && c.ownID == ""
	if !need && c.ownID == "" && c.conn.MCP != "" {
		return "", false, c.misconfigured("no_client_id",
			"%s registers no clients by itself. Register a native app there with the redirect URI %s, and tell its id: authtray add %s --client-id ID",
			first(ep.Issuer, c.entry.Name), c.entry.RedirectURI(), c.conn.Name)
	}
	return ep.Issuer, need, nil
}

// ClientID is the client that this connection uses; "" where it has none yet.
func (c *Client) ClientID() string { return c.clientID() }

// isClientDocument: the id is the address of a Client ID Metadata Document,
// which has a path.
func isClientDocument(id string) bool {
	u, err := url.Parse(id)
	return err == nil && u.Scheme == "https" && u.Host != "" && len(u.Path) > 1 && u.User == nil && u.Fragment == ""
}

// useRegistration makes a registered client the connection's own, unless the
// user configured a plain one.
func (c *Client) useRegistration(r Registration) {
	c.ownID = c.clientID()
	if r.ClientID == "" || c.ownID != "" && !isClientDocument(c.ownID) {
		return
	}
	c.registered = r
	c.conn.ClientID = r.ClientID
	c.entry.Client.Auth, c.entry.Client.Secret = "none", "none"
	if r.Auth == "post" || r.Auth == "basic" {
		c.entry.Client.Auth, c.entry.Client.Secret = r.Auth, "required"
	}
	if u, err := url.Parse(r.RedirectURI); err == nil && u.Port() != "" {
		c.entry.Redirect = RedirectRules{Host: u.Hostname(), Port: u.Port(), Path: u.Path}
	}
}

// Registered is the client that was registered for this connection and is used;
// false: it uses one that was configured, or has none.
func (c *Client) Registered() (Registration, bool) { return c.registered, c.registered.ClientID != "" }

// NewRedirectURI is a redirect URI to register: exact to the port, since many
// providers compare whole addresses, whatever RFC 8252 §7.3 says of loopback. It
// takes FixedPort where no other program has it, else one that is free now.
func (c *Client) NewRedirectURI() (string, error) {
	rule := c.redirectURI()
	if rule.Paste {
		return rule.URL, nil
	}
	for _, port := range []int{rule.Port, FixedPort, 0} {
		if port == 0 && rule.Port != 0 {
			continue
		}
		if port, ok := usablePort(port); ok {
			return "http://" + net.JoinHostPort(rule.Host, strconv.Itoa(port)) + rule.Path, nil
		}
	}
	return "", fmt.Errorf("no port is free on %s for the browser's answer", rule.Host)
}

// RedirectUsable says whether the browser could come back to a redirect URI now:
// no other program listens there.
func RedirectUsable(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme == "https" {
		return err == nil
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return true // any port will do
	}
	_, ok := usablePort(port)
	return ok
}

// usablePort: a port of 127.0.0.1 that is free, or that we listen on already; 0
// stands for any.
func usablePort(port int) (int, bool) {
	doorways.Lock()
	ours := port != 0 && doorways.open[port] != nil
	doorways.Unlock()
	if ours {
		return port, true
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, false
	}
	defer l.Close()
	return portOf(l), true
}
