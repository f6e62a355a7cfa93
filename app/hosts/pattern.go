package hosts

import (
	"net"
	"strings"
)

// pattern is one line of hosts, taken apart.
type pattern struct {
	host string // host:port, lower case
	wild bool   // every host below it
	path string // "acme/tools", or "" for any
}

func parse(s string) pattern {
	host, path, _ := strings.Cut(s, "/")
	host, wild := strings.CutPrefix(host, "*.")
	return pattern{host: hostPort(host), wild: wild, path: strings.Trim(path, "/")}
}

// hostPort is a host in its one spelling, with the port of https where it names
// none.
func hostPort(s string) string {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "443"
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
}

// fits compares with a host:port; the path is another matter.
func (p pattern) fits(host string) bool {
	if p.wild {
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}

// holds: segment by segment, without regard to case, as forges do it.
func (p pattern) holds(path string) bool {
	n := len(p.path)
	return n == 0 || len(path) >= n && strings.EqualFold(path[:n], p.path) && (len(path) == n || path[n] == '/')
}

// closer says whether p says more of a request than q, both of which fit it.
func (p pattern) closer(q pattern) bool {
	switch {
	case p.wild != q.wild:
		return q.wild
	case p.host != q.host:
		return len(p.host) > len(q.host)
	}
	return len(p.path) > len(q.path)
}
