package client

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/authtray/authtray/tokens/client/retry"
)

// Transport is an http.RoundTripper that adds a connection's token. After a 401
// it tells the agent, which renews the token once however many callers ask, and
// sends the request exactly once more with the token that the agent then names.
//
// A request is sent again only if its body can be: there is none, or it has
// GetBody, as http.NewRequest gives it for strings, bytes and buffers. The agent
// is told in any case. Where it has no other token, the 401 is the answer.
//
// The token is added to https requests, to plain http ones to a loopback
// address, and not to requests that a redirect sends to another host. Safe for
// concurrent use.
type Transport struct {
	Name string            // the connection
	Base http.RoundTripper // nil: http.DefaultTransport
}

// RoundTrip implements http.RoundTripper; it leaves r as it is.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if strayed(r) {
		return t.base().RoundTrip(r)
	}
	if !private(r.URL) {
		closeBody(r)
		return nil, fmt.Errorf("the token of %q is not sent to %s in the clear: use https", t.Name, r.URL.Host)
	}
	token, err := current(r.Context(), t.Name)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	body := r.Body
	answer, _, err := retry.Request[*oauth2.Token]{
		Send:     func(token *oauth2.Token) (*http.Response, error) { return t.base().RoundTrip(with(token, r, body)) },
		Rejected: func(answer *http.Response) bool { return answer.StatusCode == http.StatusUnauthorized },
		Renew: func(token *oauth2.Token) (*oauth2.Token, error) {
			return rejected(r.Context(), t.Name, token.AccessToken)
		},
		Access: func(token *oauth2.Token) string { return token.AccessToken },
		Replay: func() (ok bool) { body, ok = replay(r); return ok },
	}.Do(token)
	return answer, err
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

func with(token *oauth2.Token, r *http.Request, body io.ReadCloser) *http.Request {
	r = r.Clone(r.Context())
	r.Body = body
	token.SetAuthHeader(r)
	return r
}

// replay gives the body once more.
func replay(r *http.Request) (io.ReadCloser, bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	return body, err == nil
}

// strayed: redirects led away from where the caller sent the request.
func strayed(r *http.Request) bool {
	first := r
	for first.Response != nil && first.Response.Request != nil {
		first = first.Response.Request
	}
	return first.URL.Scheme != r.URL.Scheme || first.URL.Host != r.URL.Host
}

func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

// closeBody is what a RoundTripper owes even where it sends nothing.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
