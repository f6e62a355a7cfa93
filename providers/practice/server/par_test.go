package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

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
