package providers

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestBrowserFlowBringsTokensAccountAndBinding(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	resp, page := browse(t, redirect(t, f, "code", "c-1"))
	if resp.StatusCode != 200 || !strings.Contains(page, "<h1>Connected</h1>") || !strings.Contains(page, "connected to Testhub as ada.") {
		t.Errorf("page %d:\n%s", resp.StatusCode, page)
	}
	r, err := w.wait(f)
	if err != nil {
		t.Fatal(err)
	}
	if r.Answer.AccessToken != "at-1" || r.Answer.RefreshToken != "rt-1" || r.Account != (Account{"42", "ada"}) {
		t.Errorf("result %+v", r)
	}
	if r.Binding.ClientID != "cid" || len(r.Binding.Origins) != 1 || r.Binding.Origins[0] != w.server.URL {
		t.Errorf("binding %+v", r.Binding)
	}
}

func TestFlowKeepsWhatTheRedirectBrings(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.Tokens.KeepCallback = []string{"realmId"}
	f := w.begin(AuthorizeOptions{})
	browse(t, redirect(t, f, "code", "c-1", "realmId", "4620816365"))
	r, err := w.wait(f)
	if err != nil || string(r.Answer.Extra["realmId"]) != `"4620816365"` {
		t.Errorf("%v %s", err, r.Answer.Extra["realmId"])
	}
}

func TestStateAndVerifierAreFreshAndTheChallengeIsS256(t *testing.T) {
	w := newFlowWorld(t)
	f, g := w.begin(AuthorizeOptions{}), w.begin(AuthorizeOptions{})
	state := asked(t, f).Get("state")
	if raw, err := base64.RawURLEncoding.DecodeString(state); err != nil || len(raw) != 32 {
		t.Errorf("state %q is not 256 bits", state)
	}
	if state == asked(t, g).Get("state") || f.code.verifier == g.code.verifier {
		t.Error("two flows share a secret")
	}
	browse(t, redirect(t, f, "code", "c-1"))
	form := w.sent("/token")[0]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if q := asked(t, f); q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("challenge %q does not belong to verifier %q", q.Get("code_challenge"), form.Get("code_verifier"))
	}
	if form.Get("code") != "c-1" || form.Get("redirect_uri") != f.RedirectURI() || form.Get("grant_type") != "authorization_code" {
		t.Errorf("token request %v", form)
	}
}

func TestWithoutPKCENeitherChallengeNorVerifierIsSent(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.AuthorizeOpts.PKCE = "off"
	f := w.begin(AuthorizeOptions{})
	browse(t, redirect(t, f, "code", "c-1"))
	if q := asked(t, f); q.Has("code_challenge") || q.Has("code_challenge_method") || w.sent("/token")[0].Has("code_verifier") {
		t.Error("PKCE was spoken")
	}
}

func TestWhatAFlowMayAskForReachesTheProvider(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.AuthorizeOpts = catalog.AuthorizeRules{
		Scopes: []string{"default"}, ScopesForRefresh: []string{"offline_access"}, SwitchAccount: map[string]string{"prompt": "select_account"},
	}
	f := w.begin(AuthorizeOptions{LoginHint: "ada@example.org", SwitchAccount: true, Scopes: []string{"a", "b"}, Resource: "https://mcp.example/"})
	q := asked(t, f)
	for name, want := range map[string]string{
		"scope": "a b", "login_hint": "ada@example.org", "prompt": "select_account",
		"resource": "https://mcp.example/", "response_type": "code", "client_id": "cid",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	browse(t, redirect(t, f, "code", "c-1"))
	if got := w.sent("/token")[0].Get("resource"); got != "https://mcp.example/" {
		t.Errorf("the token request is for resource %q", got)
	}
}

func TestASecondVisitSaysAlreadyConnectedAndSendsNothing(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	browse(t, good)
	if _, page := browse(t, good); !strings.Contains(page, "Already connected") {
		t.Errorf("page:\n%s", page)
	}
	if _, page := browse(t, redirect(t, f, "code", "another")); !strings.Contains(page, "Already connected") {
		t.Errorf("a used state was good for another code:\n%s", page)
	}
	if n := len(w.sent("/token")); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

func TestAnswersThatArriveTogetherMakeOneTokenRequest(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { browse(t, good) })
	}
	group.Wait()
	if _, err := w.wait(f); err != nil || len(w.sent("/token")) != 1 {
		t.Errorf("%d token requests, %v", len(w.sent("/token")), err)
	}
}

func TestNotKnowingWhoseTokenItIsCostsNothing(t *testing.T) {
	w := newFlowWorld(t)
	w.on("/me", says(500, "<html>"))
	f := w.begin(AuthorizeOptions{})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	r, err := w.wait(f)
	if err != nil || r.Account != (Account{}) || r.Answer.AccessToken != "at-1" || !strings.Contains(page, "connected to Testhub.") {
		t.Errorf("%+v, %v\n%s", r, err, page)
	}
}

func TestAHostileAccountNameIsShownAsText(t *testing.T) {
	w := newFlowWorld(t)
	w.on("/me", says(200, compactJSON(t, map[string]any{"id": 1, "login": "<img src=x onerror=alert(1)>\u202e\n" + strings.Repeat("long", 500)})))
	f := w.begin(AuthorizeOptions{})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	if strings.Contains(page, "<img") || strings.Contains(page, "\u202e") || len(page) > 8000 || !strings.Contains(page, "&lt;img src=x") {
		t.Errorf("page:\n%s", page)
	}
}

func TestTheOwnerMayRefuseTheTokensAndThePageSaysSo(t *testing.T) {
	w := newFlowWorld(t)
	other := errors.New("You signed in as ada, but this connection was bob's.")
	f := w.begin(AuthorizeOptions{Accept: func(_ context.Context, r Result) error {
		if r.Account.Label != "ada" || r.Answer.AccessToken != "at-1" {
			t.Errorf("asked about %+v", r)
		}
		return other
	}})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	if r, err := w.wait(f); err != other || r.Answer.AccessToken != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if !strings.Contains(page, "You signed in as ada") || strings.Contains(page, "Connected") {
		t.Errorf("page:\n%s", page)
	}
}

func TestNonceIsSentWithOpenIDAndComparedWhereTheIDTokenIsKept(t *testing.T) {
	for name, tt := range map[string]struct {
		scopes []string
		kept   bool
		nonce  func(sent string) string // of the ID token
		ok     bool
	}{
		"the one sent":       {[]string{"openid"}, true, func(sent string) string { return sent }, true},
		"another":            {[]string{"openid"}, true, func(string) string { return "another" }, false},
		"another, not kept":  {[]string{"openid"}, false, func(string) string { return "another" }, true},
		"none in the answer": {[]string{"openid"}, true, func(string) string { return "" }, true},
		"without openid":     {[]string{"read"}, true, func(string) string { return "" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFlowWorld(t)
			w.conn.Scopes, w.conn.KeepIDToken = tt.scopes, tt.kept
			f := w.begin(AuthorizeOptions{})
			sent := asked(t, f).Get("nonce")
			if (sent != "") != (tt.scopes[0] == "openid") {
				t.Fatalf("the nonce sent is %q", sent)
			}
			w.on("/token", says(200, `{"access_token":"at-1","token_type":"Bearer","id_token":"`+idToken(`{"sub":"s","nonce":"`+tt.nonce(sent)+`"}`)+`"}`))
			browse(t, redirect(t, f, "code", "c-1"))
			if _, err := w.wait(f); (err == nil) != tt.ok {
				t.Errorf("%v", err)
			}
		})
	}
}
