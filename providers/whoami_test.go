package providers

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func idToken(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestWhoseGrantItIs(t *testing.T) {
	for _, tt := range []struct {
		name     string
		rules    catalog.WhoamiRules
		answer   Answer
		body     string
		want     Account
		requests int
	}{
		{"paths", catalog.WhoamiRules{Label: []string{"data.email", "data.name"}, AccountID: "data.id"}, Answer{}, `{"data":{"name":"Ada","id":42}}`, Account{"42", "Ada"}, 1},
		{"a list", catalog.WhoamiRules{Label: []string{"0.url"}, AccountID: "0.id"}, Answer{}, `[{"id":"c1","url":"https://x"}]`, Account{"c1", "https://x"}, 1},
		{"a number too large for a float", catalog.WhoamiRules{Label: []string{"id"}, AccountID: "id"}, Answer{}, `{"id":12345678901234567890}`, Account{"12345678901234567890", "12345678901234567890"}, 1},
		{"the usual claims", catalog.WhoamiRules{}, Answer{}, `{"sub":"s","preferred_username":"ada"}`, Account{"s", "ada"}, 1},
		{"an ID token is enough", catalog.WhoamiRules{FromIDToken: true}, Answer{IDToken: idToken(`{"sub":"s","email":"ada@example.org"}`)}, `{}`, Account{"s", "ada@example.org"}, 0},
		{"an ID token without the label", catalog.WhoamiRules{FromIDToken: true, Label: []string{"email"}}, Answer{IDToken: idToken(`{"sub":"s"}`)}, `{"sub":"s","email":"ada@example.org"}`, Account{"s", "ada@example.org"}, 1},
		{"no ID token after all", catalog.WhoamiRules{FromIDToken: true}, Answer{IDToken: "rubbish"}, `{"sub":"s","name":"Ada"}`, Account{"s", "Ada"}, 1},
		{"from the token answer", catalog.WhoamiRules{Label: []string{"workspace_name"}, AccountID: "bot_id"}, Answer{Extra: extraOf(map[string]any{"workspace_name": "Acme", "bot_id": "b"})}, `{}`, Account{"b", "Acme"}, 0},
		{"nothing known", catalog.WhoamiRules{Label: []string{"email"}, AccountID: "id"}, Answer{}, `{"x":1}`, Account{}, 1},
	} {
		p := newRecord(t, answers(200, tt.body))
		e := testEntry(p.URL)
		e.Whoami = tt.rules
		e.Whoami.URL = p.URL + "/me"
		tt.answer.AccessToken = "token"
		got, err := testClient(t, e).Whoami(t.Context(), tt.answer)
		if err != nil || got != tt.want || len(p.requests()) != tt.requests {
			t.Errorf("%s: %v %+v after %d requests", tt.name, err, got, len(p.requests()))
		}
	}
}

func TestWhoamiIsAskedAsTheEntrySays(t *testing.T) {
	p := newRecord(t, answers(200, `{"data":{"viewer":{"id":"1","email":"a"}}}`))
	e := testEntry(p.URL)
	e.Whoami = catalog.WhoamiRules{URL: p.URL + "/graphql/{access_token}", Method: "POST", Body: `{"query":"{viewer{id}}"}`, Headers: map[string]string{"X-Version": "3", "Accept": "text/x"},
		Label: []string{"data.viewer.email"}, AccountID: "data.viewer.id"}
	if _, err := testClient(t, e).Whoami(t.Context(), Answer{AccessToken: "to/ken"}); err != nil {
		t.Fatal(err)
	}
	got := p.requests()[0]
	if got.method != "POST" || got.path != "/graphql/to/ken" || got.auth != "Bearer to/ken" || got.body != e.Whoami.Body || got.header.Get("X-Version") != "3" || got.header.Get("Accept") != "text/x" {
		t.Errorf("%+v", got)
	}
}

// Twitch answers /helix/users only with the client's id beside the token.
func TestWhoamiAtTheAPICarriesItsHeaders(t *testing.T) {
	p := newRecord(t, answers(200, `{"data":[{"id":"1","login":"ada"}]}`))
	for name, tt := range map[string]struct {
		base string
		want string
	}{
		"at the API":     {p.URL + "/helix", "client"},
		"somewhere else": {"https://api.example.org", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := testEntry(p.URL)
			e.API = catalog.APIRules{Base: tt.base, Headers: map[string]string{"Client-Id": "{client_id}", "X-Version": "1"}}
			e.Whoami = catalog.WhoamiRules{URL: p.URL + "/helix/users", Label: []string{"data.0.login"}, AccountID: "data.0.id", Headers: map[string]string{"X-Version": "2"}}
			c := testClient(t, e)
			got, err := c.Whoami(t.Context(), Answer{AccessToken: "token"})
			if err != nil || got != (Account{"1", "ada"}) {
				t.Fatalf("%v %+v", err, got)
			}
			asked := p.requests()[len(p.requests())-1]
			if sent := asked.header.Get("Client-Id"); (sent != "") != (tt.want != "") || asked.header.Get("X-Version") != "2" {
				t.Errorf("Client-Id %q, X-Version %q", sent, asked.header.Get("X-Version"))
			}
		})
	}
}

func TestATokenGoesToNoHostThatTheAnswerNames(t *testing.T) {
	evil := newRecord(t, answers(200, `{"sub":"x"}`))
	e := testEntry("https://acme.example")
	e.Tokens.Keep, e.API.Hosts = []string{"instance_url"}, []string{"*.acme.example"}
	e.Whoami.URL, e.API.Base = "{instance_url}/me", "{instance_url}"
	c := testClient(t, e)
	for _, value := range []any{evil.URL, "https://evil.example", "https://acme.example.evil.example", "https://evilacme.example", "http://eu.acme.example", "https://u@eu.acme.example", "https://eu.acme.example:8443", "", 7, nil} {
		extra := extraOf(map[string]any{"instance_url": value})
		if _, err := c.Whoami(t.Context(), Answer{AccessToken: "a", Extra: extra}); err == nil {
			t.Errorf("%v taken", value)
		}
		if u, err := c.API("/x", extra); err == nil {
			t.Errorf("%v taken: %s", value, u)
		}
	}
	if n := len(evil.requests()); n != 0 {
		t.Errorf("%d requests arrived elsewhere", n)
	}
	if u, err := c.API("/x", extraOf(map[string]any{"instance_url": "https://eu.acme.example/"})); err != nil || u.String() != "https://eu.acme.example/x" {
		t.Errorf("%v %v", u, err)
	}
}

func TestWhatAProbeSays(t *testing.T) {
	slack := []string{"200 ok=false error=token_revoked", "401"}
	for _, tt := range []struct {
		name   string
		dead   []string
		status int
		body   string
		want   Liveness
	}{
		{"alive", nil, 200, `{"login":"ada"}`, Alive},
		{"dead", nil, 401, `{"message":"Bad credentials"}`, DeadToken},
		{"a captive portal", nil, 200, "<html>", Unclear},
		{"a firewall", nil, 403, "<html>", Unclear},
		{"trouble", nil, 503, "", Unclear},
		{"a redirect", nil, 302, "", Unclear},
		{"Slack: dead in a 200", slack, 200, `{"ok":false,"error":"token_revoked"}`, DeadToken},
		{"Slack: another failure", slack, 200, `{"ok":false,"error":"ratelimited"}`, Unclear},
		{"Slack: alive", slack, 200, `{"ok":true}`, Alive},
		{"Figma: 403", []string{"401", "403"}, 403, `{"status":403,"err":"Invalid token"}`, DeadToken},
		{"Meta: code 190", []string{"* error.code=190"}, 400, `{"error":{"code":190}}`, DeadToken},
		{"Meta: another code", []string{"* error.code=190"}, 400, `{"error":{"code":4}}`, Unclear},
		{"Meta: no 401 by itself", []string{"* error.code=190"}, 401, ``, Unclear},
	} {
		p := newRecord(t, answers(tt.status, tt.body))
		e := testEntry(p.URL)
		e.Whoami = catalog.WhoamiRules{URL: p.URL + "/me", Dead: tt.dead}
		e.API.Dead = tt.dead
		e.Errors.OKField = "ok"
		c := testClient(t, e)
		if got := c.Probe(t.Context(), "token", nil); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
		if got := c.Rejected(&http.Response{StatusCode: tt.status}, []byte(tt.body)); got != (tt.want == DeadToken) {
			t.Errorf("%s: rejected %v", tt.name, got)
		}
	}
	if got := testClient(t, testEntry("https://acme.example")).Probe(t.Context(), "token", nil); got != Unclear {
		t.Errorf("nothing to ask: %d", got)
	}
	gone := newRecord(t, nil)
	gone.Close()
	e := testEntry(gone.URL)
	e.Whoami.URL = gone.URL
	if got := testClient(t, e).Probe(t.Context(), "token", nil); got != Unclear {
		t.Errorf("no connection: %d", got)
	}
}
