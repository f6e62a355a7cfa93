package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
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

func TestHelpersSayThatTheAgentIsOlder(t *testing.T) {
	for _, c := range []struct {
		in   string
		args []string
	}{
		{"protocol=https\nhost=git.example.org\n\n", []string{"helper", "git", "get"}},
		{"https://registry.example.org", []string{"helper", "docker", "get"}},
		{"", []string{"helper", "kubectl", "work"}},
	} {
		t.Run(c.args[1], func(t *testing.T) {
			serveAgent(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusNotFound)
				json.NewEncoder(w).Encode(client.Problem{Code: string(api.CodeNotFound)})
			})
			var said strings.Builder
			s := &shell{in: strings.NewReader(c.in), out: io.Discard, err: &said, now: time.Now}
			if exit := s.main(t.Context(), c.args); exit != exitFailed || !strings.Contains(said.String(), "authtray run --replace") {
				t.Errorf("exit %d, said %q", exit, said.String())
			}
		})
	}
}

// A connection may be changed between the questions which one answers for a host, and
// for its token.
func TestEveryToolThatAsksByHostSaysWhereTheTokenGoes(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		args     []string
		urls     []string
	}{
		{"goauth", "", []string{"helper", "goauth", "https://git.example.org/acme/mod"}, []string{"https://git.example.org/acme/mod"}},
		{"netrc", "", []string{"helper", "netrc", "work"}, []string{"https://git.example.org/", "https://registry.example.org:5000/"}},
		{"request", "", []string{"request", "work", "/user?q=secret"}, []string{"http://127.0.0.1:1/v4/user"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var urls []string
			serveAgent(t, func(w http.ResponseWriter, r *http.Request) {
				var answer any
				switch {
				case strings.HasPrefix(r.URL.Path, "/v1/hosts/"):
					answer = api.HostMatch{Name: "work"}
				case strings.HasSuffix(r.URL.Path, "/token"):
					urls = r.URL.Query()["url"]
					answer = tokens.Token{AccessToken: "at"}
				case r.URL.Path == "/v1/connections/work":
					answer = map[string]any{"name": "work", "config": map[string]any{"provider": "practice",
						"hosts":    []string{"git.example.org", "registry.example.org:5000", "git.example.org/acme"},
						"override": map[string]any{"api": map[string]any{"base": "http://127.0.0.1:1/v4"}}}}
				}
				json.NewEncoder(w).Encode(answer)
			})
			s := &shell{in: strings.NewReader(tt.in), out: io.Discard, err: t.Output(), now: time.Now}
			s.main(t.Context(), tt.args)
			if !slices.Equal(urls, tt.urls) {
				t.Errorf("the agent was told %q, want %q", urls, tt.urls)
			}
		})
	}
}

// serveAgent answers where commands look for the agent.
func serveAgent(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	path := apitest.Address(t.TempDir())
	l, err := apitest.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	t.Setenv("AUTHTRAY_SOCKET", path)
}
