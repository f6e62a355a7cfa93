package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens"
)

func TestLinksStandForTheirHelpers(t *testing.T) {
	for _, c := range []struct{ argv, want []string }{
		{[]string{"/usr/bin/git-credential-authtray", "get"}, []string{"helper", "git", "get"}},
		{[]string{"docker-credential-authtray.exe", "list"}, []string{"helper", "docker", "list"}},
		{[]string{"authtray", "token", "work"}, []string{"token", "work"}},
		{[]string{"authtray-window"}, []string{}},
	} {
		for range 2 { // what one call appends is not in the next
			if got := arguments(c.argv); !slices.Equal(got, c.want) {
				t.Errorf("%q: %q", c.argv, got)
			}
		}
	}
}

// idTokenUntil is an ID token that ends at t.
func idTokenUntil(t time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, t.Unix())) + ".sig"
}

// TestIDTokensAreRenewedBeforeTheyAreHandedOut: the agent keeps the access token
// fresh, and its ID token may end earlier.
func TestIDTokensAreRenewedBeforeTheyAreHandedOut(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	fresh, stale := idTokenUntil(now.Add(time.Hour)), idTokenUntil(now.Add(-time.Minute))
	for _, c := range []struct {
		name          string
		before, after string // a refresh
		want, problem string
		refreshes     int
	}{
		{"good", fresh, fresh, fresh, "", 0},
		{"about to end", idTokenUntil(now.Add(10 * time.Second)), fresh, fresh, "", 1},
		{"ended", stale, fresh, fresh, "", 1},
		{"the provider gives no new one", stale, stale, "", "gives no new one with a refresh", 1},
		{"not kept", "", fresh, "", "keep_id_token = true", 0},
		{"no ID token", "opaque", fresh, "", "no JSON Web Token", 0},
	} {
		refreshes := 0
		serveAgent(t, func(w http.ResponseWriter, r *http.Request) {
			idToken := c.before
			if refreshes > 0 {
				idToken = c.after
			}
			if strings.HasSuffix(r.URL.Path, "/refresh") {
				refreshes++
			}
			json.NewEncoder(w).Encode(tokens.Token{AccessToken: "at", IDToken: idToken})
		})
		s := &shell{now: func() time.Time { return now }, paths: config.Paths{Socket: os.Getenv("AUTHTRAY_SOCKET")}}
		got, _, err := s.idToken(t.Context(), "work")
		if c.problem == "" && (got != c.want || err != nil) || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) || refreshes != c.refreshes {
			t.Errorf("%s: %q, %v, %d refreshes", c.name, got, err, refreshes)
		}
	}
}

// serveAgent answers where commands look for the agent.
func serveAgent(t *testing.T, h http.HandlerFunc) {
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
