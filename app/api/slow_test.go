package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/connlimit"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// halves are requests that stop short.
var halves = []string{
	"",
	"GET /v1/conn",
	"GET /v1/health HTTP/1.1\r\nHost: x\r\n",
	"POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"access",
	"GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
	"POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a",
	"POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
	"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
	"POST /v1/quit HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nContent-Length: 100\r\n\r\n",
}

func TestHalfARequestSlowsNobody(t *testing.T) {
	address := listening(t, newFake())
	for i := range 32 {
		c := dial(t, address)
		io.WriteString(c, halves[i%len(halves)])
	}
	client := httpClient(address)
	for range 100 {
		resp, err := client.Get("http://agent/v1/connections/work/token")
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("beside half-open clients: %v %v", resp, err)
		}
		resp.Body.Close()
	}
}

// Every half request ends by the server's doing; the test waits for that, and
// for nothing else.
func TestHalfARequestIsGivenUp(t *testing.T) {
	t.Parallel()
	address := listening(t, newFake())
	var conns []net.Conn
	for _, half := range halves {
		c := dial(t, address)
		io.WriteString(c, half)
		conns = append(conns, c)
	}
	for i, c := range conns {
		c.SetReadDeadline(time.Now().Add(hangTime))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("%.30q: not hung up on: %v", halves[i], err)
		}
	}
}

func TestAWaitingCallerIsNotCutOffByTheDeadlinesOfRequests(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.wait = make(chan struct{})
	address := listening(t, f)
	c := dial(t, address)
	io.WriteString(c, "POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"access_token\":\"x\"}")
	if resp := answerTo(t, c); resp.StatusCode != 200 {
		t.Fatalf("answered %d", resp.StatusCode)
	} else {
		io.Copy(io.Discard, resp.Body)
	}
	io.WriteString(c, "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\n\r\n")
	time.AfterFunc(bodyTimeout+500*time.Millisecond, func() { close(f.wait) })
	if resp := answerTo(t, c); resp.StatusCode != 200 {
		t.Errorf("a caller that waited longer than a body may take is answered %d", resp.StatusCode)
	}
}

func TestAReaderThatNeverReadsLosesEventsAndNotOurTime(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.changes = make(chan []string) // a send that is taken was not waited for by anybody else
	f.set([]Connection{{Status: tokens.Status{Name: "work", Detail: strings.Repeat("x", 64<<10)}}})
	address := listening(t, f)
	c := dial(t, address)
	io.WriteString(c, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
	stuck := false
	for range 1000 {
		select {
		case f.changes <- []string{"work"}:
			continue
		case <-time.After(time.Second): // its buffers are full
			stuck = true
		}
		break
	}
	if !stuck {
		t.Fatal("the reader was never full")
	}
	resp, err := httpClient(address).Get("http://agent/v1/connections/work/token")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("beside a stuck reader: %v %v", resp, err)
	}
	resp.Body.Close()
	for tooLong := time.After(hangTime); ; {
		select {
		case f.changes <- []string{"work"}: // it was not full, but slow
		case <-f.stopped:
			return
		case <-tooLong:
			t.Fatal("the stuck reader is not hung up on")
		}
	}
}

func TestAHeadThatIsTooLargeIsRefused(t *testing.T) {
	address := listening(t, newFake())
	r, _ := http.NewRequest("GET", "http://agent/v1/health", nil)
	r.Header.Set("X-Large", strings.Repeat("x", 2*connlimit.MaxHead))
	resp, err := httpClient(address).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered %s", resp.Status)
	}
}

func TestManyConnectionsLeaveNothingBehind(t *testing.T) {
	address := listening(t, newFake())
	before := runtime.NumGoroutine()
	for i := range 2000 {
		c, err := client.Dial(t.Context(), address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		if i%2 == 0 {
			fmt.Fprint(c, "GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			io.Copy(io.Discard, c)
		}
		c.Close()
	}
	for end := time.Now().Add(hangTime); runtime.NumGoroutine() > before+10; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
		}
	}
}
