package providers

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/refusal"
)

// presence is what is at an MCP server's URL, as far as answers without a token show.
// A server that is there refuses such a request, or takes it, and most take only one
// of POST and GET: the answer that shows most counts.
type presence struct {
	is   whatIsThere
	page bool   // nothing, but a web page
	to   string // elsewhere: where it leads, as the server says; "" where it does not
}

type whatIsThere int

const (
	unasked   whatIsThere = iota
	nothing               // no such page, or one for people, or none that takes the method
	elsewhere             // a redirect
	something             // a server, or what cannot be told from one
)

// presenceOf reads one answer.
func presenceOf(asked *url.URL, status int, h http.Header) presence {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case status/100 == 3:
		return presence{is: elsewhere, to: resolveURL(asked, h.Get("Location"))}
	case status/100 == 2 && kind == "text/html":
		return presence{is: nothing, page: true}
	case h.Get("WWW-Authenticate") != "":
		return presence{is: something}
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return presence{is: nothing}
	}
	return presence{is: something}
}

// and is p with one more answer; the zero value of that is a request without one.
func (p presence) and(q presence) presence {
	switch {
	case q.is == unasked:
		return presence{is: something}
	case q.is > p.is:
		return q
	case q.is == p.is:
		p.page = p.page || q.page
	}
	return p
}

func (d *discoveryCache) see(p presence) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.presence = p
}

func (d *discoveryCache) seen() presence {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.presence
}

// FindServer asks the connection's MCP server whether it is there, and who issues its
// tokens, as a sign-in does first. Nobody's token, secret or client id is sent. It is
// nil unless the answers show that a sign-in, or the use of its token, cannot work. The
// error is a *Failure: Transient where the server could not be asked.
func (c *Client) FindServer(ctx context.Context) error {
	_, err := c.signInEndpoints(ctx)
	if f, ok := err.(*refusal.Failure); ok && f.Code != "no_metadata" {
		return err
	}
	named, at := c.discovery.getResource(), c.discovery.seen()
	vouched := strings.TrimRight(named.resource, "/") == strings.TrimRight(c.conn.MCP, "/") && !named.assumed
	if at.is == elsewhere || at.is == nothing && (err != nil || !vouched) {
		return c.noServer(ctx, at)
	}
	return err
}

// noServer says that no MCP server is at its URL, and what is.
func (c *Client) noServer(ctx context.Context, at presence) *refusal.Failure {
	f := c.misconfigured("no_server", "There is no MCP server at %s; correct the URL.", c.conn.MCP)
	hint := "authtray add " + c.conn.Name + " --mcp URL"
	if at.is == nothing {
		f.Status = http.StatusNotFound // to whatever was asked
	}
	switch {
	case at.page:
		f.Detail = "There is a web page at " + c.conn.MCP + ", and no MCP server; correct the URL."
	case at.is == elsewhere && at.to != c.conn.MCP && plainURL().MatchString(at.to) && c.learnable(ctx, c.conn.MCP, "", at.to) == nil:
		f.Detail = c.conn.MCP + " leads on to " + at.to + ", and no token is sent after it; name that URL if it is the server you mean."
		hint = "authtray add " + c.conn.Name + " --mcp " + at.to
	case at.is == elsewhere:
		f.Detail = c.conn.MCP + " leads on elsewhere, and no token is sent after it; correct the URL."
	}
	if c.conn.Name != "" {
		f.Hint = hint
	}
	return f
}
