package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens"
)

// Dial opens a connection to the agent's socket. It must refuse a socket that
// belongs to another user.
type Dial func(ctx context.Context) (net.Conn, error)

// Client speaks to one agent. Safe for concurrent use.
type Client struct{ http *http.Client }

// quick bounds the calls that the agent answers from memory.
const quick = 10 * time.Second

// slow bounds the calls for which the agent may ask a provider.
const slow = 45 * time.Second

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 8 << 20

// New makes a client; nothing is dialled yet.
func New(dial Dial) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxIdleConns:    4,
		IdleConnTimeout: 20 * time.Second,
	}}}
}

// call sends in as JSON and reads the answer into out; either may be nil.
func (c *Client) call(ctx context.Context, d time.Duration, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	res, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("the agent's answer could not be read: %w", err)
	}
	return nil
}

// send returns an answer below 300, whose body the caller closes; anything else
// is an error.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	body, err := encode(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://authtray"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		defer res.Body.Close()
		return nil, problemOf(res)
	}
	return res, nil
}

func encode(in any) (io.Reader, error) {
	if in == nil {
		return nil, nil
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(data), nil
}

// unreachable tells "nobody answers at the socket" from a caller that gave up.
func unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %w", ErrNoAgent, err)
}

func connection(name string, rest string) string {
	return "/v1/connections/" + url.PathEscape(name) + rest
}

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

// Event is a change of one connection.
type Event struct {
	Status  tokens.Status
	Removed bool // the connection named in Status is gone
}

// Events calls opened once when the agent has taken the request, then each with
// every event until ctx or the agent ends. It always returns an error.
func (c *Client) Events(ctx context.Context, opened func(), each func(Event)) error {
	res, err := c.send(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	opened()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	var kind string
	var data strings.Builder
	for lines.Scan() {
		switch field, value := cut(lines.Text()); field {
		case "event":
			kind = value
		case "data":
			data.WriteString(value)
		case "":
			deliver(kind, data.String(), each)
			kind = ""
			data.Reset()
		}
	}
	return ended(lines.Err())
}

// cut splits a line of a text/event-stream; an empty line has no field, a
// comment has the field ":".
func cut(line string) (field, value string) {
	if strings.HasPrefix(line, ":") {
		return ":", ""
	}
	field, value, _ = strings.Cut(line, ":")
	return field, strings.TrimPrefix(value, " ")
}

func deliver(kind, data string, each func(Event)) {
	if kind != "connection" && kind != "removed" {
		return
	}
	e := Event{Removed: kind == "removed"}
	if json.Unmarshal([]byte(data), &e.Status) == nil && e.Status.Name != "" {
		each(e)
	}
}
