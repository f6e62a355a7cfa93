package faultkit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
)

// plainProvider gives the n-th token request the tokens at-n and rt-n.
type plainProvider struct{ acted atomic.Int64 }

func (p *plainProvider) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	n := p.acted.Add(1)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":"at-%d","refresh_token":"rt-%d","expires_in":3600}`, n, n)
}

func start(t *testing.T, opts faultkit.Options) (*faultkit.Kit, *plainProvider, string) {
	t.Helper()
	p, kit := &plainProvider{}, faultkit.New(opts)
	srv := httptest.NewServer(kit.Wrap(p))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return kit, p, srv.Listener.Addr().String()
}

// seen is what a raw client saw of an answer.
type seen struct {
	raw     []byte // every byte until the connection ended
	end     error  // nil: closed in good order
	status  int    // 0: no status line
	header  http.Header
	body    []byte
	bodyErr error
}

// limit is how much a raw client reads before it hangs up.
const limit = 3 << 20

// post sends one refresh request over a connection of its own and receives the
// answer.
func post(t *testing.T, addr string) seen {
	t.Helper()
	return receive(send(t, addr))
}

func send(t *testing.T, addr string) net.Conn {
	t.Helper()
	c := dial(t, addr)
	body := "grant_type=refresh_token&refresh_token=rt-0"
	fmt.Fprintf(c, "POST /token HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", addr, len(body), body)
	return c
}

// receive reads until the other side ends the connection.
func receive(c net.Conn) seen {
	var s seen
	s.raw, s.end = io.ReadAll(io.LimitReader(c, limit))
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(s.raw)), nil)
	if err == nil {
		s.status, s.header = resp.StatusCode, resp.Header
		s.body, s.bodyErr = io.ReadAll(resp.Body)
	}
	return s
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (s seen) member(name string) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(s.body, &m) != nil {
		return "(not JSON)"
	}
	if raw, ok := m[name]; ok {
		return string(raw)
	}
	return "(absent)"
}

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// whole is the answer that the provider gives when nothing is done to it.
const whole = `{"access_token":"at-1","refresh_token":"rt-1","expires_in":3600}`

// reply expects a whole answer with this status, content type and body.
func reply(status int, contentType, body string) func(seen) bool {
	return func(s seen) bool {
		return s.end == nil && s.bodyErr == nil && s.status == status && s.header.Get("Content-Type") == contentType && string(s.body) == body
	}
}

func status(code int) func(seen) bool {
	return reply(code, "text/plain; charset=utf-8", http.StatusText(code)+"\n")
}

// member expects an intact answer but for one member.
func member(name, raw string) func(seen) bool {
	return func(s seen) bool {
		return s.status == 200 && s.member(name) == raw && s.member("access_token") == `"at-1"` && s.member("refresh_token") == `"rt-1"`
	}
}

func errorAnswer(raw string) func(seen) bool {
	return func(s seen) bool {
		return s.status == 400 && s.header.Get("Content-Type") == "application/json" && s.member("error") == raw
	}
}

func header(status int, name, value string) func(seen) bool {
	return func(s seen) bool { return s.status == status && s.header.Get(name) == value }
}

func TestEachFaultDoesOnTheWireWhatItSays(t *testing.T) {
	json200 := func(s seen) bool { return reply(200, "application/json", whole)(s) }
	tests := []struct {
		fault faultkit.Fault
		acted int64 // how often the provider got the request
		saw   func(seen) bool
	}{
		{faultkit.Pass(), 1, json200},
		{faultkit.Fault{}, 1, json200},
		{faultkit.Status(408), 0, status(408)},
		{faultkit.Status(425), 0, status(425)},
		{faultkit.Status(500), 0, status(500)},
		{faultkit.Status(502), 0, status(502)},
		{faultkit.Status(503), 0, status(503)},
		{faultkit.Status(504), 0, status(504)},
		{faultkit.TooManyRequests(7 * time.Second), 0, header(429, "Retry-After", "7")},
		{faultkit.TooManyRequestsUntil(time.Minute), 0, header(429, "Retry-After", "Mon, 23 Nov 2026 10:01:00 GMT")},
		{faultkit.HTML(), 0, func(s seen) bool {
			return s.status == 200 && s.header.Get("Content-Type") == "text/html; charset=utf-8" && bytes.HasPrefix(s.body, []byte("<!doctype html>"))
		}},
		{faultkit.Firewall(), 0, func(s seen) bool { return s.status == 403 && bytes.HasPrefix(s.body, []byte("<h1>")) }},
		{faultkit.FirewallJSON(), 0, reply(403, "application/json", `{"error":{"code":403,"message":"Forbidden"}}`)},
		{faultkit.Empty(), 0, reply(200, "application/json", "")},
		{faultkit.OAuthError(`"invalid_grant"`), 0, errorAnswer(`"invalid_grant"`)},
		{faultkit.OAuthError(`400`), 0, errorAnswer(`400`)},
		{faultkit.OAuthError(`true`), 0, errorAnswer(`true`)},
		{faultkit.OAuthError(`{"code":190}`), 0, errorAnswer(`{"code":190}`)},
		{faultkit.Reply("own", 418, "text/x-own", "hello"), 0, reply(418, "text/x-own", "hello")},
		{faultkit.Truncated(), 1, func(s seen) bool {
			return s.end == nil && s.bodyErr == nil && string(s.body) == whole[:len(whole)/2]
		}},
		{faultkit.CutShort(), 1, func(s seen) bool {
			return s.header.Get("Content-Length") == strconv.Itoa(len(whole)) &&
				errors.Is(s.bodyErr, io.ErrUnexpectedEOF) && string(s.body) == whole[:len(whole)/2]
		}},
		{faultkit.AsText(), 1, reply(200, "text/plain; charset=utf-8", whole)},
		{faultkit.WithBOM(), 1, reply(200, "application/json", "\xef\xbb\xbf"+whole)},
		{faultkit.ExpiresIn(`"60"`), 1, member("expires_in", `"60"`)},
		{faultkit.ExpiresIn(`60.5`), 1, member("expires_in", `60.5`)},
		{faultkit.ExpiresIn(`null`), 1, member("expires_in", `null`)},
		{faultkit.ExpiresIn(``), 1, member("expires_in", "(absent)")},
		{faultkit.ExpiresIn(`-1`), 1, member("expires_in", `-1`)},
		{faultkit.ExpiresIn(`1e30`), 1, member("expires_in", `1e30`)},
		{faultkit.Member("no access token", "access_token", ""), 1, func(s seen) bool { return s.member("access_token") == "(absent)" }},
		{faultkit.Padded(1 << 20), 1, func(s seen) bool { return len(s.body) == 1<<20 && s.member("access_token") == `"at-1"` }},
		{faultkit.Endless(), 0, func(s seen) bool { return s.status == 200 && len(s.raw) == limit && s.end == nil }},
		{faultkit.ClockSkew(-time.Hour), 1, header(200, "Date", "Mon, 23 Nov 2026 09:00:00 GMT")},
		{faultkit.ClockSkew(time.Hour), 1, header(200, "Date", "Mon, 23 Nov 2026 11:00:00 GMT")},
		{faultkit.Redirect(301, "http://127.0.0.1:9/x"), 0, header(301, "Location", "http://127.0.0.1:9/x")},
		{faultkit.Redirect(308, "http://127.0.0.1:9/x"), 0, header(308, "Location", "http://127.0.0.1:9/x")},
		{faultkit.ResetBefore(), 0, func(s seen) bool { return len(s.raw) == 0 && isReset(s.end) }},
		{faultkit.ResetAfter(), 1, func(s seen) bool { return len(s.raw) == 0 && isReset(s.end) }},
		{faultkit.DropAnswer(), 1, func(s seen) bool { return len(s.raw) == 0 && s.end == nil }},
		{faultkit.Replay(), 2, json200},
		{faultkit.SlowHeaders(time.Millisecond), 1, json200},
		{faultkit.SlowBody(time.Millisecond), 1, json200},
		{faultkit.Custom("own", func(x *faultkit.Exchange) { x.Provider(); x.Provider(); x.Provider().Send(x.W) }), 3, func(s seen) bool {
			return s.member("refresh_token") == `"rt-3"`
		}},
	}
	for _, tt := range tests {
		t.Run(tt.fault.Name, func(t *testing.T) {
			kit, p, addr := start(t, faultkit.Options{Now: func() time.Time { return now }})
			kit.Script(tt.fault)
			s := post(t, addr)
			if !tt.saw(s) {
				t.Errorf("on the wire: %.400q, ended with %v", s.raw, s.end)
			}
			if got := p.acted.Load(); got != tt.acted {
				t.Errorf("the provider acted %d times, want %d", got, tt.acted)
			}
			if tt.fault.Name != "" && tt.fault.Name != "own" && tt.fault.Reaches != (tt.acted > 0) {
				t.Errorf("Reaches is %t", tt.fault.Reaches)
			}
			if next := post(t, addr); next.member("access_token") != fmt.Sprintf(`"at-%d"`, tt.acted+1) {
				t.Error("the next request does not pass")
			}
		})
	}
}

func TestCatalogueSaysTruly(t *testing.T) {
	for _, f := range faultkit.Catalogue(time.Millisecond) {
		kit, p, addr := start(t, faultkit.Options{})
		kit.Script(f)
		s := post(t, addr)
		if (p.acted.Load() > 0) != f.Reaches {
			t.Errorf("%s: the provider acted %d times, Reaches is %t", f.Name, p.acted.Load(), f.Reaches)
		}
		readable := bytes.Contains(s.body, []byte(`"refresh_token":"rt-1"`)) && s.bodyErr == nil
		if f.Reaches && readable == f.Loses {
			t.Errorf("%s: its answer is readable %t, Loses is %t", f.Name, readable, f.Loses)
		}
	}
	if keeping := faultkit.Keeping(faultkit.Catalogue(0)); slices.ContainsFunc(keeping, func(f faultkit.Fault) bool { return f.Loses }) || len(keeping) < 20 {
		t.Errorf("%d keeping faults, or one that loses", len(keeping))
	}
}

func TestSlowAnswersAreSlow(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	tests := []struct {
		name  string
		fault faultkit.Fault
		acted int64 // while it is held
	}{
		{"held", faultkit.Hold(held, release), 1},
		{"held before", faultkit.HoldBefore(held, release), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kit, p, addr := start(t, faultkit.Options{})
			kit.Script(tt.fault)
			got := make(chan seen, 1)
			c := send(t, addr)
			go func() { got <- receive(c) }()
			<-held
			select {
			case <-got:
				t.Fatal("answered while held")
			default:
			}
			if p.acted.Load() != tt.acted {
				t.Errorf("the provider acted %d times while held", p.acted.Load())
			}
			release <- struct{}{}
			if s := <-got; s.member("access_token") != `"at-1"` {
				t.Errorf("released answer: %.200q", s.raw)
			}
		})
	}
}

func TestSlowFaultsWaitBetweenHeadAndBody(t *testing.T) {
	long := time.Hour // only a client that goes away ends it
	kit, p, addr := start(t, faultkit.Options{})
	kit.Script(faultkit.SlowHeaders(long), faultkit.SlowBody(long))
	headless := dial(t, addr)
	sendRefresh(headless, addr)
	waitFor(t, func() bool { return p.acted.Load() == 1 })
	headless.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := headless.Read(make([]byte, 1)); n != 0 || !isTimeout(err) {
		t.Errorf("slow headers: read %d bytes, %v", n, err)
	}
	headless.Close()
	slow := bufio.NewReader(sendRefresh(dial(t, addr), addr))
	resp, err := http.ReadResponse(slow, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("slow body: its head does not come: %v", err)
	}
	piece := make([]byte, len(whole)/10)
	if _, err := io.ReadFull(resp.Body, piece); err != nil || string(piece) != whole[:len(piece)] {
		t.Errorf("slow body: its first piece is %q, %v", piece, err)
	}
	if n := slow.Buffered(); n > 0 {
		t.Errorf("slow body: %d more bytes at once", n)
	}
}

func sendRefresh(c net.Conn, addr string) net.Conn {
	fmt.Fprintf(c, "POST /token HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", addr)
	return c
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// waitFor polls with a generous deadline.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came")
		}
	}
}

func TestScriptIsPlayedInOrderThenTheRest(t *testing.T) {
	kit, _, addr := start(t, faultkit.Options{})
	kit.Script(faultkit.Status(503), faultkit.Pass())
	kit.Otherwise(faultkit.Status(500))
	var got []int
	for range 4 {
		got = append(got, post(t, addr).status)
	}
	if want := []int{503, 200, 500, 500}; !slices.Equal(got, want) || kit.Left() != 0 {
		t.Errorf("statuses %v, want %v; %d left", got, want, kit.Left())
	}
}

func TestSameSeedSameFaults(t *testing.T) {
	run := func(seed uint64) (names []string) {
		kit, _, addr := start(t, faultkit.Options{})
		kit.Random(seed, 0.5, faultkit.Status(500), faultkit.HTML(), faultkit.DropAnswer())
		for range 40 {
			post(t, addr)
		}
		for _, r := range kit.Received() {
			names = append(names, r.Fault)
		}
		return names
	}
	first := run(7)
	if !slices.Equal(first, run(7)) {
		t.Error("the same seed gave other faults")
	}
	if slices.Equal(first, run(8)) {
		t.Error("another seed gave the same faults")
	}
	if !slices.Contains(first, "pass") || !slices.Contains(first, "status 500") {
		t.Errorf("not a mixture: %s", strings.Join(first, ", "))
	}
}
