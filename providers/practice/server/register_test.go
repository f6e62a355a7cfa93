package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

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
