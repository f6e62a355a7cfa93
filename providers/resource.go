package providers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// resourceMetadata is what a protected resource, such as an MCP server, says of
// itself (RFC 9728).
type resourceMetadata struct {
	resource string   // as it calls itself
	issuer   string   // the first of its authorization servers
	scopes   []string // what its challenge asks for, else what it supports
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

// resource is the RFC 8707 resource of every request: the connection's, or the
// MCP server; "" for none.
func (c *Client) resource() string {
	return cmp.Or(c.conn.Resource, c.discovery.getResource().resource, c.conn.MCP)
}

// fetchResource finds an MCP server's metadata: where the challenge of a 401 says,
// else at the well-known URL of its path, else at that of its host. A server from
// before there were such metadata (MCP specification 2025-03-26) is its own
// issuer; whether it is, its host's discovery document says.
func (c *Client) fetchResource(ctx context.Context) (resourceMetadata, *refusal.Failure) {
	place, scopes, f := c.challenge(ctx)
	if f != nil {
		return resourceMetadata{}, f
	}
	places := resourceURLs(c.conn.MCP)
	if place != "" {
		places = []string{place}
	}
	for _, place := range places {
		var found resourceMetadata
		if found, f = c.fetchResourceAt(ctx, place); f == nil {
			if len(scopes) > 0 {
				found.scopes = scopes
			}
			return found, nil
		}
		if f.Status == 0 || f.Code != "no_metadata" {
			return resourceMetadata{}, f
		}
	}
	if place != "" || f == nil || f.Class == refusal.Transient {
		return resourceMetadata{}, f
	}
	return resourceMetadata{resource: c.conn.MCP, issuer: hostOf(c.conn.MCP), scopes: scopes}, nil
}

// hostOf is a URL without its path.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

var challengeParam = regexp.MustCompile(`(?i)(?:^|[\s,])(resource_metadata|scope|error)\s*=\s*("[^"]*"|[^\s,]+)`)

// challenge asks the server without a token, and reads what it says is missing
// (RFC 9728 §5.1, RFC 6750 §3).
func (c *Client) challenge(ctx context.Context) (place string, scopes []string, f *refusal.Failure) {
	req, err := http.NewRequest(http.MethodGet, c.conn.MCP, nil)
	if err != nil {
		return "", nil, c.misconfigured("bad_url", "The MCP server's URL is not one; correct it.")
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	status, header, err := c.ask(ctx, req)
	if failure, ok := err.(*refusal.Failure); ok {
		return "", nil, failure
	}
	if status != http.StatusUnauthorized {
		return "", nil, nil
	}
	said := challenges(header)
	place = said["resource_metadata"]
	return place, splitScopes(said["scope"]), c.learnable(ctx, c.conn.MCP, "resource_metadata", place)
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
	m := refusal.ParseBody(body)
	servers := textList(refusal.Lookup(m, "authorization_servers"))
	switch {
	case refusal.PassingStatus(status):
		return resourceMetadata{}, refusal.Named(refusal.Classify(refusal.ErrorRules{}, status, header, body, c.now()), c.entry.Name)
	case status != http.StatusOK || len(servers) == 0:
		return resourceMetadata{}, c.noMetadata(c.conn.MCP, status, m != nil)
	case !isResourceOf(refusal.TextAt(m, "resource"), c.conn.MCP):
		f := c.misconfigured("resource_mismatch", "The metadata of %s are of another server; nothing was sent.", c.conn.MCP)
		f.Status = status
		return resourceMetadata{}, f
	}
	found := resourceMetadata{resource: refusal.TextAt(m, "resource"), issuer: servers[0], scopes: textList(refusal.Lookup(m, "scopes_supported"))}
	return found, c.learnable(ctx, c.conn.MCP, "authorization_server", found.issuer)
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
