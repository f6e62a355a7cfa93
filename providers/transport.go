package providers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// plainTransport is shared by all connections without a ca_file.
var plainTransport = sync.OnceValue(func() http.RoundTripper { return newTransport(nil) })

// newTransport obeys HTTPS_PROXY and friends. roots nil: the system's.
func newTransport(roots *x509.CertPool) http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second, // shorter than the time in which laptops change networks
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// transportFor returns the shared transport, or one that also trusts what read
// finds in caFile.
func transportFor(caFile string, read func(path string) ([]byte, error)) (http.RoundTripper, error) {
	if caFile == "" {
		return plainTransport(), nil
	}
	if read == nil {
		read = ReadCertificates
	}
	pem, err := read(caFile)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(pem)
	return newTransport(roots), nil
}

// ReadCertificates reads what a connection's ca_file names: a regular file of at
// most 1 MB, with a certificate in PEM. The error is one sentence that says what
// to mend.
func ReadCertificates(path string) ([]byte, error) {
	pem, err := ReadRegular(path, nil)
	fault := ""
	switch {
	case err != nil:
		fault = withoutPath(err)
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		fault = "holds no PEM certificate"
	default:
		return pem, nil
	}
	return nil, problem{"ca_file", path + " " + fault + "; name a PEM file with the certificates of your authority, or leave ca_file out"}
}

// speakable says whether we speak to a URL at all: https, or plain http to a
// loopback literal. A name such as localhost is no literal: what it resolves to
// is not ours to say.
func speakable(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		return isLoopbackLiteral(u.Hostname())
	}
	return false
}

func isLoopbackLiteral(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// isPrivateHost says whether a host is on this machine or a private network, as
// far as its name tells, or its addresses where it can be resolved.
func isPrivateHost(ctx context.Context, host string) bool {
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
