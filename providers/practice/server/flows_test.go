package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// person is a browser that signed in as ada.
func person(t *testing.T, p *practicetest.Provider) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	resp, err := c.PostForm(p.Issuer+"/signin?next=/account", url.Values{"username": {"ada"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Request.URL.Path != "/account" {
		t.Fatalf("signing in leads to %s", resp.Request.URL)
	}
	return c
}

func page(t *testing.T, c *http.Client, to string) string {
	t.Helper()
	resp, err := c.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func TestRemoveAccessKillsTheGrantAtOnce(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	ada, again, grace := connect(t, p, "ada"), connect(t, p, "ada"), connect(t, p, "grace")
	c := person(t, p)
	if body := page(t, c, p.Issuer+"/account"); !strings.Contains(body, `id="remove-access"`) || !strings.Contains(body, "2 connections") {
		t.Error("the account page does not list the app")
	}
	resp, err := c.PostForm(p.Issuer+"/account/remove", url.Values{"client": {server.PublicClient}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, a := range []practicetest.Answer{ada, again} {
		wantStatus(t, api(t, p, "/api/notes", a.AccessToken), 401)
		wantInvalidGrant(t, refresh(t, p, a.RefreshToken))
	}
	wantStatus(t, api(t, p, "/api/notes", grace.AccessToken), 200)
	if body := page(t, c, p.Issuer+"/account"); !strings.Contains(body, `id="no-apps"`) {
		t.Error("the account page still lists an app")
	}
}

func TestOtherSitesCannotRemoveAccess(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	a := connect(t, p, "ada")
	c := person(t, p)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Issuer+"/account/remove", strings.NewReader("client="+server.PublicClient))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://evil.example")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	wantStatus(t, resp, 403)
	wantStatus(t, api(t, p, "/api/notes", a.AccessToken), 200)
}

func TestLoginHintAndPromptAskWhoSignsIn(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	tests := []struct {
		name, key, value, want string
	}{
		{"nothing asked", "", "", "/consent"},
		{"hint of the same person", "login_hint", "ada", "/consent"},
		{"hint of another", "login_hint", "grace@practice.example", "/signin"},
		{"sign in again", "prompt", "login", "/signin"},
		{"choose", "prompt", "select_account", "/signin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := person(t, p)
			authorizeURL, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Set(tt.key, tt.value) })
			resp, err := c.Get(authorizeURL)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.Request.URL.Path != tt.want {
				t.Fatalf("leads to %s, want %s", resp.Request.URL.Path, tt.want)
			}
			if tt.want == "/signin" {
				resp, err = c.PostForm(resp.Request.URL.String(), url.Values{"username": {"grace"}})
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.Request.URL.Path != "/consent" {
					t.Errorf("signing in leads to %s", resp.Request.URL.Path)
				}
			}
		})
	}
}

func TestPagesEscapeWhatClientsSay(t *testing.T) {
	p := practicetest.Start(t, server.Options{Clients: []server.Client{{
		ID: "odd", Name: "<script>alert(1)</script>", RedirectURIs: []string{"http://127.0.0.1/callback"}, AnyPort: true,
	}}})
	authorizeURL, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Set("client_id", "odd") })
	body := page(t, person(t, p), authorizeURL)
	if strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") || !strings.Contains(body, `id="allow"`) {
		t.Error("the consent page does not escape the client's name")
	}
}

// device begins RFC 8628 for the public client.
func device(t *testing.T, p *practicetest.Provider) (deviceCode, complete string) {
	t.Helper()
	resp, err := http.PostForm(p.Issuer+"/device_authorization", url.Values{"client_id": {server.PublicClient}, "scope": {"openid offline_access"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var d struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		URI        string `json:"verification_uri"`
		Complete   string `json:"verification_uri_complete"`
		ExpiresIn  int    `json:"expires_in"`
		Interval   int    `json:"interval"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	if d.URI != p.Issuer+"/device" || len(d.UserCode) != 9 || d.ExpiresIn != 600 || d.Interval != 5 {
		t.Fatalf("device answer: %s, %s, %d, %d", d.URI, d.UserCode, d.ExpiresIn, d.Interval)
	}
	return d.DeviceCode, d.Complete
}

func poll(t *testing.T, p *practicetest.Provider, deviceCode string) practicetest.Answer {
	t.Helper()
	a, err := p.Token(t.Context(), url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {server.PublicClient}, "device_code": {deviceCode},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func wantError(t *testing.T, a practicetest.Answer, want string) {
	t.Helper()
	if a.Status != 400 || a.Error != want {
		t.Errorf("answered %d %q, want 400 %q", a.Status, a.Error, want)
	}
}

func TestDeviceFlow(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	code, complete := device(t, p)
	wantError(t, poll(t, p, code), "authorization_pending")
	wantError(t, poll(t, p, code), "slow_down")
	if err := practicetest.ApproveDevice(t.Context(), complete, "grace"); err != nil {
		t.Fatal(err)
	}
	c.pass(5 * time.Second)
	a := poll(t, p, code)
	if a.Status != 200 || a.RefreshToken == "" || *a.ExpiresIn != 60 || p.Grants()[0].User != "grace" {
		t.Fatalf("an approved device is answered %d %q", a.Status, a.Error)
	}
	wantStatus(t, api(t, p, "/api/notes", a.AccessToken), 200)
	c.pass(5 * time.Second)
	wantError(t, poll(t, p, code), "invalid_grant")
}

func TestDeviceFlowEndsOtherwise(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	denied, complete := device(t, p)
	if err := practicetest.DenyDevice(t.Context(), complete, "ada"); err != nil {
		t.Fatal(err)
	}
	wantError(t, poll(t, p, denied), "access_denied")
	forgotten, _ := device(t, p)
	c.pass(10 * time.Minute)
	wantError(t, poll(t, p, forgotten), "expired_token")
	wantError(t, poll(t, p, "nonsense"), "invalid_grant")
	if err := practicetest.ApproveDevice(t.Context(), p.Issuer+"/device?user_code=XXXX-XXXX", "ada"); err == nil {
		t.Error("an unknown code was approved")
	}
}

// pushedURL pushes an authorization request and gives the URL to open.
func pushedURL(t *testing.T, p *practicetest.Provider, clientID string) (authorizeURL, verifier string) {
	t.Helper()
	plain, verifier := p.AuthorizeURL("openid offline_access", func(q url.Values) { q.Set("client_id", clientID) })
	u, _ := url.Parse(plain)
	resp, err := http.PostForm(p.Issuer+"/par", u.Query())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != 201 || out.ExpiresIn != 60 {
		t.Fatalf("pushing is answered %d (%v)", resp.StatusCode, err)
	}
	q := url.Values{"client_id": {clientID}, "request_uri": {out.RequestURI}}
	return p.Issuer + "/authorize?" + q.Encode(), verifier
}

func TestPushedRequests(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	plain, _ := p.AuthorizeURL("openid", func(q url.Values) { q.Set("client_id", server.PARClient) })
	if _, err := practicetest.Consent(t.Context(), plain, "ada"); err == nil {
		t.Error("a client that must push was let through without")
	}
	good, verifier := pushedURL(t, p, server.PARClient)
	back := consent(t, good)
	a, err := p.Token(t.Context(), url.Values{
		"grant_type": {"authorization_code"}, "client_id": {server.PARClient}, "redirect_uri": {practicetest.Redirect},
		"code": {back.Get("code")}, "code_verifier": {verifier},
	})
	if err != nil || a.Status != 200 || back.Get("state") != "test-state" {
		t.Fatalf("a pushed request ends with %d %q (%v)", a.Status, a.Error, err)
	}
	if _, err := practicetest.Consent(t.Context(), good, "ada"); err == nil {
		t.Error("a request_uri worked twice")
	}
	late, _ := pushedURL(t, p, server.PARClient)
	c.pass(time.Minute)
	if _, err := practicetest.Consent(t.Context(), late, "ada"); err == nil {
		t.Error("a request_uri worked after its time")
	}
	foreign, _ := pushedURL(t, p, server.PARClient)
	if _, err := practicetest.Consent(t.Context(), strings.Replace(foreign, server.PARClient, server.PublicClient, 1), "ada"); err == nil {
		t.Error("a request_uri worked for another client")
	}
}

func TestPushingIsForKnownClients(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	tests := []struct {
		name   string
		form   url.Values
		status int
	}{
		{"unknown client", url.Values{"client_id": {"nobody"}, "redirect_uri": {practicetest.Redirect}}, 401},
		{"wrong secret", url.Values{"client_id": {server.ConfidentialClient}, "client_secret": {"guess"}, "redirect_uri": {practicetest.Redirect}}, 401},
		{"foreign redirect", url.Values{"client_id": {server.PublicClient}, "redirect_uri": {"https://evil.example/"}}, 400},
		{"nested", url.Values{"client_id": {server.PublicClient}, "redirect_uri": {practicetest.Redirect}, "request_uri": {"urn:x"}}, 400},
	}
	for _, tt := range tests {
		resp, err := http.PostForm(p.Issuer+"/par", tt.form)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%s is answered %d, want %d", tt.name, resp.StatusCode, tt.status)
		}
	}
}

func enroll(t *testing.T, p *practicetest.Provider, body string) (int, map[string]any) {
	t.Helper()
	resp, err := http.Post(p.Issuer+"/register", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, out
}

func TestRegisteredClientConnectsUntilItIsForgotten(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	status, out := enroll(t, p, `{"client_name":"Tool","redirect_uris":["http://127.0.0.1:1/callback"],"token_endpoint_auth_method":"none","application_type":"native"}`)
	id, _ := out["client_id"].(string)
	if status != 201 || id == "" || out["client_secret"] != nil || out["token_endpoint_auth_method"] != "none" {
		t.Fatalf("registering is answered %d %v", status, out)
	}
	authorizeURL, verifier := p.AuthorizeURL("openid offline_access", func(q url.Values) { q.Set("client_id", id) })
	a, err := p.Token(t.Context(), url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "redirect_uri": {practicetest.Redirect},
		"code": {consent(t, authorizeURL).Get("code")}, "code_verifier": {verifier},
	})
	if err != nil || a.Status != 200 {
		t.Fatalf("connecting ends with %d %q (%v)", a.Status, a.Error, err)
	}
	p.ForgetClient(id)
	b, err := p.Token(t.Context(), url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {a.RefreshToken}})
	if err != nil || b.Status != 401 || b.Error != "invalid_client" {
		t.Errorf("a forgotten client is answered %d %q (%v)", b.Status, b.Error, err)
	}
}

func TestRegistrationGivesSecretsAndRefusesNonsense(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	if status, out := enroll(t, p, `{"redirect_uris":["https://a.example/cb"]}`); status != 201 || out["client_secret"] == nil || out["client_secret_expires_at"] != 0.0 {
		t.Errorf("answered %d, secret given %t", status, out["client_secret"] != nil)
	}
	for body, code := range map[string]string{
		`nonsense`:             "invalid_client_metadata",
		`{"redirect_uris":[]}`: "invalid_redirect_uri",
		`{"redirect_uris":["http://evil.example/"]}`: "invalid_redirect_uri",
	} {
		if status, out := enroll(t, p, body); status != 400 || out["error"] != code {
			t.Errorf("%s is answered %d %v", body, status, out["error"])
		}
	}
}

func TestStateOutlivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	before := practicetest.Start(t, server.Options{State: file})
	a := connect(t, before, "ada")
	b := refresh(t, before, a.RefreshToken)
	after := practicetest.Start(t, server.Options{State: file})
	wantStatus(t, api(t, after, "/api/notes", b.AccessToken), 200)
	if got := after.Grants()[0].Hits; got != 1 {
		t.Errorf("%d hits after the restart, want 1", got)
	}
	if c := refresh(t, after, b.RefreshToken); c.Status != 200 {
		t.Errorf("refreshing after the restart is answered %d %q", c.Status, c.Error)
	}
	wantInvalidGrant(t, refresh(t, after, a.RefreshToken))
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Contains(raw, []byte(a.RefreshToken)) || bytes.Contains(raw, []byte(b.AccessToken)) {
		t.Errorf("the state file holds a token, or cannot be read (%v)", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state file's mode is %v (%v)", info.Mode(), err)
	}
}

func TestDamagedStateIsNamed(t *testing.T) {
	for _, content := range []string{"{", `{"version":9}`, `{"version":1}`} {
		file := filepath.Join(t.TempDir(), "state.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := server.New(server.Options{Issuer: "http://127.0.0.1:1", State: file})
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("%s: error is %v", content, err)
		}
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	p := practicetest.Start(t, server.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	a := connect(t, p, "ada")
	b := refresh(t, p, a.RefreshToken)
	refresh(t, p, a.RefreshToken)
	if !strings.Contains(log.String(), "access granted") || !strings.Contains(log.String(), "used twice") {
		t.Fatal("the log says nothing")
	}
	for _, secret := range []string{a.AccessToken, a.RefreshToken, a.IDToken, b.AccessToken, b.RefreshToken, "test-state"} {
		if strings.Contains(log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
}
