package client

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzAnswer reads any bytes as the agent's answer: it is whole, or an error, or
// the agent's own problem; and it is never more than maxAnswer.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nat\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\nA\r\n\"a\":\"bcd\"}\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\n{}", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 x\nA: b\n\n",
		"HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n\r\n{\"code\":\"disconnected\",\"detail\":\"d\",\"hint\":\"h\",\"retry_at\":\"2026-11-23T10:00:05Z\"}",
		"HTTP/1.1 503 x\r\n\r\n<html>", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "HTTP/2 200\r\n\r\n", "", "\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := ReadAnswer(raw)
		var p *Problem
		switch {
		case err == nil && (len(body) > len(raw) || len(body) > maxAnswer):
			t.Fatalf("%d bytes of %d", len(body), len(raw))
		case errors.As(err, &p) && (p.Status >= 200 && p.Status < 300 || p.Error() == ""):
			t.Fatalf("taken for a problem: %+v", p)
		case err != nil && (body != nil || strings.ContainsAny(err.Error(), "\x00\x1b") && p == nil):
			t.Fatalf("%q beside %d bytes", err, len(body))
		case err != nil && p == nil && !errors.Is(err, ErrNoAnswer):
			t.Fatalf("neither a problem nor no answer: %v", err)
		}
		if err == nil && len(raw) > 0 && bytes.Contains(body, []byte("\r\n0\r\n\r\n")) && !bytes.Contains(raw, body) {
			t.Fatal("the framing is in the body")
		}
	})
}
