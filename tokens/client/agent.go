package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens/client/address"
)

var (
	// ErrNoAgent means that nobody listens at the agent's address.
	ErrNoAgent = errors.New("no Authtray agent is running")
	// ErrForeign means that a process of another user listens there. It was
	// sent nothing.
	ErrForeign = errors.New("the process at the agent's address belongs to another user")
	// ErrNoAnswer means that the agent took the connection and did not answer
	// whole: it ended, the context did, or it is no agent. Whether it acted on
	// the request is not known.
	ErrNoAnswer = errors.New("the agent gave no answer")
)

// maxLine is how long a line of a stream may be: a connection with all its
// events.
const maxLine = 1 << 20

// Agent asks an agent over its socket. The zero value asks the one that the
// environment names. Each request has a connection of its own.
type Agent struct {
	// Dial connects to the agent and sees that it is this user's. Nil stands
	// for the function Dial and the address that the environment names.
	Dial func(context.Context) (net.Conn, error)
}

// At asks the agent at an address: the path of its socket, or the name of its
// pipe.
func At(address string) Agent {
	return Agent{func(ctx context.Context) (net.Conn, error) { return Dial(ctx, address) }}
}

func (a Agent) dial(ctx context.Context) (net.Conn, error) {
	if a.Dial != nil {
		return a.Dial(ctx)
	}
	at, err := address.Agent()
	if err != nil {
		return nil, err
	}
	return Dial(ctx, at)
}

// Text is a body that is no JSON: Do sends it, and reads it, as it is (text/plain).
type Text string

// Do sends a request and reads its answer. path is escaped and has the query,
// as in "/v1/connections/work/token?min_valid=5m". in is sent as JSON and the
// answer's JSON read into out; either may be nil, in a Text and out a *Text. Where the agent refuses, the
// error is a *Problem.
func (a Agent) Do(ctx context.Context, method, path string, in, out any) error {
	accept := "application/json"
	text, isText := out.(*Text)
	if isText {
		accept = "text/plain"
	}
	r, err := newRequest(ctx, method, path, accept, in)
	if err != nil {
		return err
	}
	answer, err := a.send(r)
	if err != nil {
		return err
	}
	defer answer.Close()
	body, err := answer.all()
	if err != nil || out == nil {
		return err
	}
	if isText {
		*text = Text(body)
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the agent's answer cannot be read: %w", err)
	}
	return nil
}

// Stream sends a request, as Do does, whose answer comes bit by bit. It lasts
// until it is closed or ctx ends.
func (a Agent) Stream(ctx context.Context, method, path string, in any) (*Stream, error) {
	r, err := newRequest(ctx, method, path, "application/x-ndjson", in)
	if err != nil {
		return nil, err
	}
	answer, err := a.send(r)
	if err != nil {
		return nil, err
	}
	s := &Stream{answer: answer, lines: bufio.NewScanner(answer)}
	s.lines.Buffer(nil, maxLine)
	s.lines.Split(wholeLines)
	return s, nil
}

// Stream is an answer that comes bit by bit. It is for one goroutine, but for
// Close.
type Stream struct {
	answer *answer
	lines  *bufio.Scanner
}

// Close ends the stream. It may be called more than once.
func (s *Stream) Close() error { return s.answer.Close() }

// Line waits for the next line of an application/x-ndjson answer, without its
// end. The error is io.EOF where the agent has said all, else ErrNoAnswer; a
// line that was cut off is dropped. The bytes are good until the next call.
func (s *Stream) Line() ([]byte, error) {
	if s.lines.Scan() {
		return s.lines.Bytes(), nil
	}
	switch err := s.lines.Err(); {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return nil, errTooLong
	default:
		return nil, err
	}
}

// Event waits for the next event of a text/event-stream answer, and returns its
// name ("" for one without) and its data. Errors are those of Line.
func (s *Stream) Event() (name string, data []byte, err error) {
	for {
		line, err := s.Line()
		switch {
		case err != nil:
			return "", nil, err
		case len(line) == 0 && data != nil:
			return name, data, nil
		case len(line) == 0:
			name = "" // an event without data is none
			continue
		}
		field, value, _ := strings.Cut(string(line), ":") // that of a comment is ""
		switch value = strings.TrimPrefix(value, " "); {
		case field == "event":
			name = value
		case field == "data" && data != nil:
			data = append(data, "\n"+value...)
		case field == "data":
			data = []byte(value)
		}
	}
}

// wholeLines is bufio.ScanLines without a last line that has no end.
func wholeLines(data []byte, _ bool) (advance int, line []byte, err error) {
	return bufio.ScanLines(data, false)
}

// ReadAnswer reads an answer that has been received already: its body, or the
// error that Do would return.
func ReadAnswer(raw []byte) (body []byte, err error) {
	answer, err := readHead(bytes.NewReader(raw), nil)
	if err != nil {
		return nil, err
	}
	return answer.all()
}

// Problem is why the agent did not do what it was asked (RFC 9457). Its texts may
// stem from a provider: strip control characters before showing them.
type Problem struct {
	Code    string    `json:"code"` // what is the matter, for programs
	Title   string    `json:"title"`
	Status  int       `json:"status"`
	Detail  string    `json:"detail"`         // one sentence for people
	Hint    string    `json:"hint,omitempty"` // the command that fixes it
	Said    string    `json:"said,omitempty"` // the provider's own words, in printable ASCII; for people, not for logs
	Reason  string    `json:"reason,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"`
	Account string    `json:"account,omitempty"` // of other_account: who signed in
	Host    string    `json:"host,omitempty"`    // of other_host: where the sign-in page is
	Field   string    `json:"field,omitempty"`   // of the connection's file: what is to be corrected ("client_id", "vars.host")
}

// Sentence is Detail, or says what the status was where there is none.
func (p *Problem) Sentence() string {
	if p.Detail != "" {
		return p.Detail
	}
	return fmt.Sprintf("the agent answered %d", p.Status)
}

func (p *Problem) Error() string {
	if p.Code == "" {
		return p.Sentence()
	}
	return fmt.Sprintf("%s (%s)", p.Sentence(), p.Code)
}

// newProblem reads the body of an answer that is no success. One that holds no
// problem leaves the status alone to tell.
func newProblem(status int, body []byte) *Problem {
	var p Problem
	if json.Unmarshal(body, &p) != nil {
		p = Problem{}
	}
	p.Status = status
	return &p
}
