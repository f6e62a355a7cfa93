package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/client"
)

// remote is the agent, as commands speak to it.
type remote struct{ http *http.Client }

// agent is the one that runs; whether one does, the first request tells.
func (s *shell) agent() remote { return remote{api.Client(s.paths.Socket)} }

// running says whether an agent answers, and how it is.
func (s *shell) running(ctx context.Context) (api.Health, bool, error) {
	var h api.Health
	err := s.agent().get(ctx, "/v1/health", &h)
	if errors.Is(err, api.ErrNotRunning) {
		return h, false, nil
	}
	return h, err == nil, err
}

// connection is the path of a connection, and of what is below it.
func connection(name string, below ...string) string {
	path := "/v1/connections/" + escape(name)
	for _, b := range below {
		path += "/" + b
	}
	return path
}

func escape(segment string) string { return url.PathEscape(segment) }

func (r remote) get(ctx context.Context, path string, out any) error {
	return r.do(ctx, http.MethodGet, path, nil, out)
}

// do sends in as JSON and reads the answer into out; either may be nil. The
// error is a *client.Problem where the agent refuses.
func (r remote) do(ctx context.Context, method, path string, in, out any) error {
	answer, err := r.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return fmt.Errorf("the agent's answer cannot be read: %w", err)
	}
	return nil
}

// send is do, leaving the body of a good answer to the caller.
func (r remote) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	return r.request(ctx, method, path, in, "application/json")
}

// stream is send, for an answer that comes as a JSON object a line.
func (r remote) stream(ctx context.Context, method, path string, in any) (*http.Response, error) {
	return r.request(ctx, method, path, in, "application/x-ndjson")
}

func (r remote) request(ctx context.Context, method, path string, in any, accept string) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := r.http.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	if answer.StatusCode > 299 {
		defer answer.Body.Close()
		data, _ := io.ReadAll(io.LimitReader(answer.Body, client.MaxAnswer))
		return nil, client.ParseProblem(answer.StatusCode, data)
	}
	return answer, nil
}

// plain drops what net/http puts round an error: the user asked for no URL.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the agent ended while it was asked; start it again with: authtray run")
	}
	return err
}
