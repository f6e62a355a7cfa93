package practicetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/practice/server"
)

// Redirect is the redirect URI that Connect uses; nothing listens there.
const Redirect = "http://127.0.0.1:47999/callback"

// Answer is a token endpoint's answer as it came.
type Answer struct {
	Status       int
	Header       http.Header
	Body         []byte
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    *int   `json:"expires_in"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

// AuthorizeURL is an authorization request of the public client, and the PKCE
// verifier that its code needs. change may alter the parameters.
func (p *Provider) AuthorizeURL(scope string, change func(url.Values)) (authorizeURL, verifier string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {server.PublicClient}, "response_type": {"code"}, "redirect_uri": {Redirect},
		"scope": {scope}, "state": {"test-state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if change != nil {
		change(q)
	}
	return p.Issuer + "/authorize?" + q.Encode(), verifier
}

// Connect walks the authorization code flow of the public client, with
// offline_access, and gives its tokens.
func (p *Provider) Connect(ctx context.Context, user string) (Answer, error) {
	authorizeURL, verifier := p.AuthorizeURL("openid profile email offline_access", nil)
	redirect, err := Consent(ctx, authorizeURL, user)
	if err != nil {
		return Answer{}, err
	}
	u, err := url.Parse(redirect)
	if err != nil {
		return Answer{}, err
	}
	a, err := p.Token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {server.PublicClient}, "redirect_uri": {Redirect},
		"code": {u.Query().Get("code")}, "code_verifier": {verifier},
	})
	if err == nil && a.AccessToken == "" {
		err = fmt.Errorf("no token: HTTP %d %s", a.Status, a.Error)
	}
	return a, err
}

// Refresh spends a refresh token of the public client.
func (p *Provider) Refresh(ctx context.Context, refreshToken string) (Answer, error) {
	return p.Token(ctx, url.Values{
		"grant_type": {"refresh_token"}, "client_id": {server.PublicClient}, "refresh_token": {refreshToken},
	})
}

// Token posts a form to the token endpoint.
func (p *Provider) Token(ctx context.Context, form url.Values) (Answer, error) {
	return post(ctx, p.Issuer+"/token", form)
}

func post(ctx context.Context, to string, form url.Values) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return Answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return a, err
	}
	return a, json.Unmarshal(a.Body, &a)
}
