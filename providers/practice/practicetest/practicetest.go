// Package practicetest runs the practice provider inside tests and walks its
// pages without a browser.
package practicetest

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authtray/authtray/providers/practice/server"
)

// The library below the practice provider tells the default logger of each route
// and refusal, state parameters included. In tests only its errors are wanted;
// a logger that a test installs itself is not touched.
func init() { slog.SetLogLoggerLevel(slog.LevelError) }

// Provider is a practice provider that listens.
type Provider struct {
	*server.Server
	// Issuer is where it listens: "http://127.0.0.1:PORT".
	Issuer string
}

// Start runs a practice provider on a free loopback port until the test ends.
// opts.Issuer is filled in. Each wrap is put around the whole provider, the
// first one outermost (see package faultkit).
func Start(t testing.TB, opts server.Options, wrap ...func(http.Handler) http.Handler) *Provider {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return StartOn(t, l, opts, wrap...)
}

// StartOn is Start on a listener of the caller's, which it closes.
func StartOn(t testing.TB, l net.Listener, opts server.Options, wrap ...func(http.Handler) http.Handler) *Provider {
	t.Helper()
	opts.Issuer = "http://" + l.Addr().String()
	s, err := server.New(opts)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	h := s.Handler()
	for i := len(wrap) - 1; i >= 0; i-- {
		h = wrap[i](h)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	srv.Start()
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return &Provider{Server: s, Issuer: opts.Issuer}
}
