package providers

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func TestACertificateOfOnesOwnAuthority(t *testing.T) {
	p := httptest.NewUnstartedServer(answers(200, goodAnswer))
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports the handshake that is refused here
	p.StartTLS()
	defer p.Close()
	e := testEntry(p.URL)
	_, err := refreshWith(t, testClient(t, e))
	if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "tls" || f.Lost || !strings.Contains(f.Detail, "set ca_file") {
		t.Errorf("%+v", f)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := testClient(t, e, func(c *catalog.Connection, _ *ClientOptions) { c.CAFile = ca })
	if _, err := refreshWith(t, c); err != nil {
		t.Errorf("with ca_file: %v", err)
	}
	if err := os.WriteFile(ca, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(&e, catalog.Connection{CAFile: ca}, ClientOptions{}); err == nil || !strings.Contains(err.Error(), "holds no PEM certificate") {
		t.Errorf("%v", err)
	}
}

func TestServerThatBreaksOffTheSecureConnectionIsQuoted(t *testing.T) {
	for name, tt := range map[string]struct {
		server *tls.Config
		says   string
	}{
		"a client's certificate is wanted": {&tls.Config{ClientAuth: tls.RequireAnyClientCert}, "(certificate required)"},
		"…by TLS 1.2":                      {&tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "(handshake failure)"},
		"TLS 1.1 is all there is":          {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "(protocol version not supported)"},
	} {
		t.Run(name, func(t *testing.T) {
			p := httptest.NewUnstartedServer(answers(200, goodAnswer))
			p.Config.ErrorLog = log.New(io.Discard, "", 0)
			p.TLS = tt.server
			p.StartTLS()
			defer p.Close()
			roots := x509.NewCertPool()
			roots.AddCert(p.Certificate())
			c := testClient(t, testEntry(p.URL), func(_ *catalog.Connection, o *ClientOptions) { o.Transport = newTransport(roots) })
			_, err := refreshWith(t, c)
			if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "tls" || f.Detail != "Acme, or a proxy before it, broke off the secure connection "+tt.says+"." {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestSomethingThatSpeaksNoTLS(t *testing.T) {
	p := newRecord(t, answers(200, goodAnswer))
	_, err := refreshWith(t, testClient(t, testEntry(strings.Replace(p.URL, "http:", "https:", 1))))
	if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "tls" || f.Lost {
		t.Errorf("%+v", f)
	}
}
