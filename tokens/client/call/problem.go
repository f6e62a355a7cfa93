package call

import (
	"encoding/json"
	"fmt"
	"time"
)

// Problem is the agent's error (RFC 9457). Code decides, Detail is one sentence
// for people, Hint the command that mends it. Texts may stem from a provider:
// strip control characters before showing them.
type Problem struct {
	Code    string    `json:"code"`
	Title   string    `json:"title,omitempty"`
	Status  int       `json:"status"`
	Detail  string    `json:"detail,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"`
}

func (p *Problem) Error() string {
	switch {
	case p.Detail != "" && p.Code != "":
		return fmt.Sprintf("%s (%s)", p.Detail, p.Code)
	case p.Detail != "":
		return p.Detail
	}
	return fmt.Sprintf("the agent answered %d", p.Status)
}

// problem reads an answer that is no success; a body that is no problem leaves
// the status alone to tell.
func (a Answer) problem() *Problem { return ParseProblem(a.Status, a.Body) }

// ParseProblem reads an answer that is no success.
func ParseProblem(status int, body []byte) *Problem {
	var p Problem
	if json.Unmarshal(body, &p) != nil {
		p = Problem{}
	}
	p.Status = status
	return &p
}
