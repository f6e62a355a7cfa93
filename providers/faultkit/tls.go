package faultkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Certificate is what an HTTPS front shows.
type Certificate int

const (
	Good      Certificate = iota
	Expired               // ended yesterday
	WrongName             // for another host
	Untrusted             // by an authority that nobody knows
)

// TLS is an HTTPS front for any handler.
type TLS struct {
	URL    string         // "https://127.0.0.1:PORT", or where its listener is
	CAFile string         // the authority's certificate, PEM
	Roots  *x509.CertPool // the same

	mu    sync.Mutex
	shown Certificate
	certs map[Certificate]*tls.Certificate
}

// Show changes the certificate for the connections from now on.
func (s *TLS) Show(c Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = c
}

func (s *TLS) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.certs[s.shown], nil
}

// StartTLS serves h over HTTPS until the test ends. Handshakes that fail in
// other ways are scripted with ScriptConns.
func (k *Kit) StartTLS(t testing.TB, h http.Handler) *TLS {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return k.StartTLSOn(t, l, h)
}

// StartTLSOn is StartTLS on a listener of the caller's, which it closes.
func (k *Kit) StartTLSOn(t testing.TB, l net.Listener, h http.Handler) *TLS {
	t.Helper()
	ip := l.Addr().(*net.TCPAddr).IP.String()
	ca, other := newAuthority(t), newAuthority(t)
	s := &TLS{CAFile: filepath.Join(t.TempDir(), "ca.pem"), Roots: x509.NewCertPool()}
	s.certs = map[Certificate]*tls.Certificate{
		Good: ca.issue(t, ip, time.Hour), Expired: ca.issue(t, ip, -24*time.Hour),
		WrongName: ca.issue(t, "127.0.0.2", time.Hour), Untrusted: other.issue(t, ip, time.Hour),
	}
	s.Roots.AddCert(ca.cert)
	if err := os.WriteFile(s.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s.URL = "https://" + l.Addr().String()
	// HTTP/1.1 only: a stream of HTTP/2 cannot be cut like a line.
	config := &tls.Config{GetCertificate: s.certificate, NextProtos: []string{"http/1.1"}}
	srv := &httptest.Server{Listener: tls.NewListener(k.Listen(l), config), Config: &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}}
	srv.Start()
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return s
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	a := authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "faultkit"},
		NotBefore: time.Now().Add(-72 * time.Hour), NotAfter: time.Now().Add(72 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = template // signs itself
	der := a.sign(t, template, &a.key.PublicKey)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue makes a certificate for an address that is good for this long from now.
func (a authority) issue(t testing.TB, ip string, left time.Duration) *tls.Certificate {
	t.Helper()
	key := newKey(t)
	der := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: ip}, IPAddresses: []net.IP{net.ParseIP(ip)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(left),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a authority) sign(t testing.TB, template *x509.Certificate, key *ecdsa.PublicKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
