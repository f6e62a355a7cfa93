package retry

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// body remembers what became of it.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

func TestDoSendsOnceMoreWithAnotherToken(t *testing.T) {
	errSend, errRenew := errors.New("cannot be sent"), errors.New("no agent")
	for _, row := range []struct {
		name     string
		good     string // the token that the API takes; "": none
		next     string // the token that the agent names
		renewErr error
		replay   func() bool
		sendErr  []error // of the first and the second request
		sent     []string
		told     bool // the agent was
		status   int  // 0: an error
	}{
		{name: "taken at once", good: "old", sent: []string{"old"}, status: 200},
		{name: "renewed", good: "new", next: "new", sent: []string{"old", "new"}, told: true, status: 200},
		{name: "rejected twice", next: "new", sent: []string{"old", "new"}, told: true, status: 401},
		{name: "no other token", next: "old", sent: []string{"old"}, told: true, status: 401},
		{name: "no agent", renewErr: errRenew, sent: []string{"old"}, told: true, status: 401},
		{name: "a body that can be sent again", good: "new", next: "new", replay: func() bool { return true }, sent: []string{"old", "new"}, told: true, status: 200},
		{name: "a body that cannot", good: "new", next: "new", replay: func() bool { return false }, sent: []string{"old"}, told: true, status: 401},
		{name: "not sent", sendErr: []error{errSend}, sent: []string{"old"}},
		{name: "not sent again", next: "new", sendErr: []error{nil, errSend}, sent: []string{"old", "new"}, told: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var sent []string
			var bodies []*body
			told := false
			answer, renew, err := Request[string]{
				Send: func(token string) (*http.Response, error) {
					sent = append(sent, token)
					if i := len(sent) - 1; i < len(row.sendErr) && row.sendErr[i] != nil {
						return nil, row.sendErr[i]
					}
					status := http.StatusUnauthorized
					if token == row.good {
						status = http.StatusOK
					}
					b := &body{Reader: strings.NewReader("said")}
					bodies = append(bodies, b)
					return &http.Response{StatusCode: status, Body: b, ContentLength: 4}, nil
				},
				Rejected: func(a *http.Response) bool { return a.StatusCode == http.StatusUnauthorized },
				Renew:    func(string) (string, error) { told = true; return row.next, row.renewErr },
				Access:   func(token string) string { return token },
				Replay:   row.replay,
			}.Do("old")
			if !slices.Equal(sent, row.sent) || told != row.told || !errors.Is(renew, row.renewErr) {
				t.Errorf("sent %q, told %v, %v", sent, told, renew)
			}
			if row.status == 0 {
				if !errors.Is(err, errSend) || answer != nil {
					t.Errorf("%v, %v", answer, err)
				}
				return
			}
			if err != nil || answer.StatusCode != row.status {
				t.Fatalf("%v, %v", answer, err)
			}
			if text, _ := io.ReadAll(answer.Body); string(text) != "said" {
				t.Errorf("the answer reads %q", text)
			}
			for i, b := range bodies {
				if last := i == len(bodies)-1; b.closed == last {
					t.Errorf("answer %d is closed: %v", i, b.closed)
				}
			}
		})
	}
}

// stream fails the test if it is read.
type stream struct {
	body
	t *testing.T
}

func (s *stream) Read([]byte) (int, error) {
	s.t.Error("a stream was waited for")
	return 0, io.EOF
}

func TestDoWaitsForNoStream(t *testing.T) {
	first := &stream{t: t}
	n := 0
	Request[string]{
		Send: func(string) (*http.Response, error) {
			if n++; n == 1 {
				return &http.Response{StatusCode: 401, Body: first, ContentLength: -1}, nil
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		},
		Rejected: func(*http.Response) bool { return true },
		Renew:    func(string) (string, error) { return "new", nil },
		Access:   func(token string) string { return token },
	}.Do("old")
	if n != 2 || !first.closed {
		t.Errorf("sent %d times; the first answer is closed: %v", n, first.closed)
	}
}

func TestHeadLeavesTheBodyAsItWas(t *testing.T) {
	errBroke := errors.New("broke off")
	long := strings.Repeat("x", MaxJudged)
	for _, row := range []struct {
		name string
		body io.Reader
		head string
		err  error // of Head
		all  string
		ends error // of reading the body
	}{
		{"short", strings.NewReader("said"), "said", nil, "said", nil},
		{"empty", strings.NewReader(""), "", nil, "", nil},
		{"long", strings.NewReader(long + "more"), long, nil, long + "more", nil},
		{"broken off in it", io.MultiReader(strings.NewReader("sa"), iotest.ErrReader(errBroke)), "sa", errBroke, "sa", errBroke},
		{"broken off behind it", io.MultiReader(strings.NewReader(long+"m"), iotest.ErrReader(errBroke)), long, nil, long + "m", errBroke},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := &body{Reader: row.body}
			answer := &http.Response{Body: b}
			if head, err := Head(answer); string(head) != row.head || !errors.Is(err, row.err) {
				t.Errorf("head of %d bytes, %v; want %d, %v", len(head), err, len(row.head), row.err)
			}
			if all, err := io.ReadAll(answer.Body); string(all) != row.all || !errors.Is(err, row.ends) {
				t.Errorf("body of %d bytes, %v; want %d, %v", len(all), err, len(row.all), row.ends)
			}
			if answer.Body.Close(); !b.closed {
				t.Error("the body is not closed")
			}
		})
	}
}
