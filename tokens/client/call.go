// Package call speaks to the agent with as little as possible: a Unix socket (a
// named pipe on Windows) and HTTP/1.1 written and read by hand, so that a tool
// that wants a token need not carry a web client.
//
//	dial_*.go    reaching it, and seeing that it belongs to the same user
//	http.go      one request, one answer
//	problem.go   the agent's errors
//
// One connection carries one request. For streams (events, api/PATH) use
// net/http over Dial.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ErrNoAgent means that nobody listens at the agent's address.
var ErrNoAgent = errors.New("no Authtray agent is running")

// ErrForeign means that somebody else's process listens there; nothing was sent.
var ErrForeign = errors.New("the process at the agent's address belongs to another user")

// MaxAnswer is how much of an answer is read, in bytes.
const MaxAnswer = 4 << 20

// Request is one request to the agent.
type Request struct {
	Method string
	Target string // path and query, escaped
	Accept string // "": application/json
	Body   []byte // JSON; nil: none
}

// Answer is a successful (2xx) answer, whole.
type Answer struct {
	Status int
	Type   string // media type without parameters
	Body   []byte
}

// Do sends r to the agent (address.Agent) and reads the answer. The error is
// ErrNoAgent, ErrForeign, a *Problem, or a failure to speak, wrapped. It obeys
// ctx's deadline and cancellation. Safe for concurrent use.
func Do(ctx context.Context, r Request) (Answer, error) {
	conn, err := Dial(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	defer interrupt(ctx, conn)()
	a, err := exchange(conn, r)
	if cause := ctx.Err(); err != nil && cause != nil {
		return Answer{}, fmt.Errorf("the agent did not answer: %w", cause)
	}
	return a, err
}

// interrupt ends reads and writes on conn when ctx does.
func interrupt(ctx context.Context, conn net.Conn) (stop func() bool) {
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	return context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
}

func exchange(conn io.ReadWriter, r Request) (Answer, error) {
	if _, err := conn.Write(r.marshal()); err != nil {
		return Answer{}, fmt.Errorf("cannot write to the agent: %w", err)
	}
	return read(conn)
}

// Read reads an answer that has been received already, as Do would.
func Read(raw []byte) (Answer, error) { return read(bytes.NewReader(raw)) }

func read(r io.Reader) (Answer, error) {
	a, err := readAnswer(r)
	if err != nil {
		return Answer{}, fmt.Errorf("cannot understand the agent's answer: %w", err)
	}
	if a.Status < 200 || a.Status > 299 {
		return Answer{}, a.problem()
	}
	return a, nil
}

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
