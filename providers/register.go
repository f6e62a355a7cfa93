package providers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Registration is a client that a provider made for us (RFC 7591 §3.2.1). It is
// good at its issuer alone, and as long as that knows it; the id is no secret,
// and the secret belongs into the keychain.
type Registration struct {
	Issuer       string    `json:"issuer,omitempty"`
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"-"`                      // "" for a public client
	SecretUntil  time.Time `json:"secret_until,omitzero"`  // zero: it does not expire
	Auth         string    `json:"auth,omitempty"`         // none | post | basic, as in ClientRules
	RedirectURI  string    `json:"redirect_uri,omitempty"` // the one that was registered, with its port
}

// Register asks the provider for a client of our own: a native app without a
// secret, or with one where the entry or the provider wants it. The error is a
// *Failure.
//
// Servers hold a client to the scope that it registered with, so that it names all
// that resource and issuer announce, and more. Where that is refused, it names those
// that a sign-in asks for, and then only those of them that the issuer announces:
// some servers (node's oidc-provider) register no client with another one. Nor do some
// register one that asks for a grant type which they do not give, be it announced: the
// second try is without sign-in by a code, and the last without refresh tokens. That is
// the last, since others register none that does not ask for them (FastMCP).
func (c *Client) Register(ctx context.Context, redirectURIs []string, more ...string) (Registration, error) {
	ep, err := c.endpoints(ctx)
	if err != nil {
		return Registration{}, err
	}
	if takesDocument(ep.CIMDSupported, ep.AuthMethods) && c.registered.ClientID != ClientDocument {
		return Registration{Issuer: ep.Issuer, ClientID: ClientDocument, Auth: "none"}, nil
	}
	all := c.registrationScopes(more)
	r, err := c.registerForDevice(ctx, ep, redirectURIs, all)
	if r.ClientID == "" && (err == nil || refusesRegistration(err)) {
		r, err = c.register(ctx, redirectURIs, all, grantTypes)
	}
	for _, fewer := range [][]string{c.scopes(nil), c.announced(c.scopes(nil))} {
		if refusesRegistration(err) && len(fewer) < len(all) {
			all = fewer
			r, err = c.register(ctx, redirectURIs, fewer, grantTypes)
		}
	}
	if refusesRegistration(err) {
		if once, failed := c.register(ctx, redirectURIs, all, grantTypes[:1]); failed == nil {
			return once, nil
		}
	}
	return r, err
}

// registerForDevice registers a client that may sign in by a code as well (RFC 8628),
// which some servers do not let any other do; nothing where the issuer has no such
// sign-in.
func (c *Client) registerForDevice(ctx context.Context, ep endpoints, redirectURIs, scopes []string) (Registration, error) {
	if ep.Device == "" || ep.Registration == "" {
		return Registration{}, nil
	}
	return c.register(ctx, redirectURIs, scopes, append(slices.Clone(grantTypes), deviceGrantType))
}

// grantTypes are those of a registration: what brings a token, and what renews it.
var grantTypes = []string{"authorization_code", "refresh_token"}

// refusesRegistration reports whether a server may not have liked what it was to
// register, rather than whom or where.
func refusesRegistration(err error) bool {
	var f *refusal.Failure
	if !errors.As(err, &f) || f.Class != refusal.Misconfigured {
		return false
	}
	return f.Status >= 400 && !slices.Contains([]int{http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}, f.Status)
}

// announced are those of the scopes that the issuer announces; all where it announces
// none.
func (c *Client) announced(scopes []string) []string {
	known := c.discovered().ScopesSupported
	if len(known) == 0 {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(known, s) })
}

// ClientDocument is the https URL at which this build's Client ID Metadata Document
// (assets/client.json.in) is published; set by the linker. Where the issuer takes
// such documents it is the client, with nothing to register. A build without one
// never sends one. An issuer that refuses it is asked to register a client.
var ClientDocument string

func takesDocument(announced bool, authMethods []string) bool {
	return announced && isClientDocument(ClientDocument) && (len(authMethods) == 0 || slices.Contains(authMethods, "none"))
}

// maxRegistered bounds the scopes of a registration.
const maxRegistered = 200

// registrationScopes are those that a sign-in asks for, and all that it may come to
// ask for.
func (c *Client) registrationScopes(more []string) []string {
	list := c.scopes(nil)
	for _, s := range slices.Concat(more, c.discovery.getResource().supported, c.discovered().ScopesSupported) {
		if len(list) < maxRegistered && !catalog.IsBadScope(s) && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (c *Client) register(ctx context.Context, redirectURIs, scopes, grants []string) (Registration, error) {
	ep, err := c.endpoints(ctx)
	if err != nil {
		return Registration{}, err
	}
	if ep.Registration == "" {
		return Registration{}, c.wantsClientID(c.misconfigured("no_registration", "%s does not register clients by itself. Register a native app there with the redirect URI %s, and enter its client id.", c.entry.Name, c.entry.RedirectURI()))
	}
	method := c.registrationAuth(ep.AuthMethods)
	body, _ := json.Marshal(c.clientMetadata(redirectURIs, method, scopes, grants)) // strings always marshal
	req, err := http.NewRequest(http.MethodPost, ep.Registration, bytes.NewReader(body))
	if err != nil {
		return Registration{}, c.misconfigured("bad_url", "%s has a registration URL that is not one.", c.entry.Name)
	}
	req.Header.Set("Content-Type", "application/json")
	status, header, answer, err := c.send(ctx, req)
	if err != nil {
		return Registration{}, err
	}
	r, err := c.readRegistration(status, header, answer)
	if err != nil {
		return Registration{}, err
	}
	r.Issuer, r.Auth = ep.Issuer, registeredAuth(refusal.TextAt(refusal.ParseBody(answer), "token_endpoint_auth_method"), method, r.ClientSecret != "", ep.AuthMethods)
	if len(redirectURIs) > 0 {
		r.RedirectURI = redirectURIs[0]
	}
	return r, nil
}

// registrationAuth is how the new client will say who it is: as the entry wants,
// else without a secret, unless the provider announces that it takes no such
// clients.
func (c *Client) registrationAuth(announced []string) string {
	usual := map[string]string{"basic": "client_secret_basic", "post": "client_secret_post"}[c.entry.Client.Auth]
	if usual == "" {
		usual = "none"
	}
	if len(announced) == 0 || slices.Contains(announced, usual) {
		return usual
	}
	for _, other := range []string{"none", "client_secret_basic", "client_secret_post"} {
		if slices.Contains(announced, other) {
			return other
		}
	}
	return usual
}

// registeredAuth is what the provider made of it (RFC 7591 §3.2.1: it may change
// what was asked for), in the words of ClientRules. A client without a secret
// has nothing to prove itself with; one that was given a secret unasked, and not
// told that it needs none, had better use it: basic is what saying nothing means
// (RFC 7591 §2).
func registeredAuth(answered, asked string, hasSecret bool, announced []string) string {
	switch is := cmp.Or(answered, asked); {
	case !hasSecret, answered == "none":
		return "none"
	case is == "client_secret_post":
		return "post"
	case is == "none" && slices.Contains(announced, "client_secret_post") && !slices.Contains(announced, "client_secret_basic"):
		return "post"
	}
	return "basic"
}

func (c *Client) clientMetadata(redirectURIs []string, method string, scopes, grants []string) map[string]any {
	m := map[string]any{
		"client_name":                "Authtray",
		"application_type":           "native",
		"redirect_uris":              redirectURIs,
		"grant_types":                grants,
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": method,
	}
	if len(scopes) > 0 {
		m["scope"] = strings.Join(scopes, " ")
	}
	return m
}

func (c *Client) readRegistration(status int, header http.Header, body []byte) (Registration, error) {
	m := refusal.ParseBody(body)
	r := Registration{ClientID: refusal.TextAt(m, "client_id"), ClientSecret: refusal.TextAt(m, "client_secret")}
	if status < 200 || status > 299 || r.ClientID == "" {
		f := refusal.Classify(refusal.ErrorRules{}, status, header, body, c.now())
		if f.Class != refusal.Transient {
			f.Class, f.Detail = refusal.Misconfigured, "The provider did not register a client for Authtray ("+f.Code+"). Register an app there, and enter its client id."
			f.Code = "registration_refused"
			f = c.wantsClientID(f)
		}
		return Registration{}, refusal.Named(f, c.entry.Name)
	}
	if at, ok := moment(refusal.Lookup(m, "client_secret_expires_at")); ok {
		r.SecretUntil = at
	}
	return r, nil
}

// This file is which client a connection uses. First match:
//
//	configured client id            the issuer        client
//	a plain one                     any               that one
//	a document's https URL (CIMD)   announces it      that URL
//	a document's https URL          only registers    one that registers itself (RFC 7591)
//	a document's https URL          neither           that URL: the user must know
//	none                            announces it      Authtray's own document, where the build has one
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
	need = ep.Registration != "" && (c.ownID == "" || !ep.CIMDSupported) || c.ownID == "" && (has || takesDocument(ep.CIMDSupported, ep.AuthMethods))
	if !need && c.ownID == "" && c.conn.MCP != "" {
		return "", false, c.misconfigured("no_client_id",
			"%s registers no clients by itself. Register a native app there with the redirect URI %s, and tell its id: authtray add %s --client-id ID",
			cmp.Or(ep.Issuer, c.entry.Name), c.entry.RedirectURI(), c.conn.Name)
	}
	return ep.Issuer, need, nil
}

// wantsClientID names the command that tells a client's id.
func (c *Client) wantsClientID(f *refusal.Failure) *refusal.Failure {
	f.Hint = "authtray add " + c.conn.Name + " --client-id ID"
	return f
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
	c.ownID, c.ownPath = c.clientID(), c.redirectURI().Path
	if r.ClientID == "" || c.ownID != "" && !isClientDocument(c.ownID) {
		return
	}
	c.registered = r
	c.conn.ClientID = r.ClientID
	e := *c.entry // which others have too
	c.entry = &e
	e.Client.Auth, e.Client.Secret = "none", "none"
	if r.Auth == "post" || r.Auth == "basic" {
		e.Client.Auth, e.Client.Secret = r.Auth, "required"
	}
	if u, err := url.Parse(r.RedirectURI); err == nil && u.Port() != "" {
		e.Redirect = catalog.RedirectRules{Host: u.Hostname(), Port: u.Port(), Path: u.Path}
	}
}

// Registered is the client that was registered for this connection and is used;
// false: it uses one that was configured, or has none.
func (c *Client) Registered() (Registration, bool) { return c.registered, c.registered.ClientID != "" }

// NewRedirectURI is a redirect URI to register: exact to the port, since many
// providers compare whole addresses, whatever RFC 8252 §7.3 says of loopback. It
// takes FixedPort where no other program has it, else one that is free now. Its path
// is the issuer's own, so that an answer of one issuer is not taken for that of another
// (RFC 9700 §4.4.2.2).
func (c *Client) NewRedirectURI(ctx context.Context) (string, error) {
	rule := c.redirectURI()
	if rule.Paste {
		return rule.URL, nil
	}
	ep, err := c.endpoints(ctx)
	if err != nil {
		return "", err
	}
	for _, port := range []int{rule.Port, catalog.FixedPort, 0} {
		if port == 0 && rule.Port != 0 {
			continue
		}
		if port, ok := usablePort(port); ok {
			return "http://" + net.JoinHostPort(rule.Host, strconv.Itoa(port)) + c.ownPath + issuerPath(ep.Issuer), nil
		}
	}
	return "", fmt.Errorf("no port is free on %s for the browser's answer", rule.Host)
}

// issuerPath is what the path of a redirect URI ends in that is registered at an issuer.
func issuerPath(issuer string) string {
	sum := sha256.Sum256([]byte(issuer))
	return "/" + hex.EncodeToString(sum[:8])
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
	callbackServers.Lock()
	ours := port != 0 && callbackServers.open[port] != nil
	callbackServers.Unlock()
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
