package providers

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/authtray/authtray/providers/catalog"
)

// Agreed is what the user agreed to for a connection, beyond what its provider's
// entry says. It is no secret.
type Agreed struct {
	SignIn string `json:"sign_in,omitempty"` // the origin of the authorization endpoint; see OtherHost
}

// OtherHost is the error of a sign-in that the user has to agree to first: discovery
// names an authorization endpoint on another host than the issuer and the token
// endpoint. The page may be an honest provider's, and the code that it gives go to
// somebody else's token endpoint (RFC 9700 §4.4). Page and Sends are hosts, with a
// port where it is not the usual one; they come from the provider.
type OtherHost struct{ Page, Sends string }

func (e *OtherHost) Error() string {
	return fmt.Sprintf("the sign-in page is at %[1]s, but what you sign in to there is given to %[2]s. Go on only if you know that the two belong together, or %[2]s may get into your account at %[1]s",
		shown(e.Page), shown(e.Sends))
}

// foreignSignIn is the origin of an authorization endpoint that discovery names away
// from issuer and token endpoint; "" for any other.
func (c *Client) foreignSignIn(e endpoints) string {
	if c.entry.Authorize != "" || e.Authorize == "" || sameSite(e.Authorize, e.Issuer) || sameSite(e.Authorize, e.Token) {
		return ""
	}
	return catalog.Origin(e.Authorize)
}

// checkSignIn asks about such an endpoint, unless the user agreed to it: before, or
// with accepted, which names its host.
func (c *Client) checkSignIn(e endpoints, accepted string) error {
	page := c.foreignSignIn(e)
	if page == "" || page == c.opts.Agreed.SignIn || accepted != "" && accepted == usualHost(e.Authorize) {
		return nil
	}
	return &OtherHost{Page: usualHost(e.Authorize), Sends: usualHost(e.Token)}
}

// ForeignSignIn is the origin of the authorization endpoint that the user was asked
// about; "" where there is nothing to ask, or nothing is known yet.
func (c *Client) ForeignSignIn() string { return c.foreignSignIn(c.ownEndpoints().or(c.discovered())) }

// usualHost is the host of a URL in lower case, with its port where it is not the scheme's own.
func usualHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	host, port := catalog.HostPort(u), u.Port()
	if port == "" || port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		return lowerHost(u)
	}
	return host
}

// sameSite reports whether two URLs are of one host, or of one registrable domain:
// what is sent to one may be sent to the other.
func sameSite(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	if err != nil || err2 != nil || u.Hostname() == "" || v.Hostname() == "" {
		return false
	}
	return site(u) == site(v)
}

// site is the registrable domain of a URL's host; the host itself where it has none,
// such as an address and a public suffix.
func site(u *url.URL) string {
	host := strings.TrimSuffix(lowerHost(u), ".")
	if strings.ContainsAny(host, ":%") || strings.Trim(host, "0123456789.") == "" {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
