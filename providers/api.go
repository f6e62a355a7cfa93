package providers

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// API resolves a path against the entry's API base, which an empty one stands for
// as it is written (an MCP server's URL), or takes a URL to one of the
// entry's API hosts. The escaped path is kept as it is. It refuses dot segments,
// user information, fragments, other hosts, and everything that is not https (or
// http to this machine). extra holds the members kept with the grant.
func (c *Client) API(path string, extra map[string]json.RawMessage) (*url.URL, error) {
	raw := path
	if !strings.Contains(strings.SplitN(path, "/", 2)[0], ":") {
		base, err := c.apiBase(extra)
		if err != nil {
			return nil, err
		}
		raw = base.String()
		if path = strings.TrimPrefix(path, "/"); path != "" {
			raw = strings.TrimRight(raw, "/") + "/" + path
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return nil, fmt.Errorf("%q is neither a path nor a URL", path)
	}
	return u, c.checkAPI(u, extra)
}

func (c *Client) apiBase(extra map[string]json.RawMessage) (*url.URL, error) {
	if c.entry.API.Base == "" {
		return nil, fmt.Errorf("where the API of %s is, is not known; tell it: authtray add %s --api URL", c.name(), cmp.Or(c.conn.Name, "NAME"))
	}
	return c.expand(c.entry.API.Base, "", extra)
}

func (c *Client) checkAPI(u *url.URL, extra map[string]json.RawMessage) error {
	switch {
	case !catalog.Speakable(u):
		return fmt.Errorf("%s is not https; the token is not sent there", catalog.Origin(u.String()))
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("the URL must not hold a user name or a fragment")
	case hasDotSegment(u):
		return fmt.Errorf("the path must not hold . or .. segments")
	case !c.isAPIHost(u, extra):
		return c.notAPIHost(u)
	}
	return nil
}

// notAPIHost refuses a URL away from the API. Where no API is known, it says how one
// is told.
func (c *Client) notAPIHost(u *url.URL) error {
	if len(c.entry.APIHosts()) == 0 && c.entry.API.Base == "" {
		return fmt.Errorf("the token is not sent to %s, because where the API of %s is, is not known; tell it: authtray add %s --api %s", u.Host, c.name(), cmp.Or(c.conn.Name, "NAME"), u.Scheme+"://"+u.Host)
	}
	return fmt.Errorf("%s is not an API host of %s; the token is not sent there", u.Host, c.entry.Name)
}

// isAPIHost: a base that comes with the grant is a host of the API by itself;
// expand has checked it.
func (c *Client) isAPIHost(u *url.URL, extra map[string]json.RawMessage) bool {
	if catalog.HostAllowed(c.entry.APIHosts(), u) {
		return true
	}
	base, err := c.apiBase(extra)
	return err == nil && catalog.Origin(base.String()) == catalog.Origin(u.String())
}

// hasDotSegment looks at the path as servers may read it: unescaped, once and
// twice, and with backslashes.
func hasDotSegment(u *url.URL) bool {
	twice, err := url.PathUnescape(u.Path)
	if err != nil {
		twice = u.Path
	}
	for _, p := range []string{u.Path, twice} {
		for _, segment := range strings.FieldsFunc(p, func(r rune) bool { return r == '/' || r == '\\' }) {
			if segment, _, _ = strings.Cut(segment, ";"); segment == "." || segment == ".." {
				return true
			}
		}
	}
	return false
}

// Rejected says whether an API's answer means that the token was refused, by the
// entry's own rule: Slack says it in a 200, Figma with 403, Meta with 400. body
// is what has been read of the answer's body.
func (c *Client) Rejected(resp *http.Response, body []byte) bool {
	return c.isDead(c.entry.API.Dead, resp.StatusCode, body)
}

// RejectedNeedsBody says whether Rejected has to see the body of an answer of
// this status. Where it need not, an answer can be passed on as it comes.
func (c *Client) RejectedNeedsBody(status int) bool {
	return refusal.RulesNeedBody(c.entry.API.Dead, status)
}

// AddAPIHeaders adds the headers that the entry says each request to the API
// carries, where r has none of that name and goes to an API host. One of which a
// part is not known is left out. extra holds the members kept with the grant.
func (c *Client) AddAPIHeaders(r *http.Request, extra map[string]json.RawMessage) {
	if !c.isAPIHost(r.URL, extra) {
		return
	}
	for name, template := range c.entry.API.Headers {
		complete := true
		value := catalog.Placeholder().ReplaceAllStringFunc(template, func(name string) string {
			v := c.placeholderValue(strings.Trim(name, "{}"), "", extra)
			complete = complete && fitsHeader(v)
			return v
		})
		if complete && r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	}
}

// fitsHeader reports whether a text that came from a provider or its redirect can
// be sent as a header's value: printable ASCII, and some of it.
func fitsHeader(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// SendAPI sends a request to a URL that API gave. It follows no redirect, obeys
// the connection's ca_file and HTTPS_PROXY, and has no time-out but the
// request's context: answers may stream. The error's text repeats neither the
// URL nor anything that came.
func (c *Client) SendAPI(r *http.Request) (*http.Response, error) {
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, safeCause(err)
	}
	return answer, nil
}

// MissingScopes reads an API's refusal for want of scopes: a 403 whose Bearer
// challenge names what the request needs (RFC 6750 §3.1, insufficient_scope).
// Some servers leave out the error and name the scopes only. What it returns are
// scopes by their grammar, safe to show; none with true: the API does not say
// which.
func MissingScopes(resp *http.Response) (scopes []string, missing bool) {
	if resp.StatusCode != http.StatusForbidden {
		return nil, false
	}
	said := challenges(resp.Header)
	if code := said["error"]; code != "" && code != "insufficient_scope" {
		return nil, false
	}
	for _, s := range splitScopes(said["scope"]) {
		if !catalog.IsBadScope(s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, len(scopes) > 0 || said["error"] != ""
}

// challenges are the parameters of all Bearer challenges that matter here, the
// first of each name.
func challenges(h http.Header) map[string]string {
	said := map[string]string{}
	for _, value := range h.Values("WWW-Authenticate") {
		for _, m := range challengeParam().FindAllStringSubmatch(value, -1) {
			if name := strings.ToLower(m[1]); said[name] == "" {
				said[name] = strings.Trim(m[2], `"`)
			}
		}
	}
	return said
}

// Hosts are the hosts that the connection answers for when a tool asks by host:
// what its file says, else those of the entry (api.git and api.hosts), without
// those that a variable was not given for. "*.example.org" and a port are
// allowed, and in a file a path. The slice is the caller's.
func (c *Client) Hosts() []string {
	if len(c.conn.Hosts) > 0 {
		return slices.Clone(c.conn.Hosts)
	}
	all := slices.Clone(c.entry.API.Git)
	for _, host := range c.entry.APIHosts() {
		// Of a server under a path the API is under that path too.
		if !slices.ContainsFunc(all, func(h string) bool { return strings.HasPrefix(h, host+"/") }) {
			all = append(all, host)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
