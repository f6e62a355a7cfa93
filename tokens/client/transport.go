package client

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"

	"golang.org/x/oauth2"
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
	answer, err := t.base().RoundTrip(with(token, r, r.Body))
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		return answer, err
	}
	return t.again(r, answer, token)
}

// again follows a 401.
func (t *Transport) again(r *http.Request, refused *http.Response, token *oauth2.Token) (*http.Response, error) {
	next, err := rejected(r.Context(), t.Name, token.AccessToken)
	if err != nil || next.AccessToken == token.AccessToken {
		return refused, nil // the 401 says more to the caller than our trouble
	}
	body, ok := replay(r)
	if !ok {
		return refused, nil
	}
	drain(refused.Body)
	return t.base().RoundTrip(with(next, r, body))
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

// drain lets the connection be used again, within reason.
func drain(body io.ReadCloser) {
	io.CopyN(io.Discard, body, 64<<10)
	body.Close()
}

// closeBody is what a RoundTripper owes even where it sends nothing.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
