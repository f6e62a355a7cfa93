package providers

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// send makes one request and reads its answer whole, up to MaxBody. It follows
// no redirect and speaks to no URL that is not speakable. The error is a
// *Failure and comes without an answer.
func (c *Client) send(ctx context.Context, req *http.Request) (int, http.Header, []byte, error) {
	if !catalog.Speakable(req.URL) {
		return 0, nil, nil, c.misconfigured("plain_http", "%s is not https; plain http is only spoken to this machine (localhost, 127.0.0.1 and ::1).", catalog.Origin(req.URL.String()))
	}
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var written atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(info httptrace.GotConnInfo) { go c.watchAddress(ctx, info.Conn.LocalAddr(), giveUp) },
		WroteHeaders: func() { written.Store(true) },
	}))
	c.addHeaders(req)
	req.Header.Set("Accept-Encoding", "identity") // what is packed on the way cannot always be unpacked; see unpacked
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, c.transportFailure(ctx, req, err, written.Load())
	}
	defer resp.Body.Close()
	body, err := readBounded(resp.Body)
	if err != nil && !refusal.PassingStatus(resp.StatusCode) && (resp.StatusCode < 300 || len(body) == 0) {
		return 0, nil, nil, c.transportFailure(ctx, req, err, true)
	}
	return resp.StatusCode, resp.Header, body, nil
}

// addressInterval is how often a request that waits for its answer looks whether
// its connection can still bring one.
const addressInterval = time.Second

var errAddressGone = errors.New("the address that the request was sent from is gone")

// watchAddress gives a request up when the local address of its connection is no
// longer one of this machine's: a VPN that ended, another Wi-Fi. Nothing can come
// on that connection any more, and no packet says so.
func (c *Client) watchAddress(ctx context.Context, local net.Addr, giveUp context.CancelCauseFunc) {
	tcp, ok := local.(*net.TCPAddr)
	if !ok || !c.hasAddress(tcp.IP) { // not one that could be seen to go
		return
	}
	ticker := time.NewTicker(addressInterval)
	defer ticker.Stop()
	for c.hasAddress(tcp.IP) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	giveUp(errAddressGone)
}

// hasAddress reports whether an interface of this machine has the address, as
// far as can be told.
func (c *Client) hasAddress(ip net.IP) bool {
	all, err := c.interfaceAddrs()
	return err != nil || slices.ContainsFunc(all, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// sendForHeaders is send for an answer whose headers are enough: its body, which may be an
// endless stream, is not read.
func (c *Client) sendForHeaders(ctx context.Context, req *http.Request) (int, http.Header, error) {
	if !catalog.Speakable(req.URL) {
		return 0, nil, c.misconfigured("plain_http", "%s is not https; plain http is only spoken to this machine (localhost, 127.0.0.1 and ::1).", catalog.Origin(req.URL.String()))
	}
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	c.addHeaders(req)
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return 0, nil, c.transportFailure(ctx, req, err, false)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header, nil
}

func (c *Client) addHeaders(req *http.Request) {
	req.Header.Set("User-Agent", "authtray/"+cmp.Or(c.opts.Version, "dev"))
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
}

var errTooLarge = errors.New("the answer is larger than 1 MB")

func readBounded(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err == nil && len(body) > MaxBody {
		return nil, errTooLarge
	}
	if err == nil && bytes.HasPrefix(body, []byte(gzipMagic)) {
		return unpacked(body)
	}
	return body, err
}

const gzipMagic = "\x1f\x8b\x08" // with which nothing begins that we read

// unpacked is a body in gzip. Package net/http unpacks what it asked for itself, where
// the header says so; proxies take that header away, or leave it where they unpacked.
// What is no gzip stays as it is.
func unpacked(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body, nil
	}
	plain, err := io.ReadAll(io.LimitReader(z, MaxBody+1))
	switch {
	case len(plain) > MaxBody:
		return nil, errTooLarge
	case err != nil:
		return body, nil
	}
	return plain, nil
}

// transportFailure is transportFailure for a request of this connection's.
func (c *Client) transportFailure(ctx context.Context, req *http.Request, err error, written bool) *refusal.Failure {
	f := refusal.Named(transportFailure(ctx, ofProxy(req, err), written), c.entry.Name)
	if f.Code == "tls" && errors.As(err, new(x509.UnknownAuthorityError)) && c.conn.Name != "" {
		f.Hint = "authtray add " + c.conn.Name + " --ca-file FILE"
	}
	return f
}

// transportFailure is a request that brought no whole answer: always Transient.
// written says that the request had gone out, so that its answer may be lost. Its
// loss is proved by a connection that broke, not by silence.
func transportFailure(ctx context.Context, err error, written bool) *refusal.Failure {
	if why := context.Cause(ctx); why == errAddressGone || why == context.DeadlineExceeded {
		err = why
	}
	code, detail := transportCode(err)
	broke := code == "network" || code == "tls" || errors.Is(err, syscall.ETIMEDOUT)
	return &refusal.Failure{Class: refusal.Transient, Code: code, Lost: written, Proof: written && broke, Detail: detail, Err: safeCause(err)}
}

func transportCode(err error) (code, detail string) {
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		timeout net.Error
		proxy   *proxyError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &proxy):
		return "proxy", proxy.sentence()
	case errors.Is(err, errAddressGone):
		return "network", "The network changed before the provider's answer came."
	case errors.Is(err, errTooLarge):
		return "too_large", "The provider's answer is larger than 1 MB and was not read."
	case errors.Is(err, context.Canceled):
		return "canceled", "The request to the provider was canceled."
	case errors.As(err, &unknown):
		return "tls", "The provider's certificate is from an authority that this machine does not know; if that is as it should be, set ca_file."
	case errors.As(err, &host):
		return "tls", "The provider's certificate is for another host name; see that the connection names the right one, or a login page of the network is in the way."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "tls", "The provider's certificate has expired or is not valid yet; see that this machine's clock is right."
	case errors.As(err, &cert), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "tls", "The provider could not be reached securely; a login page of the network may be in the way."
	case errors.As(err, &op) && op.Op == "remote error": // a TLS alert, in the words of crypto/tls
		return "tls", "The provider, or a proxy before it, broke off the secure connection (" + strings.TrimPrefix(op.Err.Error(), "tls: ") + ")."
	case errors.As(err, &dns):
		return "network", "The provider's host name cannot be resolved at the moment."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout", "The provider did not answer in time."
	}
	return "network", "The provider could not be reached."
}

// errNoHTTP stands for the errors in which package net/http quotes what came
// ("malformed HTTP response …"): a provider may have repeated a token there.
var errNoHTTP = errors.New("what came is not an HTTP answer")

// safeCause is err without the URL that net/http puts in front, which may hold a
// token (HubSpot's whoami does), and without anything that the other side said.
func safeCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var (
		network net.Error
		cert    *tls.CertificateVerificationError
		alert   tls.AlertError
		proxy   *proxyError
	)
	if errors.As(err, &proxy) {
		return proxy
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, errTooLarge, errAddressGone, http.ErrSchemeMismatch} {
		if errors.Is(err, known) {
			return known
		}
	}
	switch {
	case errors.As(err, &network):
		return network
	case errors.As(err, &cert):
		return cert
	case errors.As(err, &alert):
		return alert
	}
	return errNoHTTP
}

// plainTransport is shared by all connections without a ca_file.
var plainTransport = sync.OnceValue(func() http.RoundTripper { return newTransport(nil) })

// newTransport obeys HTTPS_PROXY and friends. roots nil: the system's. It speaks
// HTTP/1.1 only, where a request that is given up takes its connection with it: one
// of HTTP/2 would be repeated on the connection that brought no answer.
func newTransport(roots *x509.CertPool) http.RoundTripper {
	return &http.Transport{
		Proxy:                  proxyFor,
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            dialForgetting(&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}),
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second, // shorter than the time in which laptops change networks
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// dial connects to localhost and the names below it at 127.0.0.1, else at ::1,
// without asking a resolver: what answers there is this machine.
func dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !catalog.IsLocalhost(host) {
		return d.DialContext(ctx, network, address)
	}
	conn, err := d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err == nil || ctx.Err() != nil {
		return conn, err
	}
	if other, err := d.DialContext(ctx, network, net.JoinHostPort("::1", port)); err == nil {
		return other, nil
	}
	return nil, err
}

// dialForgetting makes connections that forget what they have not delivered when
// they are closed. Else the system would go on sending a request that was given up,
// for minutes, and one that came after its repetition would count as the reuse of a
// refresh token, for which providers end grants.
func dialForgetting(d *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, d, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		return conn, err
	}
}

// NewTransport is how a connection's servers are reached from a process of its own:
// as its Client reaches them, with the same ca_file.
func NewTransport(caFile string) (http.RoundTripper, error) { return transportFor(caFile, nil) }

// transportFor returns the shared transport, or one that also trusts what read
// finds in caFile.
func transportFor(caFile string, read func(path string) ([]byte, error)) (http.RoundTripper, error) {
	if caFile == "" {
		return plainTransport(), nil
	}
	if read == nil {
		read = catalog.ReadCertificates
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
