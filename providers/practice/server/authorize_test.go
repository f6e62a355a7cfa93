package server_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

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
