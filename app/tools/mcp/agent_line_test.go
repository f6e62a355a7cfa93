package mcp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authtray/authtray/tokens/client"
)

// listening is an agent that answers by h, and counts the connections to it.
func listening(t *testing.T, h http.HandlerFunc) (l *agentLines, s *httptest.Server, dials *atomic.Int32) {
	s, dials = httptest.NewServer(h), &atomic.Int32{}
	t.Cleanup(s.Close)
	return &agentLines{agent: client.Agent{Dial: func(ctx context.Context) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}}}, s, dials
}

func (l *agentLines) says(t *testing.T, ctx context.Context, body string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, agentURL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, said, err := l.ask(ctx, r)
	return string(said), err
}

func echoBody(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func TestAgentIsAskedOnOneConnectionUntilItHangsUp(t *testing.T) {
	l, s, dials := listening(t, echoBody)
	for n, question := range []string{"a", "b", "c", "d", "e"} {
		if n == 3 {
			s.CloseClientConnections()
		}
		if said, err := l.says(t, t.Context(), question); err != nil || said != question {
			t.Errorf("%s: %q, %v", question, said, err)
		}
	}
	if n := dials.Load(); n != 2 {
		t.Errorf("%d connections, want one before the agent hung up and one after", n)
	}
}

func TestAgentThatAsksForItsConnectionToEndIsNotAskedOnItAgain(t *testing.T) {
	l, _, dials := listening(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		echoBody(w, r)
	})
	for range 2 {
		if said, err := l.says(t, t.Context(), "x"); err != nil || said != "x" {
			t.Errorf("%q, %v", said, err)
		}
	}
	if n := dials.Load(); n != 2 || len(l.idle) != 0 {
		t.Errorf("%d connections, of which %d wait", n, len(l.idle))
	}
}

func TestAnswerOfAnEarlierQuestionIsNotTakenForThatOfALater(t *testing.T) {
	held := make(chan struct{})
	l, _, _ := listening(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) == "slow" {
			close(held)
			<-r.Context().Done()
		}
		_, _ = w.Write(body)
	})
	if said, err := l.says(t, t.Context(), "first"); err != nil || said != "first" {
		t.Fatalf("%q, %v", said, err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { <-held; giveUp() }()
	if said, err := l.says(t, ctx, "slow"); err == nil {
		t.Errorf("it was answered %q", said)
	}
	if said, err := l.says(t, t.Context(), "later"); err != nil || said != "later" {
		t.Errorf("%q, %v", said, err)
	}
}

func TestAnswersOfTheAgentThatAreNone(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"too long": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxAgent+1)) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("x"))
		},
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		l, _, _ := listening(t, h)
		if said, err := l.says(t, t.Context(), "x"); !errors.Is(err, client.ErrNoAnswer) {
			t.Errorf("%s: %d bytes, %v", name, len(said), err)
		}
		if len(l.idle) != 0 {
			t.Errorf("%s: the connection is kept", name)
		}
	}
}
