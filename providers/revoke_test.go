package providers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// revocable is a client of a provider at p with these revocation rules.
func revocable(t *testing.T, p *record, rules catalog.RevokeRules, changes ...func(*catalog.Connection, *ClientOptions)) *Client {
	t.Helper()
	e := testEntry(p.URL)
	rules.URL = strings.ReplaceAll(rules.URL, "BASE", p.URL)
	e.Revoke, e.Links.UserRevoke = rules, "https://acme.example/apps/{client_id}"
	e.Client.Secret = "optional"
	return testClient(t, e, changes...)
}

func TestWhichTokensAreRevoked(t *testing.T) {
	for _, tt := range []struct {
		rule, refresh string
		want          string
	}{
		{"", "r", "r/refresh_token"}, {"", "", "a/access_token"}, {"refresh", "r", "r/refresh_token"},
		{"access", "r", "a/access_token"}, {"both", "r", "r/refresh_token a/access_token"}, {"both", "", "a/access_token"},
	} {
		p := newRecord(t, answers(200, ""))
		c := revocable(t, p, catalog.RevokeRules{URL: "BASE/revoke", Token: tt.rule})
		if err := c.Revoke(t.Context(), Revocation{AccessToken: "a", RefreshToken: tt.refresh, Binding: bindingOf(t, c)}); err != nil {
			t.Error(err)
		}
		var got []string
		for _, r := range p.requests() {
			got = append(got, r.form.Get("token")+"/"+r.form.Get("token_type_hint"))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestRevocationInEachStyle(t *testing.T) {
	for _, tt := range []struct {
		rules                    catalog.RevokeRules
		secret                   string
		method, path, auth, body string
	}{
		{catalog.RevokeRules{URL: "BASE/revoke"}, "s", "POST", "/revoke", "", "client_id=the+client&client_secret=s&token=r&token_type_hint=refresh_token"},
		{catalog.RevokeRules{URL: "BASE/revoke", Auth: "none"}, "s", "POST", "/revoke", "", "token=r&token_type_hint=refresh_token"},
		{catalog.RevokeRules{URL: "BASE/revoke", Auth: "bearer"}, "", "POST", "/revoke", "Bearer a", "token=r&token_type_hint=refresh_token"},
		{catalog.RevokeRules{URL: "BASE/revoke", Style: "bearer_post"}, "", "POST", "/revoke", "Bearer a", ""},
		{catalog.RevokeRules{URL: "BASE/me/permissions", Style: "delete"}, "", "DELETE", "/me/permissions", "Bearer a", ""},
		{catalog.RevokeRules{URL: "BASE/tokens/{refresh_token}", Style: "delete"}, "", "DELETE", "/tokens/r", "Bearer a", ""},
		{catalog.RevokeRules{URL: "BASE/applications/{client_id}/token", Style: "github_app"}, "s", "DELETE", "/applications/the client/token", "Basic dGhlK2NsaWVudDpz", `{"access_token":"a"}`},
	} {
		p := newRecord(t, answers(204, ""))
		c := revocable(t, p, tt.rules, withSecret(tt.secret))
		if err := c.Revoke(t.Context(), Revocation{AccessToken: "a", RefreshToken: "r", Binding: bindingOf(t, c)}); err != nil {
			t.Errorf("%+v: %v", tt.rules, err)
			continue
		}
		if got := p.requests()[0]; got.method != tt.method || got.path != tt.path || got.auth != tt.auth || got.body != tt.body {
			t.Errorf("%+v: %+v", tt.rules, got)
		}
	}
}

func TestWhereThereIsNoWayToRevokeTheUserIsToldWhere(t *testing.T) {
	p := newRecord(t, answers(200, ""))
	for name, c := range map[string]*Client{
		"no URL":                      revocable(t, p, catalog.RevokeRules{}),
		"style none":                  revocable(t, p, catalog.RevokeRules{URL: "BASE/revoke", Style: "none"}),
		"github without a secret":     revocable(t, p, catalog.RevokeRules{URL: "BASE/x", Style: "github_app"}),
		"bearer without access token": revocable(t, p, catalog.RevokeRules{URL: "BASE/x", Style: "bearer_post"}),
	} {
		err := c.Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: bindingOf(t, c)})
		if f := failureOf(t, err); f.Code != CodeNoRevocation || f.Detail != "To end access at Acme as well, remove it at https://acme.example/apps/the%20client" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if n := len(p.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestWhatCountsAsRevoked(t *testing.T) {
	slack := refusal.ErrorRules{OKField: "ok", Reconnect: []string{"* account_inactive"}}
	for _, tt := range []struct {
		rules  refusal.ErrorRules
		status int
		body   string
		want   string // "" for done, or the class
	}{
		{refusal.ErrorRules{}, 200, "", ""}, {refusal.ErrorRules{}, 200, "{}", ""}, {refusal.ErrorRules{}, 204, "", ""}, {refusal.ErrorRules{}, 200, `{"status":"success"}`, ""},
		{refusal.ErrorRules{}, 400, `{"error":"invalid_token"}`, ""}, {refusal.ErrorRules{}, 400, `{"error":"invalid_grant"}`, ""}, {refusal.ErrorRules{}, 401, `{"error":"token_revoked"}`, ""},
		{slack, 200, `{"ok":true,"revoked":true}`, ""}, {slack, 200, `{"ok":false,"error":"account_inactive"}`, ""}, {slack, 200, `{"ok":false,"error":"token_revoked"}`, ""},
		{slack, 200, `{"ok":false,"error":"server_error"}`, "transient"}, {slack, 200, `{"ok":false,"error":"odd"}`, "suspect"},
		{refusal.ErrorRules{}, 200, `{"error":"invalid_client"}`, "misconfigured"}, {refusal.ErrorRules{}, 401, `{"error":"invalid_client"}`, "misconfigured"},
		{refusal.ErrorRules{}, 400, `{"error":"unsupported_token_type"}`, "suspect"}, {refusal.ErrorRules{}, 503, `{"error":"invalid_token"}`, "transient"},
		{refusal.ErrorRules{}, 302, "", "transient"}, {refusal.ErrorRules{}, 404, "", "misconfigured"},
	} {
		p := newRecord(t, answers(tt.status, tt.body))
		c := revocable(t, p, catalog.RevokeRules{URL: "BASE/revoke"})
		c.entry.Errors = tt.rules
		got := ""
		if err := c.Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: bindingOf(t, c)}); err != nil {
			got = failureOf(t, err).Class.String()
		}
		if got != tt.want {
			t.Errorf("%d %s: %q, want %q", tt.status, tt.body, got, tt.want)
		}
	}
}

func TestTheRevocationEndpointIsDiscovered(t *testing.T) {
	r, e := issuerAt(t, configuration, "", nil)
	plain := r.answer
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/r" {
			w.WriteHeader(200)
			return
		}
		plain(w, req)
	}
	c := testClient(t, e)
	if err := c.Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: bindingOf(t, c)}); err != nil {
		t.Fatal(err)
	}
	if all := r.requests(); all[len(all)-1].path != "/r" {
		t.Errorf("%+v", all)
	}
}

// A 401 without a body is the server's own word over a connection that is secure.
func TestRefusedRevocationIsNotCalledALoginPage(t *testing.T) {
	for _, status := range []int{401, 403} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			p := newRecord(t, answers(status, ""))
			c := revocable(t, p, catalog.RevokeRules{URL: "BASE/revoke"})
			err := c.Revoke(t.Context(), Revocation{RefreshToken: "r", AccessToken: "a", Binding: bindingOf(t, c)})
			f := failureOf(t, err)
			if !strings.Contains(f.Detail, fmt.Sprintf("did not take the grant back (HTTP %d", status)) || !strings.Contains(f.Detail, "may still be good there") || strings.Contains(f.Detail, "login page") {
				t.Errorf("%q", f.Detail)
			}
		})
	}
}
