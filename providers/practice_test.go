package providers

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/providers/refusal"
)

// TestFixedPortIsOneEverywhere names the places where the number is written out.
func TestFixedPortIsOneEverywhere(t *testing.T) {
	uri := fmt.Sprintf("http://127.0.0.1:%d/callback", catalog.FixedPort)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range map[string]string{"README.md": string(readme), "FixedRedirect in practice/server/clients.go": server.FixedRedirect} {
		if !strings.Contains(text, uri) {
			t.Errorf("%s does not have %s", place, uri)
		}
	}
}

// practiceClient is a connection to a real provider that listens.
func practiceClient(t *testing.T, p *practicetest.Provider, change func(*catalog.Connection), secret string) *Client {
	t.Helper()
	catalogue, _ := catalog.LoadCatalogue("")
	u, err := url.Parse(p.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	conn := catalog.Connection{Name: "work", Provider: "practice", Vars: map[string]string{"port": u.Port()}}
	if change != nil {
		change(&conn)
	}
	c, err := NewClient(catalogue, conn, ClientOptions{Secret: func(context.Context) (string, error) { return secret, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connectAs walks an authorization of this client, as a person would.
func connectAs(t *testing.T, c *Client, user string) Answer {
	t.Helper()
	ep, err := c.endpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const verifier = "a-verifier-of-at-least-forty-three-characters-in-all"
	redirect, err := practicetest.Consent(t.Context(), c.authorizeURL(ep.Authorize, authorizeParams{
		State: "state", Challenge: oauth2.S256ChallengeFromVerifier(verifier), RedirectURI: practicetest.Redirect,
	}), user)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("%s: %v", redirect, err)
	}
	a, err := c.exchange(t.Context(), u.Query().Get("code"), verifier, practicetest.Redirect, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheLifeOfAGrantAtARealProvider(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	c := practiceClient(t, p, nil, "")
	a := connectAs(t, c, "ada")
	if a.RefreshToken == "" || a.ExpiresIn <= 0 || a.Never {
		t.Fatalf("lifetime %s, refresh token of %d characters", a.ExpiresIn, len(a.RefreshToken))
	}
	account, err := c.Whoami(t.Context(), a)
	if err != nil || account.ID == "" || !strings.Contains(account.Label, "ada") {
		t.Errorf("%v %+v", err, account)
	}
	if got := c.Probe(t.Context(), a.AccessToken, a.Extra); got != Alive {
		t.Errorf("probe: %d", got)
	}
	binding := bindingOf(t, c)
	b, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: a.RefreshToken, Binding: binding})
	if err != nil || b.RefreshToken == a.RefreshToken {
		t.Fatalf("refresh: %v", err)
	}
	if err := c.Revoke(t.Context(), Revocation{AccessToken: b.AccessToken, RefreshToken: b.RefreshToken, Binding: binding}); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	_, err = c.Refresh(t.Context(), RefreshRequest{RefreshToken: b.RefreshToken, Binding: binding})
	if f := failureOf(t, err); f.Class != refusal.Dead || f.Code != "invalid_grant" {
		t.Errorf("%+v", f)
	}
	if got := c.Probe(t.Context(), b.AccessToken, nil); got != DeadToken {
		t.Errorf("probe after revocation: %d", got)
	}
	if err := c.Revoke(t.Context(), Revocation{RefreshToken: b.RefreshToken, Binding: binding}); err != nil {
		t.Errorf("revoking again: %v", err)
	}
}

func TestAConfidentialClientAtARealProvider(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	oidc := func(id string) func(*catalog.Connection) {
		return func(c *catalog.Connection) {
			c.Provider, c.Vars, c.ClientID = "oidc", map[string]string{"issuer": p.Issuer}, id
		}
	}
	good := practiceClient(t, p, oidc(server.ConfidentialClient), server.ConfidentialSecret)
	a := connectAs(t, good, "ada")
	if _, err := good.Refresh(t.Context(), RefreshRequest{RefreshToken: a.RefreshToken, Binding: bindingOf(t, good)}); err != nil {
		t.Errorf("%v", err)
	}
	wrong := practiceClient(t, p, oidc(server.ConfidentialClient), "not the secret")
	_, err := wrong.Refresh(t.Context(), RefreshRequest{RefreshToken: a.RefreshToken, Binding: bindingOf(t, wrong)})
	if f := failureOf(t, err); f.Class != refusal.Misconfigured || f.Code != "invalid_client" {
		t.Errorf("%+v", f)
	}
}

func TestAClientRegistersItselfAtARealProvider(t *testing.T) {
	p := practicetest.Start(t, server.Options{})
	r, err := practiceClient(t, p, nil, "").Register(t.Context(), []string{practicetest.Redirect})
	if err != nil || r.ClientID == "" || r.ClientSecret != "" {
		t.Fatalf("%v %+v", err, r)
	}
	c := practiceClient(t, p, func(c *catalog.Connection) { c.ClientID = r.ClientID }, "")
	if a := connectAs(t, c, "ada"); a.AccessToken == "" {
		t.Error("no token")
	}
}
