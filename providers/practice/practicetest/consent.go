package practicetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Consent opens an authorization URL as a person would: signs in as user
// ("ada" or "grace"), allows, and returns where the browser is sent then. That
// address, the client's redirect URI with code and state, is not visited. An
// error that the provider sends to the client instead is such a redirect too.
func Consent(ctx context.Context, authorizeURL, user string) (redirect string, err error) {
	return answer(ctx, authorizeURL, user, "allow")
}

// Deny is Consent by someone who says no.
func Deny(ctx context.Context, authorizeURL, user string) (redirect string, err error) {
	return answer(ctx, authorizeURL, user, "deny")
}

// ApproveDevice opens a device page with the code in it
// (verification_uri_complete) and allows as user.
func ApproveDevice(ctx context.Context, verificationURIComplete, user string) error {
	_, err := answer(ctx, verificationURIComplete, user, "allow")
	return ignoreStay(err)
}

// DenyDevice is ApproveDevice by someone who says no.
func DenyDevice(ctx context.Context, verificationURIComplete, user string) error {
	_, err := answer(ctx, verificationURIComplete, user, "deny")
	return ignoreStay(err)
}

// errStayed is the end of a walk that led to no redirect.
var errStayed = errors.New("the provider kept the browser")

func ignoreStay(err error) error {
	if errors.Is(err, errStayed) {
		return nil
	}
	return err
}

func answer(ctx context.Context, start, user, say string) (string, error) {
	b, err := newBrowser(start)
	if err != nil {
		return "", err
	}
	at, err := b.visit(ctx, start)
	if err == nil && at.Path == "/signin" {
		at, err = b.submit(ctx, at, url.Values{"username": {user}})
	}
	if err == nil && (at.Path == "/consent" || at.Path == "/device") {
		_, err = b.submit(ctx, at, url.Values{"answer": {say}})
	}
	if err == nil {
		return "", errStayed
	}
	if left := (*leftError)(nil); errors.As(err, &left) {
		return left.to, nil
	}
	return "", err
}

// browser is an HTTP client with cookies that stays on one origin.
type browser struct {
	client *http.Client
	origin string
}

// leftError is the redirect that left the provider.
type leftError struct{ to string }

func (e *leftError) Error() string { return "the browser was sent away" }

func newBrowser(start string) (*browser, error) {
	u, err := url.Parse(start)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{origin: u.Scheme + "://" + u.Host}
	b.client = &http.Client{Jar: jar, CheckRedirect: b.follow}
	return b, nil
}

func (b *browser) follow(r *http.Request, via []*http.Request) error {
	if !strings.HasPrefix(r.URL.String(), b.origin+"/") {
		return &leftError{r.URL.String()}
	}
	if len(via) > 10 {
		return errors.New("the provider redirects in circles")
	}
	return nil
}

func (b *browser) visit(ctx context.Context, to string) (*url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, err
	}
	return b.do(r)
}

func (b *browser) submit(ctx context.Context, page *url.URL, form url.Values) (*url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, page.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) do(r *http.Request) (*url.URL, error) {
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the provider answered %s: %s", resp.Status, body)
	}
	return resp.Request.URL, nil
}
