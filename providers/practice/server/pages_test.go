package server_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

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
