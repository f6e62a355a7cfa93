package client

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAnswersAreReadWholeOrNotAtAll(t *testing.T) {
	const json = "Content-Type: application/json; charset=utf-8\r\n"
	for name, c := range map[string]struct {
		raw, want string
		bad       bool
	}{
		"with a length":       {raw: "HTTP/1.1 200 OK\r\n" + json + "Content-Length: 2\r\n\r\n{}rest", want: "{}"},
		"in chunks":           {raw: "HTTP/1.1 200 OK\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\nA\r\n\"a\":\"bcd\"}\r\n0\r\n\r\n", want: `{"a":"bcd"}`},
		"to the end":          {raw: "HTTP/1.0 200 OK\r\n" + json + "\r\n{}", want: "{}"},
		"odd case and spaces": {raw: "HTTP/1.1 200 OK\r\n" + json + "content-LENGTH:   2  \r\n\r\n{}", want: "{}"},
		"no content":          {raw: "HTTP/1.1 204 No Content\r\n" + json + "\r\n", want: ""},
		"cut short":           {raw: "HTTP/1.1 200 OK\r\n" + json + "Content-Length: 3\r\n\r\n{}", bad: true},
		"a chunk cut short":   {raw: "HTTP/1.1 200 OK\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n3\r\n{}", bad: true},
		"no last chunk":       {raw: "HTTP/1.1 200 OK\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", bad: true},
		"a head cut short":    {raw: "HTTP/1.1 200 OK\r\n" + json, bad: true},
		"nothing":             {raw: "", bad: true},
		"not HTTP":            {raw: "-ERR unknown command\r\n", bad: true},
		"an absurd length":    {raw: "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n", bad: true},
		"a negative length":   {raw: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", bad: true},
		"an endless field":    {raw: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), bad: true},
		"endless fields":      {raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: x\r\n", maxHead/6) + "\r\n", bad: true},
		"endless chunks":      {raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("100000\r\n"+strings.Repeat("x", 1<<20)+"\r\n", 9), bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadAnswer([]byte(c.raw))
			if string(got) != c.want || (err != nil) != c.bad || c.bad && !errors.Is(err, ErrNoAnswer) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestErrorsDoNotQuoteTheAnswer: it may hold a token where nobody looks for one.
func TestErrorsDoNotQuoteTheAnswer(t *testing.T) {
	for _, raw := range []string{"s3cret", "s3cret\r\n\r\n", "HTTP/1.1 s3cret OK\r\n\r\n", "HTTP/1.1 200 OK\r\ns3cret\r\n\r\n", "HTTP/1.1 200 OK\r\ns3cret\x00: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: s3cret\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ns3cret\r\n"} {
		if _, err := ReadAnswer([]byte(raw)); !errors.Is(err, ErrNoAnswer) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestProblemsAreTold(t *testing.T) {
	body, err := ReadAnswer([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\r\n" +
		`{"code":"temporarily_unavailable","detail":"GitLab cannot be reached.","hint":"authtray status work","retry_at":"2026-11-23T10:00:05Z"}`))
	var p *Problem
	if !errors.As(err, &p) || body != nil {
		t.Fatalf("%v", err)
	}
	at := time.Date(2026, 11, 23, 10, 0, 5, 0, time.UTC)
	if p.Code != "temporarily_unavailable" || p.Status != 503 || p.Hint != "authtray status work" || !p.RetryAt.Equal(at) {
		t.Errorf("%+v", p)
	}
	if want := "GitLab cannot be reached. (temporarily_unavailable)"; p.Error() != want || p.Sentence() != "GitLab cannot be reached." {
		t.Errorf("%v; %s", p, p.Sentence())
	}
	if p = newProblem(500, []byte("<html>")); p.Error() != "the agent answered 500" {
		t.Errorf("%v", p)
	}
}
