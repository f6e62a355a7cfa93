package providers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// This file is what a document of a server may name: which URLs, and which issuer.

// learnable refuses a URL that a document or a challenge must not send us to. from
// is what the user typed, or was itself learned from that by these rules:
//
//	from        https, public   https, private   loopback
//	public      yes             no               no
//	private     yes             yes              no
//	loopback    yes             yes              yes
//
// What is at from's own host is learned where it is https, or from is loopback.
func (c *Client) learnable(ctx context.Context, from, name, raw string) *refusal.Failure {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	typed, _ := url.Parse(from)
	if err == nil && u.User == nil && u.Fragment == "" && catalog.Speakable(u) && learnableHost(ctx, u, typed) {
		return nil
	}
	f := c.misconfigured("bad_metadata", "What %s says of itself names a %s that cannot be used: it must be https, and neither on this machine nor on a private network.", from, name)
	f.Status = http.StatusOK
	return f
}

func learnableHost(ctx context.Context, u, from *url.URL) bool {
	switch {
	case catalog.IsLoopbackHost(from.Hostname()):
		return true
	case u.Scheme == "http" || catalog.IsLoopbackHost(u.Hostname()):
		return false
	case strings.EqualFold(u.Hostname(), from.Hostname()):
		return true
	}
	return !catalog.IsPrivateHost(ctx, u.Hostname()) || catalog.IsPrivateHost(ctx, from.Hostname())
}

// issuerMatches compares an issuer said (in a document, or as iss) with the one
// asked for. "template" lets one path segment differ: Microsoft's common issuer
// answers as "{tenantid}", or as the tenant of whoever signed in.
func issuerMatches(rule, asked, said string) bool {
	if rule != "template" {
		return asked == said
	}
	a, b := strings.Split(asked, "/"), strings.Split(said, "/")
	if len(a) != len(b) || len(a) < 4 {
		return false
	}
	different := 0
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if different++; i < 3 || different > 1 || !isTenant(b[i]) {
			return false
		}
	}
	return true
}

// sameIssuer reports whether two issuers differ in a slash at their end at most.
// People type it either way, and MCP servers and their issuers often disagree on
// it; the document is at the same place (OpenID Connect Discovery §4). From then on
// the issuer is as the document spells it.
func sameIssuer(a, b string) bool {
	return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

// issuerMatch is the entry's rule for an issuer's names; an issuer of Microsoft's for
// many tenants, which an MCP server may name, answers as theirs whatever the entry says.
func (c *Client) issuerMatch(issuer string) string {
	u, err := url.Parse(issuer)
	if c.entry.IssuerMatch != "" || err != nil || !isMicrosoft(u) {
		return c.entry.IssuerMatch
	}
	if segments := strings.Split(u.Path, "/"); len(segments) > 1 && slices.Contains([]string{"common", "organizations", "consumers"}, segments[1]) {
		return "template"
	}
	return ""
}

// isMicrosoft reports whether a URL is at a sign-in server of Microsoft's, which tenants
// share or have a name of below it.
func isMicrosoft(u *url.URL) bool {
	return slices.ContainsFunc([]string{"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "ciamlogin.com", "b2clogin.com"},
		func(host string) bool { return lowerHost(u) == host || strings.HasSuffix(lowerHost(u), "."+host) })
}

func isTenant(s string) bool {
	return s == "{tenantid}" || catalog.IsSlug(s)
}

// otherIssuer is the failure of a document that names another issuer than the one
// that it was asked of. The name is shown where it can be nothing but a URL.
func (c *Client) otherIssuer(asked, said string) *refusal.Failure {
	f := c.misconfigured("issuer_mismatch", "The discovery document at %s is of another issuer; check the issuer URL.", asked)
	if f.Status = http.StatusOK; plainURL().MatchString(said) && c.conn.Name != "" {
		f.Detail = fmt.Sprintf("The discovery document at %s is of another issuer, %s; name that one if it is the server you mean.", asked, said)
		f.Hint = "authtray add " + c.conn.Name + " --issuer " + said
	}
	return f
}

// plainURL is a URL that a person can be shown, and can type into any shell.
var plainURL = text.Pattern(`^https?://[A-Za-z0-9._~:/%-]{1,200}$`)
