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
		"endless chunks":      {raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("100000\r\n"+strings.Repeat("x", 1<<20)+"\r\n", 8), bad: true},
	} {
		got, err := readAnswer(strings.NewReader(c.raw))
		if (err != nil) != c.bad || !c.bad && string(got.Body) != c.want {
			t.Errorf("%s: %q, %v", name, got.Body, err)
		}
		if !c.bad && got.Type != "application/json" {
			t.Errorf("%s: type %q", name, got.Type)
		}
	}
}

func TestRequestIsPlainHTTP(t *testing.T) {
	got := string(Request{Method: "POST", Target: "/v1/x?y=z", Body: []byte("{}")}.marshal())
	want := "POST /v1/x?y=z HTTP/1.1\r\nHost: authtray\r\nConnection: close\r\nAccept: application/json\r\n" +
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestProblemsAreTold(t *testing.T) {
	a, err := Read([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\r\n" +
		`{"code":"temporarily_unavailable","detail":"GitLab cannot be reached.","hint":"authtray status work","retry_at":"2026-11-23T10:00:05Z"}`))
	var p *Problem
	if !errors.As(err, &p) || a.Body != nil {
		t.Fatalf("%v", err)
	}
	at := time.Date(2026, 11, 23, 10, 0, 5, 0, time.UTC)
	if p.Code != "temporarily_unavailable" || p.Status != 503 || p.Hint != "authtray status work" || !p.RetryAt.Equal(at) {
		t.Errorf("%+v", p)
	}
	if p = ParseProblem(500, []byte("<html>")); p.Error() != "the agent answered 500" {
		t.Errorf("%v", p)
	}
}
