package providers

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// resourceMetadata is what a protected resource, such as an MCP server, says of
// itself (RFC 9728).
type resourceMetadata struct {
	resource string   // as it calls itself
	issuer   string   // which of its authorization servers is used
	assumed  bool     // issuer is the server's own host, because nothing says who it is
	scopes   []string // what its challenge asks for, else what it supports

	supported []string // all that it announces
}

func (d *discoveryCache) putResource(r resourceMetadata) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resource = r
}

func (d *discoveryCache) getResource() resourceMetadata {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.resource
}

// named reports whether the server named its issuer when the document in memory was
// read.
func (d *discoveryCache) named() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.of.issuer != "" && !d.of.assumed
}

// assumesIssuer reports whether nothing but the host of an MCP server that is not there
// at the moment says who issues its tokens.
func (c *Client) assumesIssuer() bool {
	return c.entry.Issuer == "" && c.discovery.getResource().assumed && c.discovery.seen().is == nothing
}

// notThereNow is the failure of a request about a grant whose MCP server is not there.
// It passes: a proxy answers 404 in the place of a server that is being started again.
func (c *Client) notThereNow() *refusal.Failure {
	f := c.misconfigured("no_server", "There is no MCP server at %s at the moment, which says who issues its tokens; if it has moved, correct the URL.", c.conn.MCP)
	f.Class = refusal.Transient
	c.discovery.forget() // it may be there the next time
	return f
}

// resource is the RFC 8707 resource of every request: the connection's, or the
// MCP server; "" for none.
func (c *Client) resource() string {
	if c.conn.Resource == "" && goesByScopes(cmp.Or(c.entry.Token, c.discovered().Token)) {
		return ""
	}
	return cmp.Or(c.conn.Resource, c.discovery.getResource().resource, c.conn.MCP)
}

// goesByScopes: Microsoft's second token endpoint refuses a resource beside scopes that
// name another one (AADSTS901002, AADSTS9010010), and the scopes of its APIs name
// theirs by an id that is not the server's URL. The first one wants a resource.
func goesByScopes(token string) bool {
	u, err := url.Parse(token)
	return err == nil && isMicrosoft(u) && strings.Contains(u.Path, "/v2.0/")
}

// fetchResource finds an MCP server's metadata, in the order of the MCP
// specification, at the first place with a document that fits: where its challenge
// says, at the well-known URL of its path, at that of its host. A server from before
// there were such metadata (MCP specification 2025-03-26) is its own issuer; whether
// it is, its host's discovery document says. Passing trouble at a place ends the
// search: the next must not be taken because of the weather.
func (c *Client) fetchResource(ctx context.Context) (resourceMetadata, *refusal.Failure) {
	said, f := c.challenge(ctx)
	if f != nil {
		return resourceMetadata{}, f
	}
	places := resourceURLs(c.conn.MCP)
	var worst *refusal.Failure
	if said.place != "" {
		if worst = c.learnable(ctx, c.conn.MCP, "resource_metadata", said.place); worst == nil {
			places = append([]string{said.place}, places...)
		}
	}
	for _, place := range places {
		found, f := c.fetchResourceAt(ctx, place)
		if f == nil {
			if len(said.scopes) > 0 {
				found.scopes = said.scopes
			}
			return found, nil
		}
		if f.Class == refusal.Transient && f.Code != "no_metadata" {
			return resourceMetadata{}, f
		}
		if worst == nil || weight(f) > weight(worst) {
			worst = f
		}
	}
	if said.place != "" || worst == nil || worst.Class == refusal.Transient || worst.Code != "no_metadata" {
		return resourceMetadata{}, worst
	}
	return resourceMetadata{resource: c.conn.MCP, issuer: hostOf(c.conn.MCP), assumed: true, scopes: said.scopes}, nil
}

// signInEndpoints are the endpoints for a sign-in, which is not begun with a document
// that is not there any more, nor for an MCP server that nothing shows to be at its
// URL. An old server has no metadata, and a grant that exists is not held up by a page
// that is not found today; but a wrong path has neither.
func (c *Client) signInEndpoints(ctx context.Context) (endpoints, error) {
	ends, err := c.endpoints(ctx)
	if err == nil && ends.gone != nil {
		return endpoints{}, ends.gone
	}
	if at := c.discovery.seen(); err == nil && at.is == nothing && c.discovery.getResource().assumed {
		c.discovery.forget() // it may be started before the next try
		err = c.noServer(ctx, at)
	}
	return ends, err
}

// NamedIssuer is the issuer of an MCP server's tokens as the server names it. It asks
// the server. The error is a *Failure.
func (c *Client) NamedIssuer(ctx context.Context) (string, error) {
	found, f := c.fetchResource(ctx)
	if f != nil {
		return "", f
	}
	return found.issuer, nil
}

// hostOf is a URL without its path.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

var challengeParam = text.Pattern(`(?i)(?:^|[\s,])(resource_metadata|scope|error)\s*=\s*("[^"]*"|[^\s,]+)`)

// challenged is what a server that wants a token says of it.
type challenged struct {
	place  string   // of its metadata, absolute; "" where it names none
	scopes []string // "" where it names none

	at presence // what is at its URL
}

// initialize is the first message of an MCP client, which a server that wants a
// token refuses without one.
const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"authtray","version":"1"}}}`

// challenge asks the server without a token, and reads what it says is missing
// (RFC 9728 §5.1, RFC 6750 §3). It asks as MCP clients do, by POST; a server that
// does not answer that with a challenge may be one of those that begin with GET.
func (c *Client) challenge(ctx context.Context) (said challenged, f *refusal.Failure) {
	for _, body := range []string{initialize, ""} {
		heard, f := c.challengeTo(ctx, body)
		if f != nil && body != "" {
			return challenged{}, f
		}
		said.at = said.at.and(heard.at) // a server may do anything with a GET, or nothing
		said.place, said.scopes = cmp.Or(said.place, heard.place), append(said.scopes, heard.scopes...)
		if said.place != "" || len(said.scopes) > 0 {
			break
		}
	}
	c.discovery.see(said.at)
	return said, nil
}

// patienceWithGET is how long the second question of a challenge may take: a server
// may hold a GET open until it has an event to tell.
const patienceWithGET = 5 * time.Second

// challengeTo is the challenge to a POST of body, or to a GET.
func (c *Client) challengeTo(ctx context.Context, body string) (challenged, *refusal.Failure) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patienceWithGET)
		defer cancel()
	}
	req, err := http.NewRequest(method, c.conn.MCP, strings.NewReader(body))
	if err != nil {
		return challenged{}, c.misconfigured("bad_url", "The MCP server's URL is not one; correct it.")
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	status, header, err := c.sendForHeaders(ctx, req)
	if at := WithSlash(req.URL, status, header); err == nil && at != nil {
		req.URL = at
		req.Body, _ = req.GetBody() // of a strings.Reader, which cannot fail
		status, header, err = c.sendForHeaders(ctx, req)
	}
	if f, ok := err.(*refusal.Failure); ok {
		return challenged{}, f
	}
	heard := challenged{at: presenceOf(req.URL, status, header)}
	if status < 400 || status > 499 {
		return heard, nil
	}
	said := challenges(header)
	heard.place, heard.scopes = resolveURL(req.URL, said["resource_metadata"]), splitScopes(said["scope"])
	return heard, nil
}

// resolveURL is a reference as it is meant on a page; one that is none comes back
// as it is.
func resolveURL(base *url.URL, ref string) string {
	u, err := url.Parse(ref)
	if ref == "" || err != nil {
		return ref
	}
	return base.ResolveReference(u).String()
}

func resourceURLs(server string) []string {
	u, err := url.Parse(server)
	if err != nil {
		return nil
	}
	base := u.Scheme + "://" + u.Host + "/.well-known/oauth-protected-resource"
	if path := strings.TrimRight(u.EscapedPath(), "/"); path != "" {
		return []string{base + path, base}
	}
	return []string{base}
}

func (c *Client) fetchResourceAt(ctx context.Context, place string) (resourceMetadata, *refusal.Failure) {
	req, err := http.NewRequest(http.MethodGet, place, nil)
	if err != nil {
		return resourceMetadata{}, c.misconfigured("bad_metadata", "%s names metadata that are not at a URL.", c.conn.MCP)
	}
	status, header, body, err := c.send(ctx, req)
	if f, ok := err.(*refusal.Failure); ok {
		return resourceMetadata{}, f
	}
	if at := WithSlash(req.URL, status, header); at != nil {
		return c.fetchResourceAt(ctx, at.String())
	}
	m := refusal.ParseBody(body)
	servers := textList(refusal.Lookup(m, "authorization_servers"))
	switch {
	case refusal.PassingStatus(status):
		return resourceMetadata{}, refusal.Named(refusal.Classify(refusal.ErrorRules{}, status, header, body, c.now()), c.entry.Name)
	case status != http.StatusOK || len(servers) == 0:
		return resourceMetadata{}, c.noMetadata("resource metadata", place, status, m != nil)
	case !isResourceOf(refusal.TextAt(m, "resource"), c.conn.MCP):
		return resourceMetadata{}, c.otherResource(place, refusal.TextAt(m, "resource"))
	}
	found := resourceMetadata{resource: refusal.TextAt(m, "resource"), issuer: c.chosen(servers), scopes: textList(refusal.Lookup(m, "scopes_supported"))}
	found.supported = found.scopes
	return found, c.learnable(ctx, c.conn.MCP, "authorization_server", found.issuer)
}

// chosen is the one of a server's issuers at which our client was registered, else the
// first: the order of a list may change, and a grant is good at its issuer alone.
func (c *Client) chosen(servers []string) string {
	if i := slices.IndexFunc(servers, func(s string) bool { return sameIssuer(s, c.registered.Issuer) }); i >= 0 {
		return servers[i]
	}
	return servers[0]
}

// otherResource is the failure of metadata of another server than the one asked.
func (c *Client) otherResource(place, resource string) *refusal.Failure {
	f := c.misconfigured("resource_mismatch", "The resource metadata at %s are of another server than %s, so no sign-in was begun.", place, c.conn.MCP)
	if f.Status = http.StatusOK; plainURL().MatchString(resource) && c.conn.Name != "" {
		f.Detail = fmt.Sprintf("The resource metadata at %s are of %s, not of %s; name that URL if it is the server you mean.", place, resource, c.conn.MCP)
		f.Hint = "authtray add " + c.conn.Name + " --mcp " + resource
	}
	return f
}

// isResourceOf: the resource that the metadata speak of must be the server asked,
// or a path above it on the same origin.
func isResourceOf(resource, server string) bool {
	r, err := url.Parse(resource)
	s, err2 := url.Parse(server)
	if err != nil || err2 != nil || catalog.Origin(resource) == "" || catalog.Origin(resource) != catalog.Origin(server) || r.RawQuery != s.RawQuery {
		return false
	}
	return strings.HasPrefix(strings.TrimRight(s.EscapedPath(), "/")+"/", strings.TrimRight(r.EscapedPath(), "/")+"/")
}
