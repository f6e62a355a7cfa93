package catalog

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Speakable reports whether we speak to a URL at all: https, or plain http to a
// loopback literal. A name such as localhost is no literal: what it resolves to
// is not ours to say.
func Speakable(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return IsLoopbackLiteral(u.Hostname())
	}
	return false
}

// IsLoopbackLiteral reports whether host is an address of this machine, written
// as an address.
func IsLoopbackLiteral(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// IsPrivateHost reports whether a host is on this machine or a private network, as
// far as its name tells, or its addresses where it can be resolved.
func IsPrivateHost(ctx context.Context, host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPrivateAddr(ip)
	}
	if host == "localhost" || hasSuffixLabel(host, "localhost") {
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
	return len(host) > len(label) && host[len(host)-len(label)-1:] == "."+label
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
