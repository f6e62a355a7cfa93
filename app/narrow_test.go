package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

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
