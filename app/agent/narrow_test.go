package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// seen is what the provider's API says of a token.
type seen struct {
	Scopes   []string
	Resource string
}

func (w *world) seenBy(token string) (s seen) {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.provider.Issuer+"/api/whoami", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("the API answers %s", resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) tokenFor(q url.Values) tokens.Token {
	w.t.Helper()
	return w.call("GET", "/connections/work/token?"+q.Encode(), nil).token()
}

func TestANarrowerTokenComesFromTheSameGrantAndCostsItNothing(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	own := w.call("GET", "/connections/work/token", nil).token()
	hits := w.provider.TokenHits()

	less := w.tokenFor(url.Values{"scope": {"openid profile"}})
	if got := w.seenBy(less.AccessToken).Scopes; !slices.Equal(got, []string{"openid", "profile"}) || !slices.Equal(less.Scopes, got) {
		t.Errorf("the API sees %v, the tool was told %v", got, less.Scopes)
	}
	if again := w.tokenFor(url.Values{"scope": {"profile openid"}}); again.AccessToken != less.AccessToken {
		t.Error("the same scopes in another order are another token")
	}
	const resource = "https://api.example.org/v1"
	there := w.tokenFor(url.Values{"resource": {resource}})
	if got := w.seenBy(there.AccessToken); got.Resource != resource || len(got.Scopes) < 3 {
		t.Errorf("the API sees %+v", got)
	}
	if got := w.provider.TokenHits() - hits; got != 2 {
		t.Errorf("%d token requests, want one for the scopes and one for the resource", got)
	}
	now := w.call("GET", "/connections/work/token", nil).token()
	if now.AccessToken != own.AccessToken || !slices.Equal(w.seenBy(now.AccessToken).Scopes, own.Scopes) {
		t.Error("the grant's own token became another one")
	}

	// Both refreshes rotated; what is in the keychain is the last.
	w.stop()
	w.start()
	w.call("POST", "/connections/work/refresh", nil).ok()
	if got := w.call("GET", "/connections/work/token", nil).token(); !slices.Equal(w.seenBy(got.AccessToken).Scopes, own.Scopes) {
		t.Errorf("after a narrower token the grant's own has %v", got.Scopes)
	}
	if g := w.provider.Grants(); len(g) != 1 || !g[0].Alive() {
		t.Errorf("the grants are %+v", g)
	}
}

func TestAScopeThatWasNotGrantedIsOneSentenceAndCostsNothing(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	own := w.call("GET", "/connections/work/token", nil).token()
	p := w.call("GET", "/connections/work/token?scope=notes.write", nil).problem(tokens.CodeBadRequest, 400)
	if !strings.Contains(p.Detail, "was not granted notes.write") || p.Hint != "authtray connect work --scope notes.write" {
		t.Errorf("it is told as %+v", p)
	}
	if now := w.call("GET", "/connections/work/token", nil).token(); now.AccessToken != own.AccessToken {
		t.Error("the grant's own token became another one")
	}
	if c := w.call("GET", "/connections/work", nil).connection(); c.State != tokens.Connected {
		t.Errorf("the connection is %s", c.State)
	}
	w.call("POST", "/connections/work/refresh", nil).ok()
}

// entra is a provider that refuses a token for scopes without consent, or for
// another resource, as Microsoft does: 400 invalid_grant, the word for a grant
// that is over.
type entra struct {
	*httptest.Server

	mu      sync.Mutex
	granted string
	serial  int
	plain   int // refreshes that named no scopes and no resource
	revoked bool
}

const entraOwn = "https://graph.microsoft.com/User.Read"

func newEntra(t *testing.T) *entra {
	p := &entra{granted: "openid profile email offline_access " + entraOwn}
	p.Server = httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(p.Close)
	return p
}

func (p *entra) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/token" {
		fmt.Fprint(w, `{"oid":"1","mail":"ada@example.org"}`)
		return
	}
	plain := r.FormValue("scope") == "" && r.FormValue("resource") == ""
	if plain && r.FormValue("grant_type") == "refresh_token" {
		p.plain++
	}
	switch {
	case r.FormValue("grant_type") == "authorization_code":
	case p.revoked:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"AADSTS50173: The provided grant has expired.","error_codes":[50173],"suberror":"bad_token"}`)
		return
	case !plain:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented to use the application.","error_codes":[65001],"suberror":"consent_required"}`)
		return
	}
	p.serial++
	json.NewEncoder(w).Encode(map[string]any{
		"access_token": fmt.Sprint("access-", p.serial), "refresh_token": fmt.Sprint("refresh-", p.serial),
		"token_type": "Bearer", "expires_in": 3600, "scope": p.granted,
	})
}

func (p *entra) plainRefreshes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plain
}

// connectEntra connects with the catalogue's own entry, at this provider's addresses.
func (w *world) connectEntra(p *entra, name string) {
	w.t.Helper()
	w.call("PUT", "/connections/"+name, map[string]any{
		"provider": "microsoft", "client_id": "client", "remote": true,
		"override": map[string]any{
			"issuer": "", "issuer_match": "", "authorize": p.URL + "/authorize", "token": p.URL + "/token",
			"whoami": map[string]any{"url": p.URL + "/me", "from_id_token": false},
		},
	}).ok()
	at, err := url.Parse(w.begin(name, nil).URL)
	if err != nil {
		w.t.Fatal(err)
	}
	q := at.Query()
	resp, err := http.Get(q.Get("redirect_uri") + "?" + url.Values{"code": {"code"}, "state": {q.Get("state")}}.Encode())
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	eventually(w.t, name+" is connected", func() bool {
		return w.call("GET", "/connections/"+name, nil).connection().State == tokens.Connected
	})
}

func TestNarrowTokenRefusedAsAnEndOverEachSocketLeavesTheGrant(t *testing.T) {
	ask := map[string]func(*world, string) reply{
		"the agent's":   func(w *world, path string) reply { return w.call("GET", path, nil) },
		"the forwarded": func(w *world, path string) reply { return w.over("GET", path) },
	}
	for name, ask := range ask {
		t.Run(name, func(t *testing.T) {
			w, p := newWorld(t), newEntra(t)
			w.connectEntra(p, "ms")
			w.clock.pass(time.Minute)
			own := w.call("GET", "/connections/ms/token", nil).token().AccessToken
			q := url.Values{"scope": {entraOwn}}
			for range 3 {
				problem := ask(w, "/connections/ms/token?"+q.Encode()).problem(tokens.CodeBadRequest, 400)
				if !strings.Contains(problem.Detail, "Microsoft refused a token for these scopes. The connection itself is fine") {
					t.Errorf("told %q", problem.Detail)
				}
				w.clock.pass(11 * time.Second)
			}
			if n := p.plainRefreshes(); n != 1 {
				t.Errorf("%d plain refreshes, want one that decides", n)
			}
			if c := w.call("GET", "/connections/ms", nil).connection(); c.State != tokens.Connected {
				t.Errorf("the connection is %s (%s)", c.State, c.Detail)
			}
			if got := w.refreshToken("ms"); got != "refresh-2" {
				t.Errorf("the keychain does not hold the refresh token of the plain refresh")
			}
			if now := ask(w, "/connections/ms/token").token().AccessToken; now == "" || now == own {
				t.Error("the token of the plain refresh is not served")
			}
			if deaths, _ := w.notes.state("ms"); deaths != 0 {
				t.Error("an end was announced")
			}

			// The same words to a plain refresh are an end.
			p.mu.Lock()
			p.revoked = true
			p.mu.Unlock()
			w.clock.pass(10 * time.Minute)
			ask(w, "/connections/ms/token?"+q.Encode()).problem(tokens.CodeReconnectRequired, 409)
			if c := w.call("GET", "/connections/ms", nil).connection(); c.State != tokens.ReconnectRequired {
				t.Errorf("the connection is %s", c.State)
			}
		})
	}
}

func TestRefusedNarrowTokenSaysWhichCommandHelps(t *testing.T) {
	w, p := newWorld(t), newEntra(t)
	w.connectEntra(p, "ms")
	w.clock.pass(time.Minute)
	for _, c := range []struct {
		name, key, value string
		detail, hint     string
	}{
		{"a scope without consent", "scope", "https://graph.microsoft.com/Mail.Read",
			"Microsoft does not give a token for these scopes: the connection was not granted https://graph.microsoft.com/Mail.Read. The connection itself is fine.",
			"authtray connect ms --scope https://graph.microsoft.com/Mail.Read"},
		{"a scope of its own", "scope", entraOwn,
			"Microsoft refused a token for these scopes. The connection itself is fine; ask for its own token.", "authtray token ms"},
		{"a resource", "resource", "https://other.example/",
			"Microsoft refused a token for this resource. The connection itself is fine; ask for its own token.", "authtray token ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problem := w.call("GET", "/connections/ms/token?"+url.Values{c.key: {c.value}}.Encode(), nil).problem(tokens.CodeBadRequest, 400)
			if problem.Detail != c.detail || problem.Hint != c.hint {
				t.Errorf("%q, hint %q", problem.Detail, problem.Hint)
			}
			if w.call("GET", "/connections/ms/token", nil).token().AccessToken == "" {
				t.Error("its own token is not given")
			}
		})
	}
}
