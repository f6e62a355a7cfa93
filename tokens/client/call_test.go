package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// listen serves h where the agent would listen.
func listen(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	t.Setenv("AUTHTRAY_SOCKET", path)
}

func TestAgentIsAsked(t *testing.T) {
	listen(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/x" || r.Header.Get("Accept") != "text/plain" {
			t.Errorf("%s %s", r.URL, r.Header)
		}
		w.Write([]byte(strings.Repeat("x", 100_000))) // long enough to come in chunks
	})
	a, err := Do(t.Context(), Request{Method: "GET", Target: "/v1/x", Accept: "text/plain"})
	if err != nil || len(a.Body) != 100_000 || a.Status != 200 || a.Type != "text/plain" {
		t.Errorf("%d bytes of %q, %d, %v", len(a.Body), a.Type, a.Status, err)
	}
}

func TestNoAgentIsTold(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "no", "folder"), stale} {
		t.Setenv("AUTHTRAY_SOCKET", path)
		if _, err := Do(t.Context(), Request{Method: "GET", Target: "/"}); !errors.Is(err, ErrNoAgent) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSilentAgentIsWaitedForAsLongAsTheContextSays(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listen(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel() // the question has arrived, and is never answered
		<-r.Context().Done()
	})
	if _, err := Do(ctx, Request{Method: "GET", Target: "/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
