//go:build !windows

package api

import (
	"bufio"
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

func TestAClientThatSaysNoMoreGetsItsAnswer(t *testing.T) {
	for what, request := range map[string]string{"token": getToken, "rejected": rejected, "api body": callAPI} {
		for _, early := range []bool{true, false} { // before the agent is asked, or while it works
			a := newSlowAgent()
			c := dial(t, listening(t, a))
			io.WriteString(c, request)
			if early {
				halfClose(t, c)
			}
			if got := <-a.asked; got != what {
				t.Fatalf("asked for %s, not %s", got, what)
			}
			if !early {
				halfClose(t, c)
			}
			select {
			case err := <-a.gone:
				t.Fatalf("%s: given up: %v", what, err)
			case <-time.After(100 * time.Millisecond):
			}
			close(a.let)
			answer := answerTo(t, c)
			if answer.StatusCode != 200 {
				t.Errorf("%s: answered %d", what, answer.StatusCode)
			}
			io.Copy(io.Discard, answer.Body)
			c.SetReadDeadline(time.Now().Add(IdleTimeout / 4)) // the server hangs up, or such a client would wait
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%s: after the answer: %d %v", what, n, err)
			}
		}
	}
}

func TestRequestsThatCameBeforeTheEndAreAllAnswered(t *testing.T) {
	a := newSlowAgent()
	close(a.let)
	c := dial(t, listening(t, a))
	io.WriteString(c, getToken+rejected+getToken)
	halfClose(t, c)
	in := bufio.NewReader(c)
	for i := range 3 {
		answer, err := http.ReadResponse(in, nil)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("answer %d: %v %v", i+1, answer, err)
		}
		io.Copy(io.Discard, answer.Body)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("then came %q, %v", rest, err)
	}
}

func TestACallerThatIsGoneIsGivenUp(t *testing.T) {
	for _, half := range []bool{false, true} {
		a := newSlowAgent()
		c := dial(t, listening(t, a))
		io.WriteString(c, getToken)
		<-a.asked
		if half {
			halfClose(t, c)
			time.Sleep(50 * time.Millisecond)
		}
		c.Close()
		select {
		case err := <-a.gone:
			if err != context.Canceled {
				t.Errorf("given up for %v", err)
			}
		case <-time.After(hangTime):
			t.Errorf("half closed before: %t: nobody noticed", half)
		}
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
