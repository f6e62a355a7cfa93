package providers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestWhichRedirectURIToRegister(t *testing.T) {
	for want, rules := range map[string]catalog.RedirectRules{
		"http://127.0.0.1/callback":       {},
		"http://127.0.0.1:47811/callback": {Port: "fixed"},
		"http://localhost:47811/callback": {Host: "localhost", Port: "exact"},
		"http://localhost/cb":             {Host: "localhost", Port: "any", Path: "/cb"},
		"http://127.0.0.1:8080/callback":  {Host: "any", Port: "8080"},
		"https://acme.example/callback":   {Host: "https_only", URL: "https://acme.example/callback"},
	} {
		if got := (catalog.Entry{Redirect: rules}).RedirectURI(); got != want {
			t.Errorf("%+v: %s, want %s", rules, got, want)
		}
	}
	for id, want := range map[string]string{"slack": "http://localhost:47811/callback", "slack-web": "https://localhost/callback"} {
		if got := entryOf(t, id).RedirectURI(); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestTheAuthorizationURLKeepsTheEndpointsOwnQuery(t *testing.T) {
	e := testEntry("https://acme.example")
	e.AuthorizeOpts = catalog.AuthorizeRules{Scopes: []string{"a b", "c"}, Params: map[string]string{"state": "from the entry"}, LoginHint: "off"}
	raw := testClient(t, e).authorizeURL("https://acme.example/authorize?p=b2c_1&client_id=x", authorizeParams{State: "s", Challenge: "c", RedirectURI: "http://127.0.0.1:1/cb", LoginHint: "ada"})
	u, err := url.Parse(raw)
	if err != nil || u.Query().Get("p") != "b2c_1" || u.Query().Get("client_id") != "the client" || u.Query().Has("login_hint") {
		t.Errorf("%s %v", raw, err)
	}
	if strings.Contains(raw, "+") {
		t.Errorf("a blank as a plus sign: %s", raw)
	}
}

func TestNoEntryCanTakeTheStateAway(t *testing.T) {
	e := testEntry("https://acme.example")
	e.AuthorizeOpts.Params = map[string]string{"state": "fixed", "redirect_uri": "https://evil.example", "code_challenge": "false", "client_id": "x"}
	q := testClient(t, e).authorizeForm(authorizeParams{State: "s", Challenge: "c", RedirectURI: "http://127.0.0.1:1/cb"})
	if q.Get("state") != "s" || q.Get("redirect_uri") != "http://127.0.0.1:1/cb" || q.Get("code_challenge") != "c" || q.Get("client_id") != "the client" {
		t.Errorf("%v", q)
	}
}
