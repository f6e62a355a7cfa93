package tokens

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

// This file is what a simulated Manager speaks to: a store, the notes, and the
// network under the real client of its provider.

type simStore struct{ r *simManager }

func (s simStore) Get(ctx context.Context, _ string) ([]byte, error) {
	out := s.r.do(ctx, &asked{effect: effect{kind: readRecord}})
	if out.err != nil {
		return nil, out.err
	}
	return out.grant.encode()
}

func (s simStore) Set(ctx context.Context, _ string, b []byte) error {
	g, err := decodeGrant(b)
	if err != nil {
		return err
	}
	return s.r.do(ctx, &asked{effect: effect{kind: saveRecord, grant: g}}).err
}

func (s simStore) Delete(ctx context.Context, _ string) error {
	return s.r.do(ctx, &asked{effect: effect{kind: eraseRecord}}).err
}

func (s simStore) Check(ctx context.Context) error {
	return s.r.do(ctx, &asked{effect: effect{kind: checkStore}}).err
}

func (s simStore) Unlock(ctx context.Context) error {
	return s.r.do(ctx, &asked{effect: effect{kind: checkStore}, asks: true}).err
}

func (s simStore) Changed() chan struct{} { return s.r.changed }
func (s simStore) Kind() store.Kind       { return store.KindMemory }
func (s simStore) Close() error           { return nil }

type simNotes struct{ r *simManager }

// Load is called as the process begins, by the world itself.
func (n simNotes) Load(string) (*Note, error) {
	note := n.r.a.w.loadNote()
	if note.damaged() {
		return nil, errors.New("unexpected end of JSON input")
	}
	return note, nil
}

func (n simNotes) Save(_ string, note Note) error {
	return n.r.do(context.Background(), &asked{effect: effect{kind: saveNote, note: &note}}).err
}

func (n simNotes) Clear(string) error {
	return n.r.do(context.Background(), &asked{effect: effect{kind: clearNote}}).err
}

var _ store.Store = simStore{}

// simClient is the provider's client. The world lets go on what comes of a refresh,
// and says what the tokens show, which are no JWTs.
type simClient struct {
	*providers.Client
	r *simManager
}

// simHeard is what came of a refresh.
type simHeard struct {
	sent  *asked // the request; nil: none was sent
	reply chan outcome
	outcome
}

// simSent is the key of a context whose value takes the request that is sent.
type simSent struct{}

func (c simClient) Refresh(ctx context.Context, req providers.RefreshRequest) (providers.Answer, error) {
	h := &simHeard{reply: make(chan outcome, 1)}
	h.answer, h.err = c.Client.Refresh(context.WithValue(ctx, simSent{}, &h.sent), req)
	c.r.post(h)
	select {
	case out := <-h.reply:
		return out.answer, out.err
	case <-c.r.gone:
		return providers.Answer{}, store.ErrUnavailable
	}
}

func (c simClient) Binding(ctx context.Context) (providers.Binding, error) {
	if err := c.r.do(ctx, &asked{effect: effect{kind: compareBinding, grant: &Grant{}}}).err; err != nil {
		return providers.Binding{}, err
	}
	return c.Client.Binding(ctx)
}

func (c simClient) Scopes(ctx context.Context, accessToken string, _ providers.Binding) []string {
	return c.r.do(ctx, &asked{effect: effect{kind: askScopes, grant: &Grant{AccessToken: accessToken}}}).scopes
}

// heard has the Manager told what came of a refresh.
func (r *simManager) heard(h *simHeard) {
	a := r.a
	q := asked{reply: h.reply}
	switch {
	case h.sent != nil:
		q.effect = h.sent.effect
	case a.m.request.grant != nil:
		q.effect = a.m.request
	default:
		q.effect = effect{kind: sendRefresh, grant: &Grant{}}
	}
	if h.sent == nil {
		a.sending[q.grant.RefreshToken]++
		a.underway++
	}
	if f := (*refusal.Failure)(nil); errors.As(h.err, &f) && f.Lost { // perhaps given up, with the answer on its way
		a.w.check.unheard = true
	}
	a.later(0, func() { a.answered(q, h.answer, h.err) })
}

// arrives is a provider's answer that reaches the client.
func (r *simManager) arrives(q asked, answer providers.Answer, err error) {
	r.sync()
	q.reply <- outcome{answer: answer, err: err}
	r.settle()
}

type simTransport struct{ r *simManager }

// RoundTrip hands a request to the world.
func (t simTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var form url.Values
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		form, _ = url.ParseQuery(string(b))
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.WroteHeaders != nil && t.r.reached.Load() {
		trace.WroteHeaders()
	}
	q := &asked{}
	switch req.URL.Path {
	case "/token":
		q.effect = effect{kind: sendRefresh, grant: &Grant{RefreshToken: form.Get("refresh_token")}, want: Want{Scopes: strings.Fields(form.Get("scope"))}}
		if sent, ok := req.Context().Value(simSent{}).(**asked); ok {
			*sent = q
		}
	case "/revoke":
		q.effect = effect{kind: revokeGrant, grant: &Grant{AccessToken: form.Get("token")}}
	case "/me":
		q.effect = effect{kind: askProvider, grant: &Grant{AccessToken: strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")}}
	}
	out := t.r.do(req.Context(), q)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return respond(q.kind, out)
}

// respond is what comes over the network.
func respond(kind effectKind, out outcome) (*http.Response, error) {
	var f *refusal.Failure
	switch {
	case kind == askProvider:
		return answerWith(map[providers.Liveness]int{providers.Alive: 200, providers.DeadToken: 401, providers.Unclear: 503}[out.liveness], map[string]any{"name": "ada"}), nil
	case kind != sendRefresh:
		return answerWith(200, nil), out.err
	case out.err == nil:
		return answerWith(200, tokenAnswer(out.answer)), nil
	case !errors.As(out.err, &f):
		return nil, out.err
	case f.Lost && f.Status == 0:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	case f.Code == "network":
		return nil, &net.DNSError{Err: "no such host", Name: "id.example", IsNotFound: true}
	case f.Status == 403: // a login page of the network, over TLS
		return nil, &tls.CertificateVerificationError{Err: errors.New("not for that name")}
	case f.Code == "not_oauth":
		r := answerWith(f.Status, nil)
		r.Body = io.NopCloser(strings.NewReader("<html>Bad gateway</html>"))
		return r, nil
	}
	r := answerWith(f.Status, map[string]any{"error": f.Code, "error_description": f.Detail})
	if f.RetryAfter > 0 {
		r.Header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	return r, nil
}

func tokenAnswer(a providers.Answer) map[string]any {
	body := map[string]any{"access_token": a.AccessToken, "token_type": a.TokenType}
	if !a.Never {
		body["expires_in"] = int(a.ExpiresIn / time.Second)
	}
	if a.RefreshToken != "" {
		body["refresh_token"] = a.RefreshToken
	}
	if a.Scopes != nil {
		body["scope"] = strings.Join(a.Scopes, " ")
	}
	return body
}

func answerWith(status int, body any) *http.Response {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(b))),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
	}
}
