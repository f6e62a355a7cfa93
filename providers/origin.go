package providers

import (
	"net"
	"net/url"
	"strings"
)

// origin is scheme://host:port of a URL in its one spelling: lower case, the
// port always there. "" for what is not a URL.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return u.Scheme + "://" + hostPort(u)
}

// hostPort is host:port in lower case, with the scheme's own port where the URL
// names none.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port)
}
