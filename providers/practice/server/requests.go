package server

import (
	"errors"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// requestLifetime is how long a person may think, and codeLifetime how long a
// code is good.
const (
	requestLifetime = 10 * time.Minute
	codeLifetime    = time.Minute
)

var (
	errNoRequest = errors.New("this sign-in is over or was never begun; start again in the app")
	errNoCode    = errors.New("the code is unknown, used or expired")
)

// authRequest is an authorization request on its way from /authorize to its
// code. The value is copied out of the store, so nobody sees it change.
type authRequest struct {
	*oidc.AuthRequest // as the client sent it; never written to
	id                string
	resource          string
	user              string
	begun, approved   time.Time
	signIns           int // how many sign-ins there had been when it came
}

var _ op.AuthRequest = authRequest{}

func (r authRequest) GetID() string          { return r.id }
func (r authRequest) GetACR() string         { return "" }
func (r authRequest) GetAMR() []string       { return []string{"user"} }
func (r authRequest) GetAudience() []string  { return []string{r.ClientID} }
func (r authRequest) GetAuthTime() time.Time { return r.approved }
func (r authRequest) GetClientID() string    { return r.ClientID }
func (r authRequest) GetNonce() string       { return r.Nonce }
func (r authRequest) GetScopes() []string    { return r.Scopes }
func (r authRequest) GetSubject() string     { return r.user }
func (r authRequest) Done() bool             { return !r.approved.IsZero() }

func (r authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	if r.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

// requests holds the pending ones. Safe for concurrent use.
type requests struct {
	mu      sync.Mutex
	now     func() time.Time
	pending map[string]authRequest
	codes   map[string]code // hash of the code → what it stands for
}

type code struct {
	request string
	expires time.Time
	grant   string // set once the code was exchanged
}

func newRequests(now func() time.Time) *requests {
	return &requests{now: now, pending: map[string]authRequest{}, codes: map[string]code{}}
}

func (q *requests) add(r *oidc.AuthRequest, resource string, signIns int) authRequest {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.prune()
	sent := *r
	added := authRequest{AuthRequest: &sent, id: randomID(16), resource: resource, begun: q.now(), signIns: signIns}
	q.pending[added.id] = added
	return added
}

func (q *requests) get(id string) (authRequest, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, ok := q.pending[id]
	if !ok || q.now().After(r.begun.Add(requestLifetime)) {
		return authRequest{}, errNoRequest
	}
	return r, nil
}

func (q *requests) approve(id, user string) error {
	return q.change(id, func(r *authRequest) { r.user, r.approved = user, q.now() })
}

func (q *requests) change(id string, f func(*authRequest)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, ok := q.pending[id]
	if !ok {
		return errNoRequest
	}
	f(&r)
	q.pending[id] = r
	return nil
}

func (q *requests) remove(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.pending, id)
}

func (q *requests) saveCode(id, value string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.codes[hashOf(value)] = code{request: id, expires: q.now().Add(codeLifetime)}
}

// byCode gives the request a code stands for. A code that was exchanged before
// also names the grant that it gave, which must end (RFC 6749 §4.1.2).
func (q *requests) byCode(value string) (r authRequest, spent string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c, ok := q.codes[hashOf(value)]
	if !ok || c.grant != "" {
		return authRequest{}, c.grant, errNoCode
	}
	r, ok = q.pending[c.request]
	if !ok || !q.now().Before(c.expires) {
		return authRequest{}, "", errNoCode
	}
	return r, "", nil
}

// consume takes a request away for good, so that of two exchanges of one code one
// gets tokens. exchanged is then told which grant they belong to.
func (q *requests) consume(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.pending[id]
	delete(q.pending, id)
	return ok
}

func (q *requests) exchanged(id, grant string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for h, c := range q.codes {
		if c.request == id {
			c.grant = grant
			q.codes[h] = c
		}
	}
}

func (q *requests) prune() {
	old := q.now().Add(-2 * requestLifetime)
	for id, r := range q.pending {
		if r.begun.Before(old) {
			delete(q.pending, id)
		}
	}
	for h, c := range q.codes {
		if c.expires.Before(old) {
			delete(q.codes, h)
		}
	}
}
