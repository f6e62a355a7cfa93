package providers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// API resolves a path against the entry's API base, or takes a URL to one of the
// entry's API hosts. The escaped path is kept as it is. It refuses dot segments,
// user information, fragments, other hosts, and everything that is not https (or
// http to a loopback literal). extra holds the members kept with the grant.
func (c *Client) API(path string, extra map[string]json.RawMessage) (*url.URL, error) {
	raw := path
	if !strings.Contains(strings.SplitN(path, "/", 2)[0], ":") {
		base, err := c.apiBase(extra)
		if err != nil {
			return nil, err
		}
		raw = strings.TrimRight(base.String(), "/") + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return nil, fmt.Errorf("%q is neither a path nor a URL", path)
	}
	return u, c.checkAPI(u, extra)
}

func (c *Client) apiBase(extra map[string]json.RawMessage) (*url.URL, error) {
	if c.entry.API.Base == "" {
		return nil, fmt.Errorf("the entry of %s has no API base; give the whole URL, or set it with --set api.base=…", c.entry.Name)
	}
	return c.expand(c.entry.API.Base, "", extra)
}

func (c *Client) checkAPI(u *url.URL, extra map[string]json.RawMessage) error {
	switch {
	case !speakable(u):
		return fmt.Errorf("%s is not https; the token is not sent there", origin(u.String()))
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("the URL must not hold a user name or a fragment")
	case hasDotSegment(u):
		return fmt.Errorf("the path must not hold . or .. segments")
	case !c.isAPIHost(u, extra):
		return fmt.Errorf("%s is not an API host of %s; the token is not sent there", u.Host, c.entry.Name)
	}
	return nil
}

// isAPIHost: a base that comes with the grant is a host of the API by itself;
// expand has checked it.
func (c *Client) isAPIHost(u *url.URL, extra map[string]json.RawMessage) bool {
	if hostAllowed(c.entry.apiHosts(), u) {
		return true
	}
	base, err := c.apiBase(extra)
	return err == nil && origin(base.String()) == origin(u.String())
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
