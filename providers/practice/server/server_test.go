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

func TestRefreshRotates(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	first := connect(t, p, "ada")
	second := refresh(t, p, first.RefreshToken)
	if second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Fatal("refreshing gave no new pair")
	}
	if *second.ExpiresIn != 60 {
		t.Errorf("expires_in is %d, want 60", *second.ExpiresIn)
	}
	if !p.CurrentRefreshToken(second.RefreshToken) || p.CurrentRefreshToken(first.RefreshToken) {
		t.Error("the newest refresh token is not the current one")
	}
	grants := p.Grants()
	if len(grants) != 1 || grants[0].Hits != 1 || p.Hits(grants[0].ID) != 1 || p.TokenHits() != 2 {
		t.Errorf("hits are not counted: %+v, %d token requests", grants, p.TokenHits())
	}
}

func TestReusedRefreshTokenKillsTheFamily(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	first := connect(t, p, "ada")
	second := refresh(t, p, first.RefreshToken)
	wantInvalidGrant(t, refresh(t, p, first.RefreshToken))
	wantInvalidGrant(t, refresh(t, p, second.RefreshToken))
	wantStatus(t, api(t, p, "/api/notes", second.AccessToken), 401)
	if p.Grants()[0].Alive() {
		t.Error("the grant is still alive")
	}
}

func TestGraceLetsALostAnswerBeAskedForAgain(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now, Grace: 10 * time.Second})
	first := connect(t, p, "ada")
	refresh(t, p, first.RefreshToken) // lost
	c.pass(9 * time.Second)
	again := refresh(t, p, first.RefreshToken)
	if again.Status != 200 || !p.CurrentRefreshToken(again.RefreshToken) {
		t.Fatalf("within its grace the old refresh token is answered %d", again.Status)
	}
	c.pass(time.Second + 10*time.Second)
	wantInvalidGrant(t, refresh(t, p, first.RefreshToken))
}

func TestWithoutRotationTheRefreshTokenStays(t *testing.T) {
	p := practicetest.Start(t, server.Options{NoRotation: true})
	a := connect(t, p, "ada")
	for range 3 {
		if b := refresh(t, p, a.RefreshToken); b.Status != 200 || b.RefreshToken != "" {
			t.Fatalf("answer %d, new refresh token %t", b.Status, b.RefreshToken != "")
		}
	}
	p.Rotate(true)
	if b := refresh(t, p, a.RefreshToken); b.RefreshToken == "" {
		t.Error("rotation was not turned on")
	}
}

func TestConcurrentUseOfOneRefreshTokenGivesOnePair(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	a := connect(t, p, "ada")
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for range 8 {
		wg.Go(func() {
			b, err := p.Refresh(t.Context(), a.RefreshToken)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && b.Status == 200 {
				good++
			}
		})
	}
	wg.Wait()
	if good > 1 {
		t.Errorf("%d of 8 got tokens, want at most one", good)
	}
	if p.Grants()[0].Hits != 8 {
		t.Errorf("%d hits counted, want 8", p.Grants()[0].Hits)
	}
}

func TestRevocation(t *testing.T) {
	tests := []struct {
		name            string
		form            func(practicetest.Answer) url.Values
		status          int
		api, refreshing int
	}{
		{"refresh token ends everything", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.RefreshToken}, "token_type_hint": {"refresh_token"}, "client_id": {server.PublicClient}}
		}, 200, 401, 400},
		{"refresh token without a hint", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.RefreshToken}, "client_id": {server.PublicClient}}
		}, 200, 401, 400},
		{"refresh token with the wrong hint", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.RefreshToken}, "token_type_hint": {"access_token"}, "client_id": {server.PublicClient}}
		}, 200, 401, 400},
		{"access token ends itself only", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.AccessToken}, "token_type_hint": {"access_token"}, "client_id": {server.PublicClient}}
		}, 200, 401, 200},
		{"unknown token is no error", func(practicetest.Answer) url.Values {
			return url.Values{"token": {"nonsense"}, "client_id": {server.PublicClient}}
		}, 200, 200, 200},
		{"another client's token stays", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.RefreshToken}, "client_id": {server.PARClient}}
		}, 401, 200, 200},
		{"unknown client", func(a practicetest.Answer) url.Values {
			return url.Values{"token": {a.RefreshToken}, "client_id": {"nobody"}}
		}, 401, 200, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := practicetest.Start(t, server.Options{})
			a := connect(t, p, "ada")
			resp, err := http.PostForm(p.Issuer+"/revoke", tt.form(a))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			wantStatus(t, resp, tt.status)
			wantStatus(t, api(t, p, "/api/notes", a.AccessToken), tt.api)
			if b := refresh(t, p, a.RefreshToken); b.Status != tt.refreshing {
				t.Errorf("refreshing is answered %d, want %d", b.Status, tt.refreshing)
			}
		})
	}
}

func TestControlEndsGrantsAndTokens(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	ada, grace := connect(t, p, "ada"), connect(t, p, "grace")
	if n := p.Revoke("ada"); n != 1 {
		t.Errorf("%d grants of ada ended, want 1", n)
	}
	wantInvalidGrant(t, refresh(t, p, ada.RefreshToken))
	wantStatus(t, api(t, p, "/api/notes", ada.AccessToken), 401)
	p.RejectAccess(grace.AccessToken)
	wantStatus(t, api(t, p, "/api/notes", grace.AccessToken), 401)
	if b := refresh(t, p, grace.RefreshToken); b.Status != 200 {
		t.Errorf("refreshing after a rejected access token is answered %d", b.Status)
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

func TestNarrowerScopeIsForTheAccessTokenOnly(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	a := connect(t, p, "ada")
	narrow, err := p.Token(t.Context(), url.Values{
		"grant_type": {"refresh_token"}, "client_id": {server.PublicClient}, "refresh_token": {a.RefreshToken},
		"scope": {"openid"}, "resource": {"https://notes.example"},
	})
	if err != nil || narrow.Scope != "openid" {
		t.Fatalf("scope is %q (%v)", narrow.Scope, err)
	}
	whoami, _ := io.ReadAll(api(t, p, "/api/whoami", narrow.AccessToken).Body)
	if !strings.Contains(string(whoami), "https://notes.example") {
		t.Error("the resource is not the token's")
	}
	if full := refresh(t, p, narrow.RefreshToken); !strings.Contains(full.Scope, "offline_access") {
		t.Errorf("the grant became narrower too: %q", full.Scope)
	}
	wide, err := p.Token(t.Context(), url.Values{
		"grant_type": {"refresh_token"}, "client_id": {server.PublicClient}, "refresh_token": {a.RefreshToken}, "scope": {"notes.write"},
	})
	if err != nil || wide.Status != 400 {
		t.Errorf("a wider scope is answered %d (%v)", wide.Status, err)
	}
}

func TestCodeWorksOnceAndItsReuseEndsTheGrant(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	authorizeURL, verifier := p.AuthorizeURL("openid offline_access", nil)
	back := consent(t, authorizeURL)
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {server.PublicClient}, "redirect_uri": {practicetest.Redirect},
		"code": {back.Get("code")}, "code_verifier": {verifier},
	}
	first, err := p.Token(t.Context(), form)
	if err != nil || first.Status != 200 {
		t.Fatalf("the code is answered %d (%v)", first.Status, err)
	}
	second, err := p.Token(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	wantInvalidGrant(t, second)
	wantInvalidGrant(t, refresh(t, p, first.RefreshToken))
}

func TestCodeNeedsItsVerifierRedirectAndTime(t *testing.T) {
	tests := []struct {
		name   string
		change func(url.Values, *clock)
	}{
		{"wrong verifier", func(f url.Values, _ *clock) { f.Set("code_verifier", strings.Repeat("x", 43)) }},
		{"other redirect URI", func(f url.Values, _ *clock) { f.Set("redirect_uri", "http://127.0.0.1:1/callback") }},
		{"other client", func(f url.Values, _ *clock) { f.Set("client_id", server.PARClient) }},
		{"too late", func(_ url.Values, c *clock) { c.pass(time.Minute) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			p := practicetest.Start(t, server.Options{Now: c.now})
			authorizeURL, verifier := p.AuthorizeURL("openid", nil)
			form := url.Values{
				"grant_type": {"authorization_code"}, "client_id": {server.PublicClient}, "redirect_uri": {practicetest.Redirect},
				"code": {consent(t, authorizeURL).Get("code")}, "code_verifier": {verifier},
			}
			tt.change(form, c)
			a, err := p.Token(t.Context(), form)
			if err != nil {
				t.Fatal(err)
			}
			wantInvalidGrant(t, a)
		})
	}
}

// consent walks the pages as ada and gives the redirect's parameters.
func consent(t *testing.T, authorizeURL string) url.Values {
	t.Helper()
	to, err := practicetest.Consent(t.Context(), authorizeURL, "ada")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestAnswersToTheClientNameTheIssuer(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	good, _ := p.AuthorizeURL("openid", nil)
	bad, _ := p.AuthorizeURL("openid moon", nil)
	plain, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Set("code_challenge_method", "plain") })
	none, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Del("code_challenge") })
	silent, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Set("prompt", "none") })
	denied, err := practicetest.Deny(t.Context(), good, "ada")
	if err != nil {
		t.Fatal(err)
	}
	no, _ := url.Parse(denied)
	tests := []struct {
		name, err string
		got       url.Values
	}{
		{"allowed", "", consent(t, good)},
		{"denied", "access_denied", no.Query()},
		{"unknown scope", "invalid_scope", consent(t, bad)},
		{"plain PKCE", "invalid_request", consent(t, plain)},
		{"no PKCE", "invalid_request", consent(t, none)},
		{"no page wanted", "interaction_required", consent(t, silent)},
	}
	for _, tt := range tests {
		if tt.got.Get("iss") != p.Issuer || tt.got.Get("state") != "test-state" || tt.got.Get("error") != tt.err || tt.got.Has("code") != (tt.err == "") {
			t.Errorf("%s: redirect carries %v", tt.name, tt.got)
		}
	}
}

func TestRedirectURIs(t *testing.T) {
	tests := []struct {
		client, redirect string
		ok               bool
	}{
		{server.PublicClient, "http://127.0.0.1:1234/callback", true},
		{server.PublicClient, "http://[::1]:1234/callback", true},
		{server.PublicClient, "http://localhost:1234/callback", true},
		{server.PublicClient, "http://127.0.0.1:1234/other", false},
		{server.PublicClient, "http://10.0.0.1:1234/callback", false},
		{server.PublicClient, "https://evil.example/callback", false},
		{server.FixedClient, server.FixedRedirect, true},
		{server.FixedClient, "http://127.0.0.1:1234/callback", false},
		{server.PasteClient, server.PasteRedirect, true},
		{"nobody", "http://127.0.0.1:1234/callback", false},
	}
	p := practicetest.Start(t, server.Options{})
	for _, tt := range tests {
		authorizeURL, _ := p.AuthorizeURL("openid", func(q url.Values) {
			q.Set("client_id", tt.client)
			q.Set("redirect_uri", tt.redirect)
		})
		to, err := practicetest.Consent(t.Context(), authorizeURL, "ada")
		if ok := err == nil && strings.HasPrefix(to, tt.redirect+"?code="); ok != tt.ok {
			t.Errorf("%s with %s: allowed %t, want %t (%v)", tt.client, tt.redirect, ok, tt.ok, err)
		}
	}
}

func TestConfidentialClientMustShowItsSecret(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	tests := []struct {
		name, secret string
		basic        bool
		want         int
	}{
		{"in the body", server.ConfidentialSecret, false, 200},
		{"Basic", server.ConfidentialSecret, true, 200},
		{"wrong", "guess", false, 401},
		{"wrong Basic", "guess", true, 401},
		{"none", "", false, 401},
	}
	for _, tt := range tests {
		authorizeURL, verifier := p.AuthorizeURL("openid", func(q url.Values) { q.Set("client_id", server.ConfidentialClient) })
		form := url.Values{
			"grant_type": {"authorization_code"}, "redirect_uri": {practicetest.Redirect},
			"code": {consent(t, authorizeURL).Get("code")}, "code_verifier": {verifier},
		}
		if !tt.basic {
			form.Set("client_id", server.ConfidentialClient)
			form.Set("client_secret", tt.secret)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer+"/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if tt.basic {
			r.SetBasicAuth(server.ConfidentialClient, tt.secret)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.want || tt.want == 401 && !strings.Contains(string(body), `"invalid_client"`) {
			t.Errorf("%s: answered %d", tt.name, resp.StatusCode)
		}
	}
}

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
