package providers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// bearerRequest is a request to the provider with the access token, sent to the
// URL of a template that may hold kept members.
func (c *Client) bearerRequest(method, template, body, accessToken string, extra map[string]json.RawMessage) (*http.Request, error) {
	u, err := c.expand(template, accessToken, extra)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(first(method, http.MethodGet), u.String(), bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, c.misconfigured("bad_url", "%s has an endpoint that cannot be asked.", c.entry.Name)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	return req, nil
}

// placeholder is what is filled in at run time: {access_token}, {client_id} and
// kept members.
var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_.]*\}`)

// expand fills a URL's placeholders. One that begins the URL ({instance_url})
// brings its host: it must be one of the entry's API hosts, since a provider's
// answer must not say where tokens go. Any other is one path segment.
func (c *Client) expand(template, accessToken string, extra map[string]json.RawMessage) (*url.URL, error) {
	complete := true
	filled := placeholder.ReplaceAllStringFunc(template, func(name string) string {
		value := c.placeholderValue(strings.Trim(name, "{}"), accessToken, extra)
		complete = complete && value != ""
		if strings.HasPrefix(template, name) {
			return strings.TrimRight(value, "/")
		}
		return url.PathEscape(value)
	})
	u, err := url.Parse(filled)
	if !complete || err != nil || !speakable(u) || u.User != nil {
		return nil, c.misconfigured("incomplete_url", "%s did not say what its URL %s needs; reconnect.", c.entry.Name, template)
	}
	if strings.HasPrefix(template, "{") && !hostAllowed(c.entry.apiHosts(), u) {
		return nil, c.misconfigured("foreign_host", "%s sent us to a host that is not one of its own; nothing was sent.", c.entry.Name)
	}
	return u, nil
}

func (c *Client) placeholderValue(name, accessToken string, extra map[string]json.RawMessage) string {
	switch name {
	case "access_token":
		return accessToken
	case "client_id":
		return c.clientID()
	}
	if !slices.Contains(c.entry.kept(), name) {
		return ""
	}
	return text(parseJSON(extra[name]))
}

// kept names the members that a grant of this entry may carry.
func (e Entry) kept() []string {
	names := slices.Clone(e.Tokens.Keep)
	if e.hasQuirk("atlassian_resources") {
		names = append(names, "cloud_id", "site_url", "resources")
	}
	return names
}

// apiHosts is where the tokens may be sent.
func (e Entry) apiHosts() []string {
	if len(e.API.Hosts) > 0 {
		return e.API.Hosts
	}
	if u, err := url.Parse(e.API.Base); err == nil && u.Host != "" && !strings.HasPrefix(e.API.Base, "{") {
		return []string{hostPort(u)}
	}
	return nil
}

// hostAllowed compares a URL's host with patterns: "api.example.org",
// "*.example.org" (at least one label more), either with a port. Without one, the
// scheme's own port is meant.
func hostAllowed(patterns []string, u *url.URL) bool {
	have := hostPort(u)
	for _, p := range patterns {
		want := hostPort(&url.URL{Scheme: u.Scheme, Host: strings.TrimPrefix(p, "*.")})
		if have == want && !strings.HasPrefix(p, "*.") || strings.HasPrefix(p, "*.") && strings.HasSuffix(have, "."+want) {
			return true
		}
	}
	return false
}
