package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// clock is a wall clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func connect(t *testing.T, p *practicetest.Provider, user string) practicetest.Answer {
	t.Helper()
	a, err := p.Connect(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func refresh(t *testing.T, p *practicetest.Provider, token string) practicetest.Answer {
	t.Helper()
	a, err := p.Refresh(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func api(t *testing.T, p *practicetest.Provider, path, token string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Issuer+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func wantStatus(t *testing.T, resp *http.Response, want int) {
	t.Helper()
	if resp.StatusCode != want {
		t.Errorf("%s is answered %d, want %d", resp.Request.URL.Path, resp.StatusCode, want)
	}
}

func wantInvalidGrant(t *testing.T, a practicetest.Answer) {
	t.Helper()
	if a.Status != 400 || a.Error != "invalid_grant" {
		t.Errorf("answer is %d %q, want 400 invalid_grant", a.Status, a.Error)
	}
}

func TestConnectGivesATokenThatOpensTheAPI(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	a := connect(t, p, "ada")
	if a.ExpiresIn == nil || *a.ExpiresIn != 60 {
		t.Errorf("expires_in is %v, want exactly 60", a.ExpiresIn)
	}
	if a.TokenType != "Bearer" || a.RefreshToken == "" || a.IDToken == "" {
		t.Errorf("token_type %q, refresh token %t, id token %t", a.TokenType, a.RefreshToken != "", a.IDToken != "")
	}
	if got := a.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of a token answer is %q", got)
	}
	resp := api(t, p, "/api/whoami", a.AccessToken)
	wantStatus(t, resp, 200)
	var who struct{ Sub, Email, Grant string }
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil || who.Sub != "ada" || who.Email != "ada@practice.example" {
		t.Errorf("whoami says %+v (%v)", who, err)
	}
	wantStatus(t, api(t, p, "/api/notes", a.AccessToken), 200)
	wantStatus(t, api(t, p, "/userinfo", a.AccessToken), 200)
}

func TestDeadTokenIsA401WithAChallenge(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	a := connect(t, p, "ada")
	c.pass(60 * time.Second)
	for _, path := range []string{"/api/notes", "/api/whoami", "/userinfo"} {
		resp := api(t, p, path, a.AccessToken)
		wantStatus(t, resp, 401)
		if got := resp.Header.Get("WWW-Authenticate"); !strings.Contains(got, `error="invalid_token"`) {
			t.Errorf("%s: challenge is %q", path, got)
		}
	}
	bare := api(t, p, "/api/notes", "")
	wantStatus(t, bare, 401)
	if got := bare.Header.Get("WWW-Authenticate"); got != `Bearer realm="practice"` {
		t.Errorf("challenge without a token is %q", got)
	}
}

func TestLifetimeIsWhatExpiresInSays(t *testing.T) {
	tests := []struct {
		name     string
		lifetime time.Duration
		want     *int
	}{{"10 s", 10 * time.Second, ptr(10)}, {"an hour", time.Hour, ptr(3600)}, {"never", server.Never, nil}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			p := practicetest.Start(t, server.Options{Now: c.now})
			a := connect(t, p, "ada")
			p.SetLifetime(tt.lifetime)
			b := refresh(t, p, a.RefreshToken)
			if (b.ExpiresIn == nil) != (tt.want == nil) || tt.want != nil && *b.ExpiresIn != *tt.want {
				t.Fatalf("expires_in is %v", b.ExpiresIn)
			}
			if tt.want == nil {
				c.pass(1000 * time.Hour)
				wantStatus(t, api(t, p, "/api/notes", b.AccessToken), 200)
				return
			}
			c.pass(tt.lifetime - time.Second)
			wantStatus(t, api(t, p, "/api/notes", b.AccessToken), 200)
			c.pass(time.Second)
			wantStatus(t, api(t, p, "/api/notes", b.AccessToken), 401)
		})
	}
}

func ptr(n int) *int { return &n }

func TestTokenEndpointRefusals(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	tests := []struct {
		name   string
		form   url.Values
		status int
		code   string
	}{
		{"unknown client", url.Values{"grant_type": {"refresh_token"}, "client_id": {"nobody"}, "refresh_token": {"x"}}, 401, "invalid_client"},
		{"unknown refresh token", url.Values{"grant_type": {"refresh_token"}, "client_id": {server.PublicClient}, "refresh_token": {"x"}}, 400, "invalid_grant"},
		{"no refresh token", url.Values{"grant_type": {"refresh_token"}, "client_id": {server.PublicClient}}, 400, "invalid_request"},
		{"unknown grant type", url.Values{"grant_type": {"password"}, "client_id": {server.PublicClient}}, 400, "unsupported_grant_type"},
		{"empty", url.Values{}, 400, "invalid_request"},
	}
	for _, tt := range tests {
		a, err := p.Token(t.Context(), tt.form)
		if err != nil || a.Status != tt.status || a.Error != tt.code {
			t.Errorf("%s: answered %d %q (%v), want %d %q", tt.name, a.Status, a.Error, err, tt.status, tt.code)
		}
	}
}

func TestMetadataTellsWhatIsThere(t *testing.T) {
	p := practicetest.Start(t, server.Options{RequirePAR: true})
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		var m map[string]any
		if err := json.NewDecoder(api(t, p, path, "").Body).Decode(&m); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token",
			"revocation_endpoint": p.Issuer + "/revoke", "userinfo_endpoint": p.Issuer + "/userinfo",
			"device_authorization_endpoint": p.Issuer + "/device_authorization", "registration_endpoint": p.Issuer + "/register",
			"pushed_authorization_request_endpoint": p.Issuer + "/par", "require_pushed_authorization_requests": true,
			"authorization_response_iss_parameter_supported": true,
		}
		for k, v := range want {
			if m[k] != v {
				t.Errorf("%s: %s is %v, want %v", path, k, m[k], v)
			}
		}
		methods, _ := m["token_endpoint_auth_methods_supported"].([]any)
		if !slices.Contains(methods, any("none")) {
			t.Errorf("%s: auth methods are %v", path, methods)
		}
	}
}

func TestAPIWantsScopesAndEchoesNoToken(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	a := connect(t, p, "ada")
	send := func(method, path, body string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, p.Issuer+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+a.AccessToken)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		out, _ := io.ReadAll(resp.Body)
		return resp, string(out)
	}
	resp, _ := send(http.MethodPost, "/api/notes", "{}")
	if resp.StatusCode != 403 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `scope="notes.write"`) {
		t.Errorf("writing without the scope is answered %d, %q", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	resp, body := send(http.MethodPost, "/api/echo?a=b", "hello")
	if resp.StatusCode != 200 || !strings.Contains(body, `"body":"hello"`) || !strings.Contains(body, `"query":"a=b"`) {
		t.Errorf("echo is answered %d %s", resp.StatusCode, body)
	}
	if strings.Contains(body, a.AccessToken) {
		t.Error("echo gives the token away")
	}
}
