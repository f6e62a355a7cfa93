package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/tokens"
)

// oneSentence: what a person is told is short, whole, and repeats nothing of
// what the provider sent.
func oneSentence(t *testing.T, detail string) {
	t.Helper()
	if detail == "" || len(detail) > 400 || strings.ContainsAny(detail, "\n\r\x1b<") || !strings.HasSuffix(detail, ".") {
		t.Errorf("not a sentence: %q", detail)
	}
}

func TestAnIssuerThatAnswersNonsenseIsOneSentence(t *testing.T) {
	document := func(change func(m map[string]any, self string)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			self := "http://" + r.Host
			m := map[string]any{"issuer": self, "authorization_endpoint": self + "/a", "token_endpoint": self + "/t"}
			change(m, self)
			json.NewEncoder(w).Encode(m)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		says   string
	}{
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>Sign in to the network</html>") }, "login page"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}, "login page"},
		{"nothing", http.NotFound, "no discovery document"},
		{"another issuer", document(func(m map[string]any, _ string) { m["issuer"] = "https://evil.example" }), "another issuer"},
		{"more than 1 MB", document(func(m map[string]any, _ string) { m["x"] = strings.Repeat("x", providers.MaxBody) }), "larger than 1 MB"},
		{"plain http", document(func(m map[string]any, _ string) { m["token_endpoint"] = "http://tokens.example/t" }), "https"},
		{"no endpoints", document(func(m map[string]any, _ string) { delete(m, "authorization_endpoint") }), "sign-in page"},
		{"hostile text", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"\u001b[31m<script>","error_description":"<b>x</b>"}`)
		}, "discovery document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.add("work")
			w.connect("work", "ada")
			issuer := httptest.NewServer(tt.answer)
			defer issuer.Close()
			w.call("PUT", "/connections/bad", map[string]any{"provider": "oidc", "client_id": "c", "vars": map[string]string{"issuer": issuer.URL}}).ok()
			p := w.call("POST", "/connections/bad/connect", map[string]any{"mode": "url"}).problem(api.CodeConnectFailed, 409)
			oneSentence(t, p.Detail)
			if !strings.Contains(p.Detail, tt.says) {
				t.Errorf("told %q, want something of %q", p.Detail, tt.says)
			}
			if c := w.call("GET", "/connections/bad", nil).connection(); c.State != tokens.Disconnected {
				t.Errorf("afterwards it is %s", c.State)
			}
			w.call("GET", "/connections/work/token", nil).token()
		})
	}
}

func TestTokensMayComeFromAnotherHostThanTheIssuers(t *testing.T) {
	w := newWorld(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, `{"access_token":"from-elsewhere","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}`)
	}))
	defer elsewhere.Close()
	issuer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		self := "http://" + r.Host
		if r.URL.Path == "/a" {
			q := r.URL.Query()
			http.Redirect(rw, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"c"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
			return
		}
		json.NewEncoder(rw).Encode(map[string]any{"issuer": self, "authorization_endpoint": self + "/a", "token_endpoint": elsewhere.URL + "/t"})
	}))
	defer issuer.Close()
	w.call("PUT", "/connections/work", map[string]any{"provider": "oidc", "client_id": "c", "vars": map[string]string{"issuer": issuer.URL}}).ok()
	resp, err := http.Get(w.begin("work", nil).URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "it is connected", func() bool {
		return w.call("GET", "/connections/work", nil).connection().State == tokens.Connected
	})
	if got := w.call("GET", "/connections/work/token", nil).token(); got.AccessToken != "from-elsewhere" {
		t.Errorf("the token is %q", got.AccessToken)
	}
}

// arrive is a browser that goes where the provider sends it.
func arrive(t *testing.T, redirect string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(redirect)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestWhatAPersonOrAProviderRefusesCostsTheOldGrantNothing(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	before := w.call("GET", "/connections/work/token", nil).token()
	for _, tt := range []struct {
		name   string
		scopes []string
		answer func(at api.Attempt)
		code   tokens.Code
		says   string
	}{
		{"consent denied", nil, func(at api.Attempt) {
			redirect, err := practicetest.Deny(t.Context(), at.URL, "ada")
			arrive(t, redirect, err)
		}, api.CodeConnectFailed, "denied"},
		{"a scope refused", []string{"nonsense"}, func(at api.Attempt) {
			redirect, err := practicetest.Consent(t.Context(), at.URL, "ada")
			arrive(t, redirect, err)
		}, api.CodeConnectFailed, "scopes"},
		{"the wrong account", nil, func(at api.Attempt) { w.consent(at, "grace") }, api.CodeOtherAccount, "grace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			more := map[string]any{}
			if tt.scopes != nil {
				more["scopes"] = tt.scopes
			}
			at, end := w.waiting("work", more)
			tt.answer(at)
			p := (<-end).problem(tt.code, 409)
			oneSentence(t, p.Detail)
			if !strings.Contains(p.Detail, tt.says) {
				t.Errorf("told %q, want something of %q", p.Detail, tt.says)
			}
			c := w.call("GET", "/connections/work", nil).connection()
			if c.State != tokens.Connected || len(c.Config.Scopes) != 4 {
				t.Errorf("afterwards it is %s with %v", c.State, c.Config.Scopes)
			}
			for _, e := range c.Events { // which people read: a code is for programs
				if e.What == tokens.EventConnectFailed && regexp.MustCompile(`\([a-z]+_[a-z]+\)`).MatchString(e.Detail) {
					t.Errorf("the history says %q", e.Detail)
				}
			}
			if now := w.call("GET", "/connections/work/token", nil).token(); now.AccessToken != before.AccessToken || now.Account != "ada" {
				t.Error("the old grant is not served any more")
			}
		})
	}
}

func TestAClientIDOfTheUsersThatWasRevokedIsToldAndCostsNothing(t *testing.T) {
	w := newWorld(t)
	resp, err := http.Post(w.provider.Issuer+"/register", "application/json",
		strings.NewReader(`{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct {
		ID string `json:"client_id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.ID == "" {
		t.Fatalf("no client: %v", err)
	}
	conn := w.practice()
	conn["client_id"] = made.ID
	w.call("PUT", "/connections/work", conn).ok()
	w.connect("work", "ada")
	w.provider.ForgetClient(made.ID)
	p := w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeMisconfigured, 409)
	oneSentence(t, p.Detail)
	if c := w.call("GET", "/connections/work", nil).connection(); c.Reason != tokens.ReasonClientRefused || c.Config.ClientID != made.ID {
		t.Errorf("it is %s with client %s", c.Reason, c.Config.ClientID)
	}
	w.call("GET", "/connections/work/token", nil).token() // good while it lasts
	if w.refreshToken("work") == "" {
		t.Error("the grant was erased")
	}
}

// wake is what the machine's clock shows after a night in suspend.
func (w *world) wake() {
	w.clock.pass(8 * time.Hour)
	w.agent.manager.NetworkBack() // any event: the manager looks at its clock
}

func TestARevokedTokenThatNothingRenewsIsSeenBeforeAToolFails(t *testing.T) {
	w := newWorld(t)
	w.provider.SetLifetime(-1) // as of GitHub's OAuth Apps: never expires, no refresh token
	conn := w.practice()
	conn["scopes"], conn["probe"] = []string{"openid", "profile"}, "on"
	w.call("PUT", "/connections/work", conn).ok()
	if c := w.connect("work", "ada"); !c.NeverExpires || c.Refreshable {
		t.Fatalf("connected as %+v", c.Status)
	}
	token := w.call("GET", "/connections/work/token", nil).token().AccessToken
	asked := w.provider.APIHits()
	w.wake()
	eventually(t, "the provider is asked after the night", func() bool { return w.provider.APIHits() > asked })
	if got := w.call("GET", "/connections/work/token", nil).token(); got.AccessToken != token {
		t.Error("a good token is not served any more")
	}

	w.provider.RejectAccess(token)
	asked = w.provider.APIHits()
	w.wake()
	eventually(t, "it is seen without any tool", func() bool {
		w.clock.pass(time.Second)     // the second look comes some seconds after the first
		w.agent.manager.NetworkBack() // any event: the manager looks at its clock
		return w.call("GET", "/connections/work", nil).connection().State == tokens.ReconnectRequired
	})
	if n := w.provider.APIHits() - asked; n < 2 {
		t.Errorf("%d bad answers were a verdict", n)
	}
	if c := w.call("GET", "/connections/work", nil).connection(); c.Reason != tokens.ReasonTokenRejected {
		t.Errorf("the reason is %s", c.Reason)
	}
	eventually(t, "the person is told once", func() bool { deaths, _ := w.notes.state("work"); return deaths == 1 })
}

func TestWithoutAProbeNobodyIsAskedAfterTheNight(t *testing.T) {
	w := newWorld(t)
	w.provider.SetLifetime(-1)
	conn := w.practice()
	conn["scopes"], conn["probe"] = []string{"openid", "profile"}, "off"
	w.call("PUT", "/connections/work", conn).ok()
	w.connect("work", "ada")
	asked := w.provider.APIHits()
	w.wake()
	w.call("GET", "/connections/work/token", nil).token()
	if n := w.provider.APIHits() - asked; n != 0 {
		t.Errorf("asked %d times", n)
	}
}
