package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/client/retry"
)

// transport sends one session's requests. It adds the token and the headers of the
// protocol that the SDK leaves to its own client, and gives the SDK good answers
// only: everything else is a *trouble, so that one bad answer does not end what
// else is under way.
type transport struct {
	base      http.RoundTripper
	server    *url.URL // where the token may go
	anyPath   bool     // the old SSE transport: to any path of that origin
	tokens    tokenSource
	remote    bool                    // the server is reached through the agent
	stateless bool                    // there are no sessions
	slashed   atomic.Pointer[url.URL] // where the server has it instead: server with a slash behind its path
	version   atomic.Pointer[string]  // as negotiated; nil: the message's own
	deliver   func(*jsonrpc.Response)
}

// errDelivered is the end of a request whose answer was handed to who waits for it: the
// SDK, which would read it anew and pass it through three goroutines, has nothing left
// to do.
var errDelivered = errors.New("the answer was delivered")

// tokenSource is where tokens come from.
type tokenSource interface {
	token(ctx context.Context) (string, error)
	// rejected reports a token that was refused, and gives the one to use now.
	rejected(ctx context.Context, old string) (string, error)
}

// message is the client's message that a request carries.
type message struct {
	method string
	id     jsonrpc.ID // not valid: no answer is expected
	header http.Header
}

// begins reports whether the SDK reads the answer, which may name a session.
func (m message) begins() bool { return m.method == "initialize" }

type messageKey struct{}

// carrying is a context for a request that carries m.
func carrying(ctx context.Context, m message) context.Context {
	return context.WithValue(ctx, messageKey{}, m)
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != t.server.Scheme || r.URL.Host != t.server.Host || !t.anyPath && r.URL.Path != t.server.Path {
		closeBody(r)
		return nil, refusal("the MCP server names an address outside %s, and the token is not sent there", t.server.Host)
	}
	token, err := t.tokens.token(r.Context())
	if err != nil {
		closeBody(r)
		return nil, err
	}
	body := r.Body
	answer, renew, err := retry.Request[string]{
		Send:     func(token string) (*http.Response, error) { return t.sendWithSlash(r, body, token) },
		Rejected: func(answer *http.Response) bool { return answer.StatusCode == http.StatusUnauthorized },
		Renew:    func(token string) (string, error) { return t.tokens.rejected(r.Context(), token) },
		Access:   func(token string) string { return token },
		Replay:   func() (ok bool) { body, ok = again(r); return ok },
	}.Do(token)
	if renew != nil { // it says what the person can do
		drop(answer)
		return nil, renew
	}
	return t.checkAnswer(r, answer, err)
}

// sendWithSlash is send, and once more where the server wants a slash behind the path,
// at which everything is sent from then on.
func (t *transport) sendWithSlash(r *http.Request, body io.ReadCloser, token string) (*http.Response, error) {
	answer, err := t.send(r, body, token)
	if err != nil || t.anyPath || t.remote || t.slashed.Load() != nil {
		return answer, err
	}
	at := providers.WithSlash(r.URL, answer.StatusCode, answer.Header)
	if at == nil {
		return answer, nil
	}
	body, ok := again(r)
	if !ok {
		return answer, nil
	}
	drop(answer)
	t.slashed.Store(at)
	return t.send(r, body, token)
}

// send sends once. An error says whether the server can have had the request.
func (t *transport) send(r *http.Request, body io.ReadCloser, token string) (*http.Response, error) {
	var sent atomic.Bool
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		GotConn: func(c httptrace.GotConnInfo) {
			if !c.Reused {
				Shed() // a TLS handshake's, among others
			}
		},
	})
	out := r.Clone(ctx)
	out.Body = body
	if at := t.slashed.Load(); at != nil {
		out.URL = at
	}
	if token != "" {
		out.Header.Set("Authorization", "Bearer "+token)
	}
	if v := t.version.Load(); v != nil && out.Header.Get(versionHeader) == "" {
		out.Header.Set(versionHeader, *v)
	}
	if m, ok := r.Context().Value(messageKey{}).(message); ok {
		for name, values := range m.header {
			out.Header[name] = values
		}
	}
	answer, err := t.base.RoundTrip(out)
	if err != nil {
		return nil, networkTrouble(err, sent.Load())
	}
	if t.stateless {
		answer.Header.Del(sessionHeader)
	}
	return answer, nil
}

const (
	versionHeader = "Mcp-Protocol-Version"
	sessionHeader = "Mcp-Session-Id"
	methodHeader  = "Mcp-Method"
)

// checkAnswer hands on a good answer; of any other it says what is the matter.
func (t *transport) checkAnswer(r *http.Request, answer *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		return t.good(r, answer)
	}
	if r.Method == http.MethodGet && !t.anyPath && answer.StatusCode/100 == 4 &&
		answer.StatusCode != http.StatusUnauthorized && !t.unknownSession(answer, nil) {
		return answer, nil // a server need not offer this stream
	}
	defer drop(answer)
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if p := agentProblem(answer, body); p != nil && t.remote {
		return nil, agentTrouble(p)
	}
	return nil, t.bad(answer, body)
}

// agentProblem is what the agent says itself of a request that it was to pass on.
func agentProblem(answer *http.Response, body []byte) *client.Problem {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	p := &client.Problem{}
	if kind != "application/problem+json" || json.Unmarshal(body, p) != nil || p.Code == "" {
		return nil
	}
	p.Status = answer.StatusCode
	return p
}

// bad is the table of answers that are none.
func (t *transport) bad(answer *http.Response, body []byte) *trouble {
	said := saidError(body)
	scopes, missing := providers.MissingScopes(answer)
	switch code := answer.StatusCode; {
	case code/100 == 3:
		return refusal("the MCP server redirects elsewhere, and the token is not sent there: if it has moved, change its URL")
	case code == http.StatusUnauthorized:
		return &trouble{kind: denied, sentence: "the MCP server refuses the token, renewed or not; another sign-in may help"}
	case missing:
		return &trouble{kind: missingScopes, scopes: scopes, sentence: "the MCP server wants a scope that the token does not have"}
	case t.unknownSession(answer, said):
		return &trouble{kind: noSession, sentence: "the MCP server has restarted and knows this session no more"}
	case said != nil:
		return &trouble{kind: refused, said: said, sentence: "the MCP server answered with an error"}
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return &trouble{kind: busy, until: retryAfter(answer), sentence: "the MCP server is busy or down for a moment"}
	case code/100 == 5:
		return &trouble{kind: lost, sentence: "the MCP server failed with " + answer.Status[:3] + "; it may have carried the request out"}
	case code == http.StatusBadRequest || code == http.StatusNotFound || code == http.StatusMethodNotAllowed:
		return &trouble{kind: noEndpoint, sentence: "there is no MCP server at its URL, or it does not take this request (" + answer.Status[:3] + ")"}
	}
	return refusal("the MCP server refuses the request (%d)", answer.StatusCode)
}

// unknownSession reports whether the server knows the session no more: 404, and
// with some servers 400 and a sentence about sessions.
func (t *transport) unknownSession(answer *http.Response, said *jsonrpc.Error) bool {
	if t.anyPath {
		return answer.Request.Method == http.MethodPost && answer.StatusCode == http.StatusNotFound
	}
	if answer.Request.Header.Get(sessionHeader) == "" {
		return false
	}
	return answer.StatusCode == http.StatusNotFound ||
		answer.StatusCode == http.StatusBadRequest && said != nil && strings.Contains(strings.ToLower(said.Message), "session")
}

// good is an answer of 2xx. One to a call is JSON or a stream of events; JSON is
// read whole here, so that what is no answer fails this call alone.
func (t *transport) good(r *http.Request, answer *http.Response) (*http.Response, error) {
	m, ok := r.Context().Value(messageKey{}).(message)
	if !ok || !m.id.IsValid() || t.anyPath {
		return answer, nil
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
	case "text/event-stream":
		return t.goodStream(m, answer)
	default:
		answer.Body.Close()
		return nil, &trouble{kind: unreachable, sentence: "what came is no answer of an MCP server; a login page of the network may be in the way"}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxMessage+1))
	if err != nil {
		return nil, networkTrouble(err, true)
	}
	if len(body) > maxMessage {
		return nil, refusal("the MCP server's answer is longer than 16 MB and was not read")
	}
	msg, err := decodeMessage(body)
	response, isResponse := msg.(*jsonrpc.Response)
	switch {
	case err == nil && isResponse && response.ID == m.id:
	case saidError(body) != nil:
		return nil, &trouble{kind: refused, said: saidError(body), sentence: "the MCP server answered with an error"}
	default:
		return nil, refusal("what came is no answer to the request; the MCP server is at fault")
	}
	if m.begins() {
		answer.Body = io.NopCloser(bytes.NewReader(body))
		return answer, nil
	}
	t.deliver(response)
	return nil, errDelivered
}

// maxFirst bounds the first event that is looked at, in bytes.
const maxFirst = 64 << 10

// goodStream delivers an answer that is the first event of its stream, as most are; any
// other stream is the SDK's, from its beginning on.
func (t *transport) goodStream(m message, answer *http.Response) (*http.Response, error) {
	if m.begins() {
		return answer, nil
	}
	var seen bytes.Buffer
	data, err := nextEvent(bufio.NewReaderSize(io.TeeReader(answer.Body, &seen), firstBuffer), &position{}, maxFirst)
	if err == nil {
		msg, _ := decodeMessage(data)
		if response, ok := msg.(*jsonrpc.Response); ok && response.ID == m.id {
			t.deliver(response)
			go drop(answer)
			return nil, errDelivered
		}
	}
	answer.Body = bodyOf{io.MultiReader(&seen, answer.Body), answer.Body}
	return answer, nil
}

const firstBuffer = 2 << 10

// bodyOf is a body that is read in another way than it is closed.
type bodyOf struct {
	io.Reader
	io.Closer
}

func retryAfter(answer *http.Response) time.Time {
	if d, err := time.ParseDuration(answer.Header.Get("Retry-After") + "s"); err == nil && d > 0 {
		return time.Now().Add(d)
	}
	return time.Time{}
}

// again gives the body once more.
func again(r *http.Request) (io.ReadCloser, bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	return body, err == nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

// drop lets the connection be used again, within reason.
func drop(answer *http.Response) {
	io.CopyN(io.Discard, answer.Body, 64<<10)
	answer.Body.Close()
}
