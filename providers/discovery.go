package providers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// discoveryTTL is how long a discovery document is used before it is asked for
// again.
const discoveryTTL = time.Hour

// discoveryTimeout bounds a discovery, all the places in which it looks together.
const discoveryTimeout = 2 * RequestTimeout

// discoveryCache holds the last document, and what is being asked for.
type discoveryCache struct {
	mu     sync.Mutex // never held while a request is under way
	found  endpoints
	at     time.Time      // zero: never found
	asking *discoveryCall // nil: nobody asks

	resource resourceMetadata // of an MCP server, as it was read last
	of       resourceMetadata // …with found
	presence presence         // what was at the MCP server's URL when it was asked last
}

// discoveryCall is a discovery under way. All who need one wait for the same.
type discoveryCall struct {
	done  chan struct{} // closed when found and err stand
	found endpoints
	err   error
}

func (d *discoveryCache) get() endpoints {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.found
}

// join returns the document in memory where it is fresh, else the discovery under
// way, which is a new one where first says so.
func (d *discoveryCache) join(now time.Time) (found endpoints, call *discoveryCall, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.at.IsZero() && now.Sub(d.at) < discoveryTTL && !now.Before(d.at) {
		return d.found, nil, false
	}
	if first = d.asking == nil; first {
		d.asking = &discoveryCall{done: make(chan struct{})}
	}
	return d.found, d.asking, first
}

// finish hands what a discovery found to those who wait for it. A document that
// has been read stays in use while a newer one cannot be had, nor is where it was: a
// proxy answers 404 in the place of a server that is being started again. One that
// must not be used takes its place all the same.
func (d *discoveryCache) finish(call *discoveryCall, found endpoints, err error, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, failed := err.(*refusal.Failure)
	switch {
	case err == nil:
		d.found, d.at, d.of = found, now, d.resource
	case failed && d.found.Token != "" && (f.Class == refusal.Transient || f.Code == "no_metadata" || f.Code == "no_server"):
		found, err, d.resource = d.found, nil, d.of
		if f.Class != refusal.Transient {
			found.gone = f
		}
	}
	call.found, call.err, d.asking = found, err, nil
	close(call.done)
}

// forget makes the next caller ask again: an endpoint was not where it was said
// to be.
func (d *discoveryCache) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = time.Time{}
}

// discovered is the document in memory; zero where there is none.
func (c *Client) discovered() endpoints { return c.discovery.get() }

// discover returns the issuer's document, from memory where it is fresh. A
// discovery goes on when a caller's time is up, for the others and the next.
func (c *Client) discover(ctx context.Context) (endpoints, error) {
	found, call, first := c.discovery.join(c.now())
	if call == nil {
		return found, nil
	}
	if first {
		go c.runDiscovery(context.WithoutCancel(ctx), call)
	}
	select {
	case <-call.done:
		return call.found, call.err
	case <-ctx.Done():
		return endpoints{}, refusal.Named(transportFailure(ctx, ctx.Err(), false), c.entry.Name)
	}
}

func (c *Client) runDiscovery(ctx context.Context, call *discoveryCall) {
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	var found endpoints
	var err error
	defer func() {
		if r := recover(); r != nil {
			found, err = endpoints{}, c.panicked("discovery")
		}
		c.discovery.finish(call, found, err, c.now())
	}()
	found, err = c.fetchDiscovery(ctx)
}

// fetchDiscovery tries the places in which a document can be. A passing trouble
// at one of them outweighs "not there" at the others.
func (c *Client) fetchDiscovery(ctx context.Context) (endpoints, error) {
	issuer, places, f := c.discoveryPlaces(ctx)
	if f != nil {
		return endpoints{}, f
	}
	var problem *refusal.Failure
	for _, place := range places {
		found, f := c.fetchMetadata(ctx, issuer, place)
		if f == nil {
			found.Issuer, found.source = cmp.Or(found.Issuer, issuer), place
			return found, nil
		}
		if f.Status == 0 {
			return endpoints{}, f // no connection, or our time is up: the next place is no better
		}
		if problem == nil || weight(f) > weight(problem) {
			problem = f
		}
	}
	return endpoints{}, c.ofMCPServer(ctx, problem) // the caller sees no nil in it: there is always a place to try
}

// weight ranks what went wrong in several places: a document that must not be
// used, then a passing trouble, then nothing there.
func weight(f *refusal.Failure) int {
	switch {
	case f.Class == refusal.Transient:
		return 1
	case f.Code == "no_metadata":
		return 0
	}
	return 2
}

// discoveryPlaces is the issuer, the entry's or the one that an MCP server names,
// and where its document may be. An issuer that is named for an MCP server outweighs
// the one that the server names; its document may be where the other's belongs.
func (c *Client) discoveryPlaces(ctx context.Context) (issuer string, places []string, f *refusal.Failure) {
	issuer = c.entry.Issuer
	if c.conn.MCP == "" {
		return issuer, discoveryURLs(issuer), nil
	}
	found, f := c.fetchResource(ctx)
	if f != nil && (issuer == "" || f.Class == refusal.Transient) {
		return "", nil, f
	}
	if at := c.discovery.seen(); issuer == "" && found.assumed && at.is == nothing && c.discovery.named() {
		return "", nil, c.noServer(ctx, at)
	}
	c.discovery.putResource(found)
	places = discoveryURLs(cmp.Or(issuer, found.issuer))
	if issuer != "" && found.issuer != "" && !found.assumed && !sameIssuer(issuer, found.issuer) {
		places = append(places, discoveryURLs(found.issuer)...)
	}
	return cmp.Or(issuer, found.issuer), places, nil
}

// ofMCPServer says of a failed search for an issuer's document how the issuer was
// found, where an MCP server was asked for it.
func (c *Client) ofMCPServer(ctx context.Context, f *refusal.Failure) *refusal.Failure {
	named, at := c.discovery.getResource(), c.discovery.seen()
	switch {
	case c.conn.MCP == "" || c.entry.Issuer != "" || f.Class != refusal.Misconfigured:
	case named.assumed && at.is != something && f.Code == "no_metadata":
		return c.noServer(ctx, at)
	case named.assumed && f.Code == "no_metadata":
		f.Detail = c.conn.MCP + " does not say who issues its tokens: its challenge names no metadata, there are none below /.well-known/, and its host has no discovery document. Name the issuer."
		f.Hint = "authtray add " + c.conn.Name + " --issuer URL"
	case !named.assumed:
		f.Detail = c.conn.MCP + " names " + named.issuer + " as the issuer of its tokens. " + f.Detail
	}
	return f
}

// discoveryURLs lists where RFC 8414 §3.1 and OpenID Connect Discovery §4 put an
// issuer's document.
func discoveryURLs(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	base := u.Scheme + "://" + u.Host
	urls := []string{
		base + "/.well-known/oauth-authorization-server" + path,
		base + "/.well-known/openid-configuration" + path,
	}
	if path != "" {
		urls = append(urls, base+path+"/.well-known/openid-configuration")
	}
	return urls
}

func (c *Client) fetchMetadata(ctx context.Context, issuer, place string) (endpoints, *refusal.Failure) {
	req, err := http.NewRequest(http.MethodGet, place, nil)
	if err != nil {
		return endpoints{}, c.misconfigured("bad_url", "The issuer %s is not a URL; correct it.", issuer)
	}
	status, header, body, err := c.send(ctx, req)
	if f, ok := err.(*refusal.Failure); ok {
		return endpoints{}, f
	}
	if at := WithSlash(req.URL, status, header); at != nil {
		return c.fetchMetadata(ctx, issuer, at.String()) // no other redirect is followed
	}
	members, isObject := refusal.ParseBody(body).(map[string]any)
	switch {
	case refusal.PassingStatus(status):
		return endpoints{}, refusal.Named(refusal.Classify(refusal.ErrorRules{}, status, header, body, c.now()), c.entry.Name)
	case status != http.StatusOK || !isObject || refusal.Text(members["issuer"]) == "":
		f := c.noMetadata("discovery document", issuer, status, isObject)
		if f.Class == refusal.Misconfigured && c.conn.MCP == "" && c.entry.AnyServer() {
			f.Hint = "authtray add " + c.conn.Name + " --issuer URL"
		}
		return endpoints{}, f
	}
	return c.readMetadata(ctx, issuer, members)
}

// noMetadata: only "not there" and JSON that is no document are the server's own
// word. Anything else may be a login page of the network, or a firewall's.
func (c *Client) noMetadata(what, at string, status int, isJSON bool) *refusal.Failure {
	f := c.misconfigured("no_metadata", "%s has no %s (HTTP %d); check the URL.", at, what, status)
	if f.Status = status; !isJSON && status != http.StatusNotFound && status != http.StatusMethodNotAllowed && status != http.StatusGone {
		f.Class = refusal.Transient
		f.Detail = "What " + at + " answered is no " + what + "; check the URL, or a login page of the network is in the way."
	}
	return f
}

// readMetadata takes what a document says, each member on its own: an odd one
// costs no other.
func (c *Client) readMetadata(ctx context.Context, issuer string, m map[string]any) (endpoints, *refusal.Failure) {
	said := refusal.Text(m["issuer"])
	spelled := sameIssuer(issuer, said)
	if !spelled && !issuerMatches(c.issuerMatch(issuer), issuer, said) {
		return endpoints{}, c.otherIssuer(issuer, said)
	}
	found := endpoints{
		PARRequired:       refusal.Text(m["require_pushed_authorization_requests"]) == "true",
		IssParamSupported: refusal.Text(m["authorization_response_iss_parameter_supported"]) == "true",
		CIMDSupported:     refusal.Text(m["client_id_metadata_document_supported"]) == "true",
		ScopesSupported:   textList(m["scopes_supported"]),
		AuthMethods:       textList(m["token_endpoint_auth_methods_supported"]),
		PKCEMethods:       textList(m["code_challenge_methods_supported"]),
	}
	for name, into := range metadataURLs(&found) {
		*into = refusal.Text(m[name])
		if f := c.learnable(ctx, issuer, name, *into); f != nil {
			return endpoints{}, f
		}
	}
	if where := refusal.Text(m["introspection_endpoint"]); c.learnable(ctx, issuer, "introspection_endpoint", where) == nil {
		found.Introspection = where // nothing else depends on it
	}
	found.Refresh = found.Token
	if spelled {
		found.Issuer = said // as it will say iss
	}
	return found, nil
}

func metadataURLs(e *endpoints) map[string]*string {
	return map[string]*string{
		"authorization_endpoint":                &e.Authorize,
		"token_endpoint":                        &e.Token,
		"device_authorization_endpoint":         &e.Device,
		"registration_endpoint":                 &e.Registration,
		"pushed_authorization_request_endpoint": &e.PAR,
		"revocation_endpoint":                   &e.Revoke,
		"userinfo_endpoint":                     &e.Userinfo,
	}
}

func textList(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s := refusal.Text(item); s != "" && s != "false" {
			out = append(out, s)
		}
	}
	return out
}

// Reached is what a provider's token endpoint said of itself.
type Reached struct {
	Origin string    // where it is
	Date   time.Time // the provider's clock; zero where it did not say
}

// Reach sees whether the token endpoint can be reached as a refresh would reach
// it: discovery, proxy, certificate. It sends no token, no secret and no client
// id. Any answer will do. The error is a *Failure.
func (c *Client) Reach(ctx context.Context) (Reached, error) {
	e, err := c.tokenEndpoints(ctx)
	if err != nil {
		return Reached{Origin: catalog.Origin(cmp.Or(c.conn.MCP, c.entry.Issuer))}, err
	}
	req, err := http.NewRequest(http.MethodHead, e.Token, nil)
	if err != nil {
		return Reached{}, c.misconfigured("bad_url", "The token endpoint %s is not a URL; correct it.", e.Token)
	}
	_, header, err := c.sendForHeaders(ctx, req)
	if err != nil {
		return Reached{Origin: catalog.Origin(e.Token)}, err
	}
	date, _ := http.ParseTime(header.Get("Date"))
	return Reached{Origin: catalog.Origin(e.Token), Date: date}, nil
}
