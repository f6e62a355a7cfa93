package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	maxHead   = 64 << 10 // the head of an answer, in bytes
	maxAnswer = 8 << 20  // an answer that is read whole
)

// newRequest makes a request with in as its JSON, or as it is where it is a Text, unless it is nil. The agent
// ignores the host.
func newRequest(ctx context.Context, method, path, accept string, in any) (*http.Request, error) {
	var body io.Reader
	var kind string
	switch in := in.(type) {
	case nil:
	case Text:
		body, kind = strings.NewReader(string(in)), "text/plain; charset=utf-8"
	default:
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body, kind = bytes.NewReader(data), "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	r.Close = true
	r.Header.Set("Accept", accept)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, nil
}

// send sends a request on a connection of its own and reads the head of the
// answer, which is a success. The caller closes it.
//
// There is no http.Transport because a process that asks once, as `authtray token`
// does, takes 5 % (0.2 ms) longer with one.
//
// What an agent that is being replaced did not answer is sent to the next one.
func (a Agent) send(r *http.Request) (*answer, error) {
	for {
		conn, err := a.dial(r.Context())
		if err != nil {
			return nil, err
		}
		got, err := exchange(conn, r)
		if err == nil || !repeatable(r) || !CutOff(err, conn.RemoteAddr().String()) || !pauseForReplacement(r.Context()) {
			return got, err
		}
		if r.GetBody != nil {
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// exchange sends a request on a connection and reads the head of its answer.
func exchange(conn net.Conn, r *http.Request) (*answer, error) {
	l := newLink(r.Context(), conn)
	r.Write(l) // where that fails, the answer or its absence says why
	got, err := readHead(l, r)
	if err == nil && !got.success() {
		_, err = got.all()
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	got.Closer = l
	return got, nil
}

// link is a connection that ends with its context, and says so.
type link struct {
	net.Conn
	ctx  context.Context
	stop func() bool
}

func newLink(ctx context.Context, conn net.Conn) *link {
	return &link{conn, ctx, context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })}
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	switch cause := l.ctx.Err(); {
	case err == nil:
		return n, nil
	case cause != nil:
		return n, fmt.Errorf("%w: %w", ErrNoAnswer, cause)
	case err == io.EOF:
		return n, io.EOF
	}
	return n, fmt.Errorf("%w: %w", ErrNoAnswer, err)
}

func (l *link) Close() error {
	l.stop()
	return l.Conn.Close()
}

// answer is an answer whose head has been read. Its body comes as it is read;
// errors but io.EOF are ErrNoAnswer. To close it is to end the connection: what
// is left of a stream is not waited for.
type answer struct {
	io.Closer
	status int
	body   io.Reader
}

// readHead reads the head of the answer to r, or to a GET where r is nil.
func readHead(from io.Reader, r *http.Request) (*answer, error) {
	limited := &io.LimitedReader{R: from, N: maxHead}
	got, err := http.ReadResponse(bufio.NewReader(limited), r)
	if err != nil {
		return nil, noAnswer(err)
	}
	limited.N = math.MaxInt64
	return &answer{status: got.StatusCode, body: got.Body}, nil
}

func (a *answer) success() bool { return a.status >= 200 && a.status <= 299 }

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF {
		err = noAnswer(err)
	}
	return n, err
}

// all reads the rest of the body. Where the answer is no success, the error is a
// *Problem.
func (a *answer) all() ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(a, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, errTooLong
	case !a.success():
		return nil, newProblem(a.status, body)
	}
	return body, nil
}

var errTooLong = fmt.Errorf("%w: it is too long", ErrNoAnswer)

// noAnswer is an error of reading an answer. Those of net/http are left out, since
// they quote what cannot be read, and that may be a token.
func noAnswer(err error) error {
	switch {
	case errors.Is(err, ErrNoAnswer):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ended while it was asked", ErrNoAnswer)
	}
	return fmt.Errorf("%w: it does not speak HTTP", ErrNoAnswer)
}
