package providers

import (
	"context"
	"encoding/json"
	"net/http"
)

// Probe asks whoami whether an access token still works. Only the entry's own
// "dead" answer is DeadToken, and even that is not a verdict: some providers say
// so of good tokens.
func (c *Client) Probe(ctx context.Context, accessToken string, extra map[string]json.RawMessage) Liveness {
	if c.entry.Whoami.URL == "" && c.conn.MCP != "" {
		return c.probeMCP(ctx, accessToken)
	}
	if !c.mayProbe(ctx) {
		return Unclear
	}
	a, err := c.askWhoami(ctx, accessToken, extra)
	switch {
	case err != nil || a.status == 0:
		return Unclear
	case c.isDead(c.entry.Whoami.Dead, a.status, a.body):
		return DeadToken
	case a.status >= 200 && a.status < 300 && parseBody(a.body) != nil && !failed(c.entry.Errors, parseBody(a.body)):
		return Alive
	}
	return Unclear
}

// mayProbe keeps a token that was given before from a host that discovery names
// now: what the entry says is asked, and else the issuer's own host only.
func (c *Client) mayProbe(ctx context.Context) bool {
	if c.entry.Whoami.URL != "" || !c.canDiscover() {
		return true
	}
	ep, err := c.endpoints(ctx)
	return err == nil && origin(ep.Userinfo) == origin(ep.Issuer)
}

// isDead applies rules of what a rejected token looks like; by default a 401. The
// body is read as members only where a rule for that status asks for them.
func (c *Client) isDead(rules []string, status int, body []byte) bool {
	if len(rules) == 0 {
		return status == http.StatusUnauthorized
	}
	rules = forStatus(rules, status)
	if len(rules) == 0 {
		return false
	}
	e := readOwn(c.entry.Errors, body)
	return anyRule(rules, status, e.own, e.members)
}
