package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// endpoint is something that gives a token, or as many bytes, over a Unix socket.
type endpoint struct {
	name    string
	path    string
	request string
	whole   func(answer []byte) bool // the answer is there though the connection stays
}

func untilClosed([]byte) bool { return false }

const getToken = "GET /v1/connections/bench/token HTTP/1.1\r\nHost: authtray\r\n"

func ourSocket(a *authtray) endpoint {
	return endpoint{"authtray", a.socket(), getToken + "Connection: close\r\n\r\n", untilClosed}
}

func rivalSocket(o *oidcAgent) endpoint {
	return endpoint{"oidc-agent", o.socket, `{"request":"access_token","account":"bench","min_valid_period":0,"application_hint":"bench"}`, json.Valid}
}

// fresh asks once, over a connection of its own.
func (s endpoint) fresh() (float64, error) {
	began := time.Now()
	conn, err := net.Dial("unix", s.path)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(began.Add(time.Minute))
	if _, err := io.WriteString(conn, s.request); err != nil {
		return 0, err
	}
	var answer []byte
	for buf := make([]byte, 16<<10); err == nil && !s.whole(answer); {
		var n int
		n, err = conn.Read(buf)
		answer = append(answer, buf[:n]...)
	}
	took := time.Since(began)
	if !strings.Contains(string(answer), "access_token") {
		return 0, fmt.Errorf("%s: the answer is no token", s.name)
	}
	return float64(took.Nanoseconds()) / 1000, nil
}

// keptAlive asks over one connection that stays.
func keptAlive(t *testing.T, name, path string) contender {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	lines := bufio.NewReader(conn)
	return contender{name, func() (float64, error) {
		began := time.Now()
		if _, err := io.WriteString(conn, getToken+"\r\n"); err != nil {
			return 0, err
		}
		answer, err := http.ReadResponse(lines, nil)
		if err != nil {
			return 0, err
		}
		body, err := io.ReadAll(answer.Body)
		if err == nil && !strings.Contains(string(body), "access_token") {
			err = fmt.Errorf("the answer is no token")
		}
		return float64(time.Since(began).Nanoseconds()) / 1000, err
	}}
}

// readToken is what the agent answers, for others to answer the same.
func readToken(t *testing.T, a *authtray) string {
	t.Helper()
	return a.must("token", "--format", "json", "bench")
}

// socket measures a token that is in memory, over the socket.
func socket(t *testing.T, s *sheet) {
	a := newAuthtray(t)
	a.write("bench", practice(t))
	a.run("--no-tray", "--store=memory")
	a.signIn("bench")
	body := readToken(t, a)
	ours := ourSocket(a)
	http := startBare(t, "http", body)
	bareHTTP := endpoint{"bare net/http", http, ours.request, untilClosed}
	echo := endpoint{"bare echo", startBare(t, "echo", body), ours.request, untilClosed}
	all := []contender{{bareHTTP.name, bareHTTP.fresh}, {ours.name, ours.fresh}, {echo.name, echo.fresh}}
	if o := newOIDCAgent(t); o != nil {
		theirs := rivalSocket(o)
		all = append(all, contender{theirs.name, theirs.fresh})
	}
	got := takeTurns(t, 5*n(), all)
	ratios := s.addAll(s.table("A token over a new connection to the socket", "µs"), all, bareHTTP.name, got)
	s.atMost("token over a new connection beside bare net/http", "×", ratios[ours.name], 1.15)
	if theirs := got["oidc-agent"]; theirs != nil {
		s.atMost("token over a new connection beside oidc-agent", "×", got[ours.name].over(theirs).median(), 0.8)
	}
	s.atMost("token over a new connection, p99 beside p50", "×", got[ours.name].at(99)/got[ours.name].median(), 2)

	kept := []contender{keptAlive(t, "bare net/http", http), keptAlive(t, "authtray", a.socket())}
	got = takeTurns(t, 5*n(), kept)
	ratios = s.addAll(s.table("A token over a connection that is kept", "µs"), kept, "bare net/http", got)
	s.atMost("token over a kept connection beside bare net/http", "×", ratios["authtray"], 1.15)
	s.report("token over a kept connection", "µs", got["authtray"].median())
	s.atMost("token over a kept connection, p99 beside p50", "×", got["authtray"].at(99)/got["authtray"].median(), 2)
}
