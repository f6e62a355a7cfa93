package api

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// A connection may be changed between the questions which one answers for a host, and
// for its token, so the place is said with the latter.
func TestHelpersAnswerToolsInTheirOwnLanguage(t *testing.T) {
	for _, c := range []struct {
		tool, said string
		err        error
		status     int
		told       string
		place      []string
	}{
		{"git", "protocol=https\nhost=git.example.org\npath=acme/x.git\n\n", nil, 200,
			"username=oauth2\npassword=at-1\n", []string{"https://git.example.org/acme/x.git"}},
		{"git", "protocol=http\nhost=localhost:3000\nusername=ada\n\n", nil, 200, "username=ada\npassword=at-1\n", []string{"https://localhost:3000/"}},
		{"git", "protocol=http\nhost=git.example.org\n\n", nil, 200, "", nil},
		{"git", "", nil, 200, "", nil},
		{"git", "protocol=https\nhost=git.example.org\n\n", &tokens.Error{Code: tokens.CodeUnknownConnection}, 200, "", nil},
		{"git", "protocol=https\nhost=git.example.org\n\n", &tokens.Error{Code: tokens.CodeReconnectRequired}, 409, "", nil},
		{"docker", "registry.example.org:5000", nil, 200,
			`{"ServerURL":"registry.example.org:5000","Username":"oauth2","Secret":"at-1"}` + "\n", []string{"https://registry.example.org:5000/"}},
		{"docker", "http://registry.example.org", nil, 404, "", nil},
		{"docker", " ", nil, 400, "", nil},
		{"docker", "ghcr.io", &tokens.Error{Code: tokens.CodeUnknownConnection}, 404, "", nil},
		{"kubectl/work", "client.authentication.k8s.io/v1", nil, 200,
			`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{},"status":{"token":"at-1"}}` + "\n", nil},
		{"kubectl/work", "client.authentication.k8s.io/v9", nil, 400, "", nil},
		{"kubectl/work", "", nil, 400, "", nil},
		{"svn", "", nil, 404, "", nil},
	} {
		f := newFake()
		f.err = c.err
		w := httptest.NewRecorder()
		NewServer(f, quiet).ServeHTTP(w, httptest.NewRequest("POST", "/v1/helpers/"+c.tool, strings.NewReader(c.said)))
		text := strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain")
		if w.Code != c.status || text != (c.status == 200) || text && w.Body.String() != c.told || !slices.Equal(f.place.URLs, c.place) {
			t.Errorf("%s, %q: %d %s %q, for %q", c.tool, c.said, w.Code, w.Header().Get("Content-Type"), w.Body, f.place.URLs)
		}
	}
}

func TestStatusIsGivenAsTheCommandPrintsIt(t *testing.T) {
	r := httptest.NewRequest("GET", "/v1/connections", nil)
	r.Header.Set("Accept", "text/plain")
	w := httptest.NewRecorder()
	NewServer(newFake(), quiet).ServeHTTP(w, r)
	want := "NAME   PROVIDER   ACCOUNT   STATE         TOKEN\nwork   practice   –         ● connected   –\n"
	if w.Body.String() != want || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%q", w.Body)
	}
}

// TestExpiryOfATokenThatIsLeftToCallers: that it has ended is no matter of anybody's
// until somebody asks.
func TestExpiryOfATokenThatIsLeftToCallers(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	soon, ended := now.Add(2*time.Minute), now.Add(-2*time.Minute)
	for _, tt := range []struct {
		name string
		st   tokens.Status
		want string
	}{
		{"it is good", tokens.Status{State: tokens.Connected, Refreshable: true, OnDemand: true, ExpiresAt: &soon}, "expires in 2 min"},
		{"it has ended", tokens.Status{State: tokens.Connected, Refreshable: true, OnDemand: true, ExpiresAt: &ended}, "renewed when asked for"},
		{"renewing it fails", tokens.Status{State: tokens.Retrying, Refreshable: true, OnDemand: true, ExpiresAt: &ended}, "expired 2 min ago"},
		{"there is no refresh token", tokens.Status{State: tokens.Connected, OnDemand: true, ExpiresAt: &ended}, "expired 2 min ago"},
		{"Authtray renews it", tokens.Status{State: tokens.Connected, Refreshable: true, ExpiresAt: &ended}, "expired 2 min ago"},
		{"it never expires", tokens.Status{State: tokens.Connected, Refreshable: true, OnDemand: true, NeverExpires: true}, "never expires"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Expiry(tt.st, now); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatusTellsWhatIsTheMatterAndWhatToDo(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dead := Connection{Status: tokens.Status{Name: "work", State: tokens.ReconnectRequired, Detail: "GitHub says\x1b access was revoked.", Said: "no"}}
	got := StatusText([]Connection{dead}, []string{"No tray\x07 host."}, now)
	for _, want := range []string{"✖", "\nwork: GitHub says", `(it said "no"); run: authtray connect work` + "\n", "\nNote: No tray"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.ContainsAny(got, "\x1b\x07") {
		t.Errorf("a terminal obeys %q", got)
	}
	asked := Connection{Status: tokens.Status{Name: "work", State: tokens.Connected}, Question: "g\x1bh: allow the token of work?"}
	if got := StatusText([]Connection{asked}, nil, now); !strings.HasSuffix(got, "\nwork: gh: allow the token of work? Answer in the notification, or in the menu of the Authtray icon.\n") {
		t.Errorf("%q", got)
	}
	if got := StatusText(nil, nil, now); !strings.Contains(got, "authtray add") {
		t.Errorf("%q", got)
	}
}
