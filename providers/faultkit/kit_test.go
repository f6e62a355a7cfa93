package faultkit_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

func TestRecorderKeepsEverything(t *testing.T) {
	kit, _, addr := start(t, faultkit.Options{})
	kit.Script(faultkit.DropAnswer())
	resp, err := http.Get("http://" + addr + "/other?a=b")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	post(t, addr)
	got := kit.Received()
	if len(got) != 2 || kit.Matched() != 1 {
		t.Fatalf("%d received, %d matched", len(got), kit.Matched())
	}
	if got[0].URI != "/other?a=b" || got[0].Matched || got[0].Fault != "pass" {
		t.Errorf("first: %s, matched %t, %s", got[0].URI, got[0].Matched, got[0].Fault)
	}
	if got[1].Form().Get("refresh_token") != "rt-0" || got[1].Fault != "answer dropped" || got[1].Header.Get("Content-Type") == "" || got[1].Host != addr {
		t.Errorf("second: %s %s %s", got[1].Method, got[1].URI, got[1].Fault)
	}
	kit.Forget()
	if len(kit.Received()) != 0 {
		t.Error("the record was not emptied")
	}
}

func TestHitsAreCountedByGrant(t *testing.T) {
	kit := faultkit.New(faultkit.Options{})
	p := practicetest.Start(t, server.Options{}, kit.Wrap)
	ada, err := p.Connect(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	grace, err := p.Connect(t.Context(), "grace")
	if err != nil {
		t.Fatal(err)
	}
	kit.Script(faultkit.Status(503))
	newest := ada.RefreshToken
	for range 4 {
		if a, err := p.Refresh(t.Context(), newest); err == nil && a.Status == 200 {
			newest = a.RefreshToken
		}
	}
	if got := kit.Hits(newest); got != 4 || kit.Hits(ada.RefreshToken) != 4 || kit.Hits(grace.RefreshToken) != 0 {
		t.Errorf("hits: %d by the newest token, %d by the first, %d of another grant", got, kit.Hits(ada.RefreshToken), kit.Hits(grace.RefreshToken))
	}
	if grant, ok := p.GrantOf(newest); !ok || p.Hits(grant) != 3 {
		t.Errorf("the provider counts %d, want 3: one was answered in its place", p.Hits(grant))
	}
	if kit.MostAtOnce(newest) != 1 {
		t.Errorf("%d at once, want 1", kit.MostAtOnce(newest))
	}
}

func TestRequestsAtOnceAreSeen(t *testing.T) {
	kit, _, addr := start(t, faultkit.Options{})
	held, release := make(chan struct{}), make(chan struct{})
	kit.Otherwise(faultkit.HoldBefore(held, release))
	done := make(chan seen, 2)
	for range 2 {
		c := send(t, addr)
		go func() { done <- receive(c) }()
	}
	<-held
	<-held
	close(release)
	<-done
	<-done
	if kit.MostAtOnce("rt-0") != 2 || kit.Hits("rt-0") != 2 {
		t.Errorf("%d at once, %d hits; want 2, 2", kit.MostAtOnce("rt-0"), kit.Hits("rt-0"))
	}
}

func TestReplayKillsTheFamilyOfAProviderThatDetectsReuse(t *testing.T) {
	kit := faultkit.New(faultkit.Options{})
	p := practicetest.Start(t, server.Options{}, kit.Wrap)
	a, err := p.Connect(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	kit.Script(faultkit.Replay())
	b, err := p.Refresh(t.Context(), a.RefreshToken)
	if err != nil || b.Status != 200 || b.RefreshToken == "" {
		t.Fatalf("the replayed request is answered %d (%v)", b.Status, err)
	}
	c, err := p.Refresh(t.Context(), b.RefreshToken)
	if err != nil || c.Status != 400 || c.Error != "invalid_grant" {
		t.Errorf("after it the newest token is answered %d %q (%v)", c.Status, c.Error, err)
	}
}

func TestDroppedAnswerLosesTheRotatedToken(t *testing.T) {
	kit := faultkit.New(faultkit.Options{})
	p := practicetest.Start(t, server.Options{}, kit.Wrap)
	a, err := p.Connect(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	kit.Script(faultkit.DropAnswer())
	if _, err := p.Refresh(t.Context(), a.RefreshToken); err == nil {
		t.Fatal("the dropped answer arrived")
	}
	if p.CurrentRefreshToken(a.RefreshToken) {
		t.Error("the provider did not rotate")
	}
	b, err := p.Refresh(t.Context(), a.RefreshToken)
	if err != nil || b.Error != "invalid_grant" {
		t.Errorf("asking again is answered %d %q (%v)", b.Status, b.Error, err)
	}
}

func TestConnectionFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault faultkit.Conn
		saw   func(raw []byte, end error) bool
	}{
		{"reset", faultkit.ConnReset, func(raw []byte, end error) bool {
			return len(raw) == 0 && isReset(end)
		}},
		{"close", faultkit.ConnClose, func(raw []byte, end error) bool { return len(raw) == 0 }},
		{"garbage", faultkit.ConnGarbage, func(raw []byte, _ error) bool { return strings.HasPrefix(string(raw), "220 smtp") }},
		{"abort", faultkit.ConnAbort, func(raw []byte, _ error) bool { return len(raw) == 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kit := faultkit.New(faultkit.Options{})
			addr := listen(t, kit)
			kit.ScriptConns(tt.fault, nil)
			raw, end := poke(addr)
			if !tt.saw(raw, end) {
				t.Errorf("read %q, ended with %v", raw, end)
			}
			if s := post(t, addr); s.status != 200 {
				t.Errorf("the next connection is answered %d", s.status)
			}
		})
	}
}

// poke connects, sends one byte and reads to the end. A reset can come so soon
// that it already ends the connecting or the sending.
func poke(addr string) ([]byte, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}

func TestSilentConnectionSaysNothing(t *testing.T) {
	kit := faultkit.New(faultkit.Options{})
	addr := listen(t, kit)
	kit.ScriptConns(faultkit.ConnSilent)
	c := dial(t, addr)
	sendRefresh(c, addr)
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(c); len(raw) != 0 || err != nil {
		t.Errorf("read %q, ended with %v", raw, err)
	}
}

func listen(t *testing.T, kit *faultkit.Kit) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: kit.Wrap(&plainProvider{})}
	go srv.Serve(kit.Listen(l))
	t.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

func TestHandshakesFailAsTold(t *testing.T) {
	kit := faultkit.New(faultkit.Options{})
	front := kit.StartTLS(t, kit.Wrap(&plainProvider{}))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: front.Roots}, DisableKeepAlives: true}}
	try := func() error {
		resp, err := client.PostForm(front.URL+"/token", url.Values{"refresh_token": {"rt-0"}})
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	certs := []struct {
		name  string
		shown faultkit.Certificate
		is    func(error) bool
	}{
		{"expired", faultkit.Expired, func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
		{"wrong name", faultkit.WrongName, func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }},
		{"untrusted", faultkit.Untrusted, func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }},
		{"good", faultkit.Good, func(err error) bool { return err == nil }},
	}
	for _, tt := range certs {
		front.Show(tt.shown)
		if err := try(); !tt.is(err) {
			t.Errorf("%s certificate: %v", tt.name, err)
		}
	}
	kit.Forget()
	for name, fault := range map[string]faultkit.Conn{"garbage": faultkit.ConnGarbage, "abort": faultkit.ConnAbort, "reset": faultkit.ConnReset} {
		kit.ScriptConns(fault)
		if err := try(); err == nil {
			t.Errorf("%s: the handshake succeeded", name)
		}
	}
	if len(kit.Received()) != 0 {
		t.Error("a request came through a failed handshake")
	}
	kit.Script(faultkit.ResetAfter())
	if err := try(); err == nil || !isReset(err) {
		t.Errorf("reset under TLS: %v", err)
	}
}

// isReset reports whether a connection was reset, also in Windows' words (WSAECONNRESET).
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.Errno(10054))
}
