package outside

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// surplus is what a provider, or what stands in front of it, sends on a
// connection beside the answer that was asked for: tokens, and nobody waits for
// them.
type surplus struct {
	name   string
	path   string // how the path of the requests that it meets ends
	method string
	whole  bool // an answer of its own; else a body that goes on
	late   bool // when the answer has been read, and the connection is idle; else together with it

	due       chan struct{}  // closed when it is late enough
	under     sync.WaitGroup // connections that it goes over
	delivered atomic.Int32   // how often it arrived
}

// surpluses are its forms. After the head that answers a HEAD they are the body
// that must not be there.
func surpluses() (all []*surplus) {
	for _, late := range []bool{false, true} {
		for _, whole := range []bool{false, true} {
			name := map[bool]string{false: "too long", true: "twice"}[whole] + map[bool]string{false: "", true: ", and late"}[late]
			all = append(all, &surplus{name: name, whole: whole, late: late, due: make(chan struct{})})
		}
	}
	return all
}

// add makes all requests with a method, to a path, be answered with x beside.
func (l *ledger) add(x *surplus, method, path string) {
	x.method, x.path = method, path
	l.mu.Lock()
	defer l.mu.Unlock()
	l.surplus = x
}

// relayWith is relay for an answer with a surplus: the last tokens that were
// issued, which may be in this very answer.
func (l *ledger) relayWith(x *surplus, w http.ResponseWriter, r *http.Request, next http.Handler) {
	defer x.under.Done()
	record := func(r *http.Request) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		l.answer(answer)
		return answer
	}
	answer := record(r)
	l.mu.Lock()
	more := string(l.issued)
	l.mu.Unlock()
	if x.whole {
		more = wire(http.MethodGet, answer.Code, answer.Header(), []byte(more))
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	x.send(conn, wire(r.Method, answer.Code, answer.Header(), answer.Body.Bytes()), more, func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		l.request(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		again := record(r)
		return wire(r.Method, again.Code, again.Header(), again.Body.Bytes())
	})
}

// wire is an answer as it goes over the wire.
func wire(method string, status int, header http.Header, body []byte) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	header.Write(&b)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(body))
	if method != http.MethodHead {
		b.Write(body)
	}
	return b.String()
}

// send sends an answer and more, and waits until it is hung up on: that is what
// becomes of such a connection. Where the connection is used again before a late one
// is due, what is asked there is answered as ever; where it is closed, it does not come.
func (x *surplus) send(conn net.Conn, answer, more string, serve func(*http.Request) string) {
	defer conn.Close()
	if !x.late {
		io.WriteString(conn, answer+more)
	} else {
		io.WriteString(conn, answer)
		go func() { <-x.due; conn.SetReadDeadline(time.Now()) }()
		requests := bufio.NewReader(conn)
		r, err := http.ReadRequest(requests)
		for ; err == nil; r, err = http.ReadRequest(requests) {
			io.WriteString(conn, serve(r))
		}
		if !isTimeout(err) {
			return
		}
		io.WriteString(conn, more)
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, conn); !isTimeout(err) {
		x.delivered.Add(1)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// talkative lets the provider send too much in every form, wherever tokens are
// issued or used, and where none are: each time the answer itself is good.
func (s *story) talkative() {
	s.t.Helper()
	doors := s.doors()
	s.heal("work")
	for i := range surpluses() {
		form := func() *surplus { return surpluses()[i] }
		s.sentMore(form, "POST", "/token", func() { s.must("", "refresh", "work") })
		for _, d := range doors {
			s.sentMore(form, "GET", "/api/whoami", func() {
				answer := d.say(s.t, request("GET /v1/connections/wide/api/whoami"), 10*time.Second)
				if !good(answer) {
					s.t.Errorf("%s: an API that answers %s is not reached: %.60q", d.name, form().name, answer)
				}
				s.places = append(s.places, place{d.name + "'s answer from an API that answers " + form().name, answer, nil})
			})
		}
		s.sentMore(form, "HEAD", "/token", func() { s.do(nil, "", "doctor") })
		if !form().late { // the command is over by then
			s.sentMore(form, "GET", "/api/whoami", func() { s.must("", "request", "work", "/whoami") })
		}
	}
}

// sentMore lets the provider send a surplus while asks runs, and wants it to have
// come. Whether a connection is idle when a late one is due is up to the client,
// which may have used it for something else: then it is asked again.
func (s *story) sentMore(form func() *surplus, method, path string, asks func()) {
	s.t.Helper()
	for range 20 {
		x := form()
		s.ledger.add(x, method, path)
		asks()
		s.ledger.silent()
		close(x.due)
		x.under.Wait()
		if x.delivered.Load() > 0 {
			return
		}
	}
	s.t.Errorf("no answer to %s %s was %s, so that tells nothing", method, path, form().name)
}
