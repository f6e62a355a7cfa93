package server_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

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
