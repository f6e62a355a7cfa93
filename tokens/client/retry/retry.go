// Package retry is what is done after an API rejected a token: the agent is told,
// and the request is sent exactly once more with the token that the agent then
// names. Package client's Transport, the proxy, the MCP bridge and the command
// `request` each have their own way to send, and their own rule of what a rejection
// is; this is the one policy between them.
package retry

import (
	"bytes"
	"io"
	"net/http"
)

// Request is a request to an API that wants a token of type T.
type Request[T any] struct {
	// Send sends it with a token. It is called at most twice.
	Send func(token T) (*http.Response, error)
	// Rejected reports whether an answer rejects the token: 401, or what counts as
	// one at this API. It is asked of the first answer only.
	Rejected func(answer *http.Response) bool
	// Renew tells the agent which token was rejected, and gets the one to use now.
	Renew func(rejected T) (T, error)
	// Access is what of a token is sent.
	Access func(token T) string
	// Replay makes Send send the body once more; false where it cannot be. nil: it
	// can, or there is none.
	Replay func() bool
}

// Do sends the request. What happens after a rejection:
//
//	the agent has no other token, or an error   the rejection is the answer; the error is renew
//	the body cannot be sent again               the rejection is the answer: the next request has the new token
//	else                                        the answer, or the error, of the second request, whatever it is
//
// The rejection says more to the caller than our trouble with it, so err is only
// ever Send's.
func (r Request[T]) Do(token T) (answer *http.Response, renew, err error) {
	answer, err = r.Send(token)
	if err != nil || !r.Rejected(answer) {
		return answer, nil, err
	}
	next, renew := r.Renew(token)
	if renew != nil || r.Access(next) == r.Access(token) {
		return answer, renew, nil
	}
	if r.Replay != nil && !r.Replay() {
		return answer, nil, nil
	}
	drain(answer)
	answer, err = r.Send(next)
	return answer, nil, err
}

// MaxJudged is how much of an answer is looked at, in bytes, to tell whether it
// rejects the token. Answers that do are short.
const MaxJudged = 64 << 10

// Head is the beginning of an answer's body, up to MaxJudged, for Rejected to judge.
// The body reads from its beginning all the same. Where it breaks off within that,
// head is what came, and the body ends in the error too.
func Head(answer *http.Response) (head []byte, err error) {
	head, err = io.ReadAll(io.LimitReader(answer.Body, MaxJudged))
	rest := io.Reader(answer.Body)
	if err != nil {
		rest = broken{err}
	}
	answer.Body = joined{io.MultiReader(bytes.NewReader(head), rest), answer.Body}
	return head, err
}

// joined is a body of which the beginning has been read already.
type joined struct {
	io.Reader
	io.Closer
}

// broken is the rest of a body that broke off.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// small is how long a body is that is read to its end for the line to be used again.
const small = 64 << 10

// drain ends an answer that nobody reads. One whose length is not known may be a
// stream, and is not waited for.
func drain(answer *http.Response) {
	if 0 <= answer.ContentLength && answer.ContentLength <= small {
		io.Copy(io.Discard, answer.Body)
	}
	answer.Body.Close()
}
