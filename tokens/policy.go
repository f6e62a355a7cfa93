package tokens

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// policyOf is what a connection's configuration and entry mean for its grant.
func policyOf(c Connection) policy {
	e := c.Entry
	p := policy{
		name:      c.Name,
		provider:  orElse(e.Name, orElse(c.Config.Provider, c.Name)),
		onDemand:  c.Config.Refresh == "on-demand",
		idle:      span(e.Tokens.RefreshIdle),
		absolute:  span(e.Tokens.RefreshAbsolute),
		canProbe:  e.Whoami.URL != "" || e.Issuer != "" || c.Config.MCP != "",
		exchanges: slices.Contains(e.Quirks, "meta_exchange"),
		keepID:    c.Config.KeepIDToken,
		single:    e.Tokens.SingleGrant,
		replaced:  c.Replaced,
	}
	p.probe = p.canProbe && (c.Config.Probe == "on" || e.Whoami.Probe && c.Config.Probe != "off")
	if c.Broken != nil {
		p.broken = c.Broken.Error()
	}
	return p
}

// span reads a Go duration, or days ("180d"). The catalogue's loader has
// checked it; what it would refuse is 0 here.
func span(s string) time.Duration {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, _ := strconv.Atoi(n)
		return time.Duration(days) * 24 * time.Hour
	}
	d, _ := time.ParseDuration(s)
	return d
}
