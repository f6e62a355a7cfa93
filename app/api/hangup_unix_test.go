//go:build !windows

package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

// slowAgent answers when it is let, and tells when its caller is gone.
type slowAgent struct {
	*fake
	asked chan string
	let   chan struct{}
	gone  chan error
}

func newSlowAgent() *slowAgent {
	return &slowAgent{fake: newFake(), asked: make(chan string, 10), let: make(chan struct{}), gone: make(chan error, 10)}
}

func (a *slowAgent) wait(ctx context.Context, what string) error {
	a.asked <- what
	select {
	case <-a.let:
		return nil
	case <-ctx.Done():
		a.gone <- ctx.Err()
		return ctx.Err()
	}
}

func (a *slowAgent) Token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error) {
	if err := a.wait(ctx, "token"); err != nil {
		return tokens.Token{}, err
	}
	return a.fake.Token(ctx, name, w)
}

func (a *slowAgent) Rejected(ctx context.Context, name, token string) (tokens.Token, error) {
	if err := a.wait(ctx, "rejected"); err != nil {
		return tokens.Token{}, err
	}
	return a.fake.Rejected(ctx, name, token)
}

func (a *slowAgent) Forward(w http.ResponseWriter, r *http.Request, name, path string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := a.wait(r.Context(), "api "+string(body)); err != nil {
		return err
	}
	return a.fake.Forward(w, r, name, path)
}

const (
	getToken = "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\n\r\n"
	rejected = "POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"access_token\":\"x\"}"
	callAPI  = "POST /v1/connections/work/api/user HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
)

func halfClose(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

func TestServerTellsAClientThatClosesItsSideToKeepItOpen(t *testing.T) {
	for what, request := range map[string]string{"token": getToken, "rejected": rejected, "api body": callAPI} {
		t.Run(what, func(t *testing.T) {
			a := newSlowAgent()
			c := dial(t, listening(t, a))
			io.WriteString(c, request)
			if got := <-a.asked; got != what {
				t.Fatalf("asked for %s", got)
			}
			halfClose(t, c)
			if err := <-a.gone; err != context.Canceled {
				t.Errorf("given up for %v", err)
			}
			answer := answerTo(t, c)
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != 400 || err != nil || !strings.Contains(string(body), "Keep the connection open until it has come.") {
				t.Errorf("answered %d %s, %v", answer.StatusCode, body, err)
			}
		})
	}
}

func TestServerGivesUpTheRequestOfACallerThatIsGone(t *testing.T) {
	a := newSlowAgent()
	c := dial(t, listening(t, a))
	io.WriteString(c, getToken)
	<-a.asked
	c.Close()
	if err := <-a.gone; err != context.Canceled {
		t.Errorf("given up for %v", err)
	}
}

func TestHalfARequestAndThenTheEndIsNoRequest(t *testing.T) {
	for _, half := range []string{"", "GET /v1/conn", strings.TrimSuffix(getToken, "\r\n"), rejected[:len(rejected)-4]} {
		a := newSlowAgent()
		close(a.let)
		c := dial(t, listening(t, a))
		io.WriteString(c, half)
		halfClose(t, c)
		c.SetReadDeadline(time.Now().Add(hangTime))
		answer, err := io.ReadAll(c)
		if err != nil || strings.Contains(string(answer), " 200 ") {
			t.Errorf("%.30q: answered %.40q, %v", half, answer, err)
		}
	}
}

// Nothing more can come: there is nothing to wait for.
func TestHalfABodyAndThenTheEndIsAnsweredAtOnce(t *testing.T) {
	for what, half := range map[string]string{
		"a body":           strings.TrimSuffix(rejected, `"}`),
		"no body":          strings.TrimSuffix(callAPI, "body"),
		"the last byte":    strings.TrimSuffix(rejected, "}"),
		"an API call":      strings.TrimSuffix(callAPI, "y"),
		"a chunk":          "POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a",
		"the last chunk":   "POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"one nobody wants": "POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
	} {
		for _, late := range []bool{false, true} { // the end comes with the request, or while more is waited for
			a := newSlowAgent()
			close(a.let)
			address := listening(t, a)
			waits, c := dial(t, address), dial(t, address)
			io.WriteString(waits, half) // and the rest may still come
			io.WriteString(c, half)
			if late {
				time.Sleep(50 * time.Millisecond)
			}
			halfClose(t, c)
			c.SetReadDeadline(time.Now().Add(hangTime))
			answer, err := io.ReadAll(c)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 ") || strings.Contains(string(answer), " 200 ") {
				t.Errorf("%s: answered %q, %v", what, answer, err)
			}
			waits.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := waits.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: answered only when the time for a body was over: %v", what, err)
			}
		}
	}
}

func TestAWaitThatTheEndOfTheAgentEndsSaysSo(t *testing.T) {
	a := newSlowAgent()
	address := tempAddress(t)
	l, err := Listen(address, quiet)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(a, quiet)
	go s.Serve(l)
	c := dial(t, address)
	io.WriteString(c, getToken)
	<-a.asked
	go s.Shutdown(t.Context())
	answer := answerTo(t, c)
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 503 || !strings.Contains(string(body), "Authtray is ending. Start it again.") {
		t.Errorf("answered %d %s", answer.StatusCode, body)
	}
}
