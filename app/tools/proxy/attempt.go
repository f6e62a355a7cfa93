package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client/retry"
)

// attempt is one request on its way, as an http.RoundTripper: it adds the token,
// and after a rejection sends once more.
type attempt struct {
	api    API
	tokens Tokens
	token  tokens.Token
}

// begin gets the token: where the request goes may depend on what came with it.
func (a *attempt) begin(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, tokens.DefaultTimeout)
	defer cancel()
	a.token, err = a.tokens.Token(ctx)
	return err
}

// RoundTrip implements http.RoundTripper.
func (a *attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := takeBody(r)
	if err != nil {
		return nil, err
	}
	body, length := b.first()
	answer, _, err := retry.Request[tokens.Token]{
		Send:     func(token tokens.Token) (*http.Response, error) { return a.send(r, token, body, length) },
		Rejected: func(answer *http.Response) bool { return rejected(a.api, answer) },
		Renew:    func(token tokens.Token) (tokens.Token, error) { return a.renew(r.Context(), token) },
		Access:   func(token tokens.Token) string { return token.AccessToken },
		Replay: func() bool {
			again, ok := b.again()
			if ok {
				body, length = again, int64(again.Len())
			}
			return ok
		},
	}.Do(a.token)
	return answer, err
}

// renew tells the agent of the rejection.
func (a *attempt) renew(ctx context.Context, rejected tokens.Token) (tokens.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokens.DefaultTimeout)
	defer cancel()
	return a.tokens.Rejected(ctx, rejected.AccessToken)
}

// send sends a copy of r. A body of length 0 is none, one of -1 is of a length
// that is not known.
func (a *attempt) send(r *http.Request, token tokens.Token, body io.Reader, length int64) (*http.Response, error) {
	if length == 0 {
		body = nil
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), body) // knows how to begin a body in memory again
	if err != nil {
		return nil, badRequest("The request's method or address cannot be sent on.")
	}
	out.URL, out.Header, out.ContentLength = r.URL, r.Header.Clone(), length
	out.Header.Set("Authorization", token.Authorization())
	a.api.AddAPIHeaders(out, token.Extra)
	answer, err := a.api.SendAPI(out)
	switch {
	case err != nil:
		return nil, unreachable(r.URL, err)
	case answer.StatusCode == http.StatusSwitchingProtocols:
		answer.Body.Close()
		return nil, unreachable(r.URL, errors.New("it changed to another protocol, which nobody asked for"))
	}
	return answer, nil
}

// unreachable is the error of a request that brought no answer.
func unreachable(to *url.URL, err error) error {
	if errors.Is(err, context.Canceled) { // the tool hung up
		return err
	}
	return &tokens.Error{Code: tokens.CodeTemporarilyUnavailable, Reason: tokens.ReasonNetwork,
		Detail: text.Sentence(to.Host + " cannot be reached: " + err.Error()), Err: err}
}

// rejected says whether an answer rejects the token, by the entry's own rule. Of
// most answers the status is enough, and they stream. Where the rule asks for the
// body, the beginning of JSON is read and put back.
func rejected(api API, answer *http.Response) bool {
	if !api.RejectedNeedsBody(answer.StatusCode) || !couldTell(answer) {
		return api.Rejected(answer, nil)
	}
	head, _ := retry.Head(answer) // the tool sees an answer that breaks off as one
	return api.Rejected(answer, plain(head, answer.Header.Get("Content-Encoding")))
}

// couldTell: files, pages and streams of events are no rejections.
func couldTell(answer *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	isJSON := kind == "application/json" || kind == "text/json" || kind == "text/plain" || strings.HasSuffix(kind, "+json")
	return isJSON && answer.ContentLength <= retry.MaxJudged
}

// plain undoes the one encoding that is asked for (see rewrite).
func plain(head []byte, encoding string) []byte {
	if !strings.EqualFold(encoding, "gzip") {
		return head
	}
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(z, retry.MaxJudged)) // what there is of it
	return text
}
