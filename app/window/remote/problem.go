package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ErrNoAgent means that nobody answers at the socket.
var ErrNoAgent = errors.New("the agent does not answer")

// Problem is why the agent did not do what it was asked (RFC 9457).
type Problem struct {
	Code    string    `json:"code"`
	Title   string    `json:"title"`
	Status  int       `json:"status"`
	Detail  string    `json:"detail"` // one sentence for people
	Hint    string    `json:"hint"`   // the command that mends it
	Reason  string    `json:"reason"`
	RetryAt time.Time `json:"retry_at"`
	Account string    `json:"account"` // other_account: who signed in
}

func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return fmt.Sprintf("the agent answered %d %s", p.Status, http.StatusText(p.Status))
}

// AsProblem returns the agent's own words in err, if there are any.
func AsProblem(err error) (*Problem, bool) {
	var p *Problem
	return p, errors.As(err, &p)
}

// Missing reports whether an agent does not know the endpoint that was asked.
func Missing(err error) bool {
	p, ok := AsProblem(err)
	return ok && (p.Status == http.StatusNotFound || p.Status == http.StatusNotImplemented || p.Status == http.StatusMethodNotAllowed) &&
		p.Code != "unknown_connection" && p.Code != "unknown_provider"
}

func problemOf(res *http.Response) error {
	p := &Problem{}
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(p); err != nil {
		p = &Problem{}
	}
	p.Status = res.StatusCode
	return p
}
