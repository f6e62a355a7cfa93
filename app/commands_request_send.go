package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers"
)

// url is where the request goes. The provider's entry says which hosts may see
// the token.
func (r apiRequest) url(client *providers.Client, target string, extra map[string]json.RawMessage) (*url.URL, error) {
	to, err := client.API(target, extra)
	if err == nil {
		return to, nil
	}
	switch {
	case !strings.Contains(target, "://"):
		return nil, usage("%v", err)
	case !r.toAnyHost:
		return nil, usage("%v (the token can be sent elsewhere with --to-any-host)", err)
	}
	to, err = url.Parse(target)
	if err != nil || to.Host == "" || to.Scheme != "https" && !(to.Scheme == "http" && isLoopback(to.Hostname())) {
		return nil, usage("%q is no https URL, so the token is not sent there", target)
	}
	return to, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// maxJudged is how much of an answer is looked at to tell whether it rejects
// the token.
const maxJudged = 64 << 10

// send sends once. rejected is the entry's own rule of what a 401 is.
func (r apiRequest) send(ctx context.Context, client *providers.Client, to *url.URL, token bearer, body []byte) (answer *http.Response, rejected bool, err error) {
	request, err := r.build(ctx, to, token, body)
	if err != nil {
		return nil, false, err
	}
	if answer, err = client.SendAPI(request); err != nil {
		return nil, false, &trouble{exit: exitUnavailable, sentence: to.Host + " cannot be reached: " + err.Error()}
	}
	head, err := io.ReadAll(io.LimitReader(answer.Body, maxJudged))
	if err != nil {
		answer.Body.Close()
		return nil, false, fmt.Errorf("the answer of %s broke off: %w", to.Host, err)
	}
	rest := answer.Body
	answer.Body = joined{io.MultiReader(bytes.NewReader(head), rest), rest}
	return answer, client.Rejected(answer, head), nil
}

// joined is a body of which the beginning has been read already.
type joined struct {
	io.Reader
	io.Closer
}

func (r apiRequest) build(ctx context.Context, to *url.URL, token bearer, body []byte) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, to.String(), content)
	if err != nil {
		return nil, usage("-X %q is no method", method)
	}
	request.Header.Set("User-Agent", r.userAgent)
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range r.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.EqualFold(strings.TrimSpace(name), "Authorization") {
			return nil, usage("-H %q: write NAME: VALUE; the Authorization header is set for you", h)
		}
		request.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	request.Header.Set("Authorization", authScheme(token.TokenType)+" "+token.AccessToken)
	return request, nil
}
