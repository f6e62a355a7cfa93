package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
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
