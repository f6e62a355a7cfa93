package outside

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// door is one of the agent's sockets.
type door struct{ name, address string }

// own is the agent's own socket.
func (p *program) own() door { return door{"the socket", p.socket()} }

// doors are both.
func (s *story) doors() []door {
	return []door{s.own(), {"the forwarded socket", filepath.Join(filepath.Dir(s.socket()), "remote.sock")}}
}

// say sends a text as it is, and returns what is answered until it is hung up
// on, or for that long. It never closes its own half of the line before that: so
// goes a caller who no longer waits, and whose request is dropped.
func (d door) say(t testing.TB, text string, patience time.Duration) (answer string) {
	t.Helper()
	c, err := net.Dial("unix", d.address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer c.Close()
	io.WriteString(c, text)
	c.SetReadDeadline(time.Now().Add(patience))
	all, _ := io.ReadAll(c)
	return string(all)
}

// request is one without a body, on a line that is closed after the answer.
func request(line string, headers ...string) string {
	return strings.Join(append([]string{line + " HTTP/1.1", "Host: x", "Connection: close"}, headers...), "\r\n") + "\r\n\r\n"
}

// strays are requests with a secret where none belongs, most of them to api/.
func strays(secret string) []string {
	const api = "/v1/connections/wide/api/"
	return []string{
		request("GET "+api+"whoami", "Authorization: Bearer "+secret),
		request("GET "+api+"whoami", "Cookie: a="+secret),
		request("GET " + api + "https://evil.example/" + secret),
		request("GET " + api + "https://" + secret + "@127.0.0.1/"),
		request("GET " + api + "..%2f" + secret),
		request("GET " + api + "%zz" + secret),
		request("GET "+api+"echo?a="+secret+";b", "X-A: "+secret),
		request("GET "+api+"echo?a="+secret, "Upgrade: "+secret),
		request("GET /v1/connections/" + secret + "/api/x"),
		request("GET https://" + secret + ".example" + api + "whoami"),
		request(secret + " " + api + "whoami"),
		request("CONNECT " + secret + ":443"),
		request("TRACE " + api + "echo?" + secret),
		request("POST "+api+"echo", "Transfer-Encoding: "+secret),
		request("POST "+api+"echo", "Transfer-Encoding: chunked") + secret + "\r\n",
		request("POST "+api+"echo", "Content-Length: 1000") + secret, // and no more
		request("POST "+api+"echo", "Content-Type: "+secret, "Expect: "+secret, "Content-Length: 3") + secret,
		request("GET /v1/hosts/" + secret + "?path=" + secret + "&user=" + secret),
		request("GET /v1/log?n=" + secret),
		request("GET /v1/events?" + secret),
		"GET " + api + "whoami HTTP/1.1\r\nHost: " + secret + "\r\nConnection: close\r\n\r\n",
		"GET " + api + "whoami " + secret + "\r\nHost: x\r\n\r\n",
	}
}

// straying says all that at every door, some at a time. What is answered may
// repeat what the caller itself sent, and nothing else.
func (s *story) straying(doors []door) {
	var mu sync.Mutex
	var all sync.WaitGroup
	some := make(chan struct{}, 32)
	for _, k := range []kind{accessToken, refreshToken, idToken, code, verifier, state, deviceCode, clientSecret, registration} {
		secret := s.ledger.of(k)[0]
		for _, stray := range strays(secret) {
			for _, d := range doors {
				some <- struct{}{}
				all.Go(func() {
					defer func() { <-some }()
					answer := d.say(s.t, stray, time.Second)
					mu.Lock()
					defer mu.Unlock()
					s.places = append(s.places, place{d.name + "'s answer to a stray " + string(k), answer, []kind{k}})
				})
			}
		}
	}
	all.Wait()
}
