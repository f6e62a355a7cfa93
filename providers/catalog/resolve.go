package catalog

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// Resolve gives the entry as it applies to a connection: its provider's, with
// [override] laid over it and the variables filled in. The error is one sentence
// that says what to fix. Connections that differ in nothing that counts here share
// one entry, which must not be changed: it is several kB. It is safe for concurrent
// use.
func (c *Catalogue) Resolve(conn Connection) (*Entry, error) {
	if len(conn.Override) > 0 {
		return c.resolve(conn)
	}
	key := fmt.Sprintf("%q", []any{conn.Provider, conn.MCP, conn.ClientID, conn.Vars}) // maps are printed in order
	c.mu.Lock()
	known := c.resolved[key]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	e, err := c.resolve(conn)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resolved[key] == nil { // nobody else was faster
		c.resolved[key] = e
	}
	return c.resolved[key], nil
}

func (c *Catalogue) resolve(conn Connection) (*Entry, error) {
	id := conn.Provider
	if id == "" && conn.MCP != "" {
		id = "mcp"
	}
	e, ok := c.Entry(id)
	if !ok {
		return nil, problem{"provider", c.unknown(id)}
	}
	before := e.Clone()
	if err := overlay(&e, conn.Override); err != nil {
		return nil, under("override", err)
	}
	values, err := e.values(conn.Vars, before)
	if err != nil {
		return nil, err
	}
	if conn.MCP != "" && e.MCP != "" && conn.MCP != e.MCP && e.Issuer == before.Issuer {
		e.Issuer = "" // it is that of the entry's server, not of the connection's
	}
	anyIssuer := isPlaceholder(e.Issuer) || isPlaceholder(before.Issuer) && e.Name == before.Name
	e = e.fill(values)
	if conn.ClientID != "" { // Kanidm: each client has an issuer of its own
		e.Issuer = strings.ReplaceAll(e.Issuer, "{client_id}", url.PathEscape(conn.ClientID))
	}
	e.API.Base = cmp.Or(e.API.Base, conn.MCP, e.MCP)
	if u, err := url.Parse(cmp.Or(conn.MCP, e.Issuer)); err == nil && u.Host != "" && (anyIssuer || conn.MCP != "") {
		e.Name = serverName(u, conn.MCP != "") // "OpenID Connect says…" would tell a person nothing
	}
	for _, p := range e.check() {
		return nil, under("override", p)
	}
	return &e, nil
}

// serverName is what a server is called that no entry knows: its host, and where
// that is an address or this machine, what it is too.
func serverName(u *url.URL, mcp bool) string {
	switch {
	case net.ParseIP(u.Hostname()) == nil && !IsLoopbackHost(u.Hostname()):
		return u.Host
	case mcp:
		return "MCP server " + u.Host
	}
	return "OpenID server " + u.Host
}

func isPlaceholder(s string) bool { return s != "" && Placeholder().FindString(s) == s }

func (c *Catalogue) unknown(id string) string {
	for _, known := range c.IDs() {
		if text.Distance(known, id) <= 2 || strings.EqualFold(known, id) {
			return fmt.Sprintf("there is no provider %q; did you mean %s?", id, known)
		}
	}
	return fmt.Sprintf("there is no provider %q; `authtray providers` lists them", id)
}
