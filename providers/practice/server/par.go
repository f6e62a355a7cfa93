package server

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// pushedLifetime is how long a request_uri is good.
const pushedLifetime = time.Minute

const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushed holds RFC 9126 requests by request_uri. Safe for concurrent use.
type pushed struct {
	mu      sync.Mutex
	now     func() time.Time
	waiting map[string]pushedRequest
}

type pushedRequest struct {
	params  url.Values
	expires time.Time
}

func newPushed(now func() time.Time) *pushed {
	return &pushed{now: now, waiting: map[string]pushedRequest{}}
}

func (p *pushed) add(params url.Values) (requestURI string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for uri, r := range p.waiting {
		if p.now().After(r.expires) {
			delete(p.waiting, uri)
		}
	}
	requestURI = requestURIPrefix + randomID(16)
	p.waiting[requestURI] = pushedRequest{params, p.now().Add(pushedLifetime)}
	return requestURI
}

// consume gives a client's request back, once.
func (p *pushed) consume(requestURI, clientID string) (url.Values, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.waiting[requestURI]
	if !ok || r.params.Get("client_id") != clientID {
		return nil, false
	}
	delete(p.waiting, requestURI)
	return r.params, p.now().Before(r.expires)
}

// push is the pushed authorization request endpoint (RFC 9126 §2).
func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	params, err := s.readPushed(r)
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]any{
		"request_uri": s.pushed.add(params), "expires_in": int(pushedLifetime / time.Second),
	})
}

func (s *Server) readPushed(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("the body is not a form")
	}
	params := r.PostForm
	cred := op.ClientCredentials{ClientID: params.Get("client_id"), ClientSecret: params.Get("client_secret")}
	if id, secret, ok := r.BasicAuth(); ok {
		cred.ClientID, cred.ClientSecret = unescaped(id), unescaped(secret)
	}
	c, err := s.verifyClient(r.Context(), &op.Request[op.ClientCredentials]{Data: &cred, Form: params})
	if err != nil {
		return nil, err
	}
	if params.Has("request_uri") {
		return nil, oidc.ErrInvalidRequest().WithDescription("request_uri may not be pushed")
	}
	params.Set("client_id", c.GetID())
	params.Del("client_secret")
	return params, op.ValidateAuthReqRedirectURI(c, params.Get("redirect_uri"), oidc.ResponseTypeCode)
}

// unescaped undoes RFC 6749 §2.3.1's form encoding of Basic credentials.
func unescaped(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

// unpush puts the pushed parameters in the place of a request_uri, and turns
// away what should have been pushed.
func (s *Server) unpush(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if !q.Has("request_uri") {
			if c, _ := s.client(r.FormValue("client_id")); s.opts.RequirePAR || c.RequirePAR {
				s.sorry(w, http.StatusBadRequest, "This app must push its authorization requests (RFC 9126) and did not.")
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		params, ok := s.pushed.consume(q.Get("request_uri"), q.Get("client_id"))
		if !ok {
			s.sorry(w, http.StatusBadRequest, "This sign-in link is used up or too old. Start again in the app.")
			return
		}
		plain := r.Clone(r.Context())
		plain.Method, plain.URL.RawQuery, plain.Form, plain.PostForm = http.MethodGet, params.Encode(), nil, nil
		next.ServeHTTP(w, plain)
	})
}
