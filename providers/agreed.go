package providers

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
)

// Agreed is what the user agreed to for a connection, beyond what its provider's
// entry says. It is no secret.
type Agreed struct {
	SignIn    string   `json:"sign_in,omitempty"`   // the origin of the authorization endpoint; see OtherHost
	Resources []string `json:"resources,omitempty"` // Resources.Origins as they were configured with a command or in the window
}

// Resources is where tokens are sent beside the endpoints of their issuer: the API,
// whoami, the list of tenants, an MCP server; and the entry's own hosts of git, which
// asks for a token by host. Those that a connection's file lists for tools (hosts) are
// the user's to edit, and none of it.
type Resources struct {
	Origins []string // sorted; those of an API's hosts as the entry writes them, "https://*.example.org:443". nil: it is not known
	agreed  []string // those that the user agreed to
	ours    []string // those of our own catalogue's entry, without what the connection's file says
}

// Compare says what a grant that is bound to other origins becomes: moved is the
// first that it is not to be sent to before the user reconnects. Where there is none,
// adopted are those that come to it:
//
//	an origin that the grant is not bound to           is
//	of a record from before there were any             adopted
//	configured with `authtray add` or in the window    adopted
//	our own catalogue's, at the registrable domain
//	of one that the grant is bound to                  adopted
//	any other                                          moved
func (r Resources) Compare(bound []string) (adopted []string, moved string) {
	for _, o := range r.Origins {
		switch {
		case slices.Contains(bound, o):
		case bound == nil, slices.Contains(r.agreed, o),
			slices.Contains(r.ours, o) && slices.ContainsFunc(bound, func(b string) bool { return sameSite(b, o) }):
			adopted = append(adopted, o)
		default:
			return nil, o
		}
	}
	return adopted, ""
}

// Resources is where this connection's tokens are sent beside their issuer's endpoints.
func (c *Client) Resources() Resources {
	return Resources{Origins: resourceOrigins(*c.entry, c.conn.MCP), agreed: c.opts.Agreed.Resources, ours: c.ours}
}

func resourceOrigins(e catalog.Entry, mcp string) []string {
	urls := []string{mcp}
	for _, host := range slices.Concat(e.APIHosts(), e.API.Git) {
		urls = append(urls, "https://"+host)
	}
	for _, u := range []string{e.API.Base, e.Whoami.URL, e.Tenants.URL} {
		if !namesHost(u) { // what came with the grant belongs to it, and is held to the API's hosts
			urls = append(urls, u)
		}
	}
	return append([]string{}, origins(urls...)...)
}

// OtherHost is the error of a sign-in that the user has to agree to first: discovery
// names an authorization endpoint on another host than the issuer and the token
// endpoint. The page may be an honest provider's, and the code that it gives go to
// somebody else's token endpoint (RFC 9700 §4.4). Page and Sends are hosts, with a
// port where it is not the usual one; they come from the provider.
type OtherHost struct{ Page, Sends string }

func (e *OtherHost) Error() string {
	return fmt.Sprintf("the sign-in page is at %[1]s, but what you sign in to there is given to %[2]s. Go on only if you know that the two belong together, or %[2]s may get into your account at %[1]s",
		plainHost(e.Page), plainHost(e.Sends))
}

// maxHost is how long a host's name may be (RFC 1035 §2.3.4).
const maxHost = 253

// plainHost is a host as it is shown where it is compared with another: of letters
// that look like others, the number; of a long one the end, which says whose it is,
// and all of its registrable domain.
func plainHost(host string) string {
	plain := func(s string) string { return strings.Trim(strconv.QuoteToASCII(text.Line(s, 0)), `"`) }
	name, _, _ := strings.Cut(host, ":")
	site, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil || len(site) > maxHost {
		site = ""
	}
	rest, cut := host, ""
	for len(plain(rest)) > maxShown {
		_, after, ok := strings.Cut(rest, ".")
		if !ok || len(after) < len(site) || !strings.Contains(after, site) {
			break
		}
		rest, cut = after, "…"
	}
	end := plain(rest)
	if most := max(maxShown, len(plain(site))+len(":65535")); len(end) > most {
		end, cut = end[len(end)-most:], "…"
	}
	return cut + end
}

// namesServer reports whether an entry, with its variables unfilled, says itself which
// server is asked for metadata: neither a variable nor an override says another host.
func namesServer(before catalog.Entry, issuer, mcp string) bool {
	same := func(entry, now string) bool {
		return entry == "" && now == "" || entry != "" && !namesHost(entry) && catalog.Origin(entry) == catalog.Origin(now)
	}
	return (before.Issuer != "" || before.MCP != "") && same(before.Issuer, issuer) && same(before.MCP, mcp)
}

// foreignTo is the first URL that a code or a token of a sign-in on page would be sent
// to, away from that page; "" where there is none. The page belongs to the server that
// its metadata was read from, whatever issuer that names. So does one at whose site all
// is that gets a code or a token: the server that named it gets nothing then.
func (c *Client) foreignTo(page string, e endpoints) string {
	if page == "" || c.vouched || sameSite(page, cmp.Or(e.source, e.Issuer)) {
		return ""
	}
	for _, receiver := range []string{e.Token, e.Refresh, e.Userinfo, e.Revoke, e.Introspection} {
		if receiver != "" && !sameSite(page, receiver) {
			return receiver
		}
	}
	return ""
}

// checkSignIn asks about a sign-in page that is away from where its code or tokens go,
// unless the user agreed to it: before, or with accepted, which names its host. own is
// the page that the entry itself names, if it does.
func (c *Client) checkSignIn(page, own string, e endpoints, accepted string) error {
	receiver := c.foreignTo(page, e)
	if own != "" || receiver == "" || catalog.Origin(page) == c.opts.Agreed.SignIn || accepted != "" && accepted == usualHost(page) {
		return nil
	}
	return &OtherHost{Page: usualHost(page), Sends: usualHost(receiver)}
}

// ForeignSignIn is the origin of the authorization endpoint that the user was asked
// about; "" where there is nothing to ask, or nothing is known yet.
func (c *Client) ForeignSignIn() string { return c.foreignSignIn(c.ownEndpoints().or(c.discovered())) }

func (c *Client) foreignSignIn(e endpoints) string {
	if c.entry.Authorize != "" || c.foreignTo(e.Authorize, e) == "" {
		return ""
	}
	return catalog.Origin(e.Authorize)
}

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
