package catalog

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Speakable reports whether we speak to a URL at all: https, or plain http to this
// machine (IsLoopbackHost).
func Speakable(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return IsLoopbackHost(u.Hostname())
	}
	return false
}

// IsLoopbackHost reports whether host, without a port, is this machine by what is
// written: a loopback address, localhost, or a name below localhost (RFC 6761
// §6.3). No resolver is asked.
func IsLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || IsLocalhost(host)
}

// IsLocalhost reports whether host, without a port, is localhost or a name below
// it. Who speaks to one dials 127.0.0.1 and ::1, whatever a resolver would say.
func IsLocalhost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || hasSuffixLabel(host, "localhost")
}

// IsPrivateHost reports whether a host is on this machine or a private network, as
// far as its name tells, or its addresses where it can be resolved.
func IsPrivateHost(ctx context.Context, host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPrivateAddr(ip)
	}
	if IsLocalhost(host) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	ips, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host) // behind a proxy names may not resolve here; the proxy decides then
	for _, ip := range ips {
		if isPrivateAddr(ip) {
			return true
		}
	}
	return false
}

func isPrivateAddr(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() ||
		ip.IsMulticast() || carrierNAT.Contains(ip)
}

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

func hasSuffixLabel(host, label string) bool {
	return len(host) > len(label)+1 && host[len(host)-len(label)-1:] == "."+label
}

// Origin is scheme://host:port of a URL in its one spelling: lower case, the
// port always there. "" for what is not a URL.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return u.Scheme + "://" + HostPort(u)
}

// HostPort is host:port in lower case, with the scheme's own port where the URL
// names none.
func HostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port)
}
