package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// kitWorld is a world with a fault kit in front of its provider, connected.
func kitWorld(t *testing.T) (*world, *faultkit.Kit) {
	t.Helper()
	w, kit := newWorld(t), faultkit.New(faultkit.Options{})
	w.provider = practicetest.Start(t, server.Options{}, kit.Wrap)
	w.add("work")
	w.connect("work", "ada")
	return w, kit
}

// crowd is n callers with a connection each, which all send the same request
// and are all waiting for its answer.
type crowd struct {
	t     *testing.T
	conns []net.Conn
}

func (w *world) crowd(n int, request string) *crowd {
	w.t.Helper()
	c := &crowd{t: w.t}
	for range n {
		conn, err := socket.Dial(w.t.Context(), w.paths.Socket)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { conn.Close() })
		c.conns = append(c.conns, conn)
	}
	var sent sync.WaitGroup
	for _, conn := range c.conns {
		sent.Go(func() { io.WriteString(conn, request) })
	}
	sent.Wait()
	return c
}

// tokens are what the callers got, each one once.
func (c *crowd) tokens() map[string]int {
	c.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[string]int{}
	for _, conn := range c.conns {
		all.Go(func() {
			token, err := readToken(conn)
			if err != nil {
				c.t.Errorf("a caller: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[token]++
		})
	}
	all.Wait()
	return got
}

func readToken(conn net.Conn) (string, error) {
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var token tokens.Token
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || answer.StatusCode != 200 {
		return "", fmt.Errorf("answered %s: %v", answer.Status, err)
	}
	return token.AccessToken, nil
}

const tokenRequest = "GET /v1/connections/work/token HTTP/1.1\r\nHost: x\r\n\r\n"

func rejectedRequest(token string) string {
	body := `{"access_token":"` + token + `"}`
	return fmt.Sprintf("POST /v1/connections/work/rejected HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestAnyNumberOfCallersAtExpiryMakeOneRequest(t *testing.T) {
	for _, n := range []int{64, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w, kit := kitWorld(t)
			old := w.call("GET", "/connections/work/token", nil).token().AccessToken
			held, release := make(chan struct{}), make(chan struct{})
			kit.Script(faultkit.Hold(held, release))
			before := w.provider.TokenHits()
			w.clock.pass(2 * server.DefaultLifetime)
			callers := w.crowd(n, tokenRequest)
			<-held // the provider has renewed, and everybody waits for its answer
			close(release)
			got := callers.tokens()
			if len(got) != 1 || got[old] != 0 {
				t.Errorf("%d callers got %d different tokens, %d of them the expired one", n, len(got), got[old])
			}
			if hits := w.provider.TokenHits() - before; hits != 1 {
				t.Errorf("%d requests to the token endpoint", hits)
			}
		})
	}
}

func TestAnyNumberOfRejectionsOfOneTokenMakeOneRefresh(t *testing.T) {
	w, kit := kitWorld(t)
	old := w.call("GET", "/connections/work/token", nil).token().AccessToken
	held, release := make(chan struct{}), make(chan struct{})
	kit.Script(faultkit.Hold(held, release))
	before := w.provider.TokenHits()
	w.clock.pass(11 * time.Second) // a token that is not just renewed any more
	callers := w.crowd(64, rejectedRequest(old))
	<-held
	close(release)
	if got := callers.tokens(); len(got) != 1 || got[old] != 0 {
		t.Errorf("64 callers got %d different tokens, %d of them the rejected one", len(got), got[old])
	}
	late := w.crowd(64, rejectedRequest(old)).tokens() // these come when it is renewed already
	if len(late) != 1 || late[old] != 0 {
		t.Errorf("64 late callers got %d different tokens", len(late))
	}
	if hits := w.provider.TokenHits() - before; hits != 1 {
		t.Errorf("%d requests to the token endpoint", hits)
	}
}

func TestCallersThatGiveUpCancelNothingForOthers(t *testing.T) {
	w, kit := kitWorld(t)
	held, release := make(chan struct{}), make(chan struct{})
	kit.Script(faultkit.Hold(held, release))
	before := w.provider.TokenHits()
	w.clock.pass(2 * server.DefaultLifetime)
	first := w.crowd(32, tokenRequest) // one of these caused the request
	<-held
	patient := w.crowd(32, tokenRequest)
	for _, conn := range first.conns {
		conn.Close()
	}
	close(release)
	if got := patient.tokens(); len(got) != 1 {
		t.Errorf("the patient ones got %d different tokens", len(got))
	}
	if hits := w.provider.TokenHits() - before; hits != 1 {
		t.Errorf("%d requests to the token endpoint", hits)
	}
}

// While a refresh hangs and half-sent requests are open, whoever asks for a token
// that is still good is answered: the refresh is not let go before that.
func TestCachedAnswersWaitForNobody(t *testing.T) {
	w, kit := kitWorld(t)
	held, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	kit.Script(faultkit.Hold(held, release))
	w.crowd(1, "POST /v1/connections/work/refresh HTTP/1.1\r\nHost: x\r\n\r\n")
	<-held
	w.crowd(32, tokenRequest[:20])
	w.crowd(32, rejectedRequest("x")[:90])
	for range 100 {
		if got := w.crowd(1, tokenRequest).tokens(); len(got) != 1 {
			t.Fatal("not answered")
		}
	}
}

func TestTenThousandConnectionsLeaveNothingBehind(t *testing.T) {
	w, _ := kitWorld(t)
	some := func(n int) {
		for i := range n {
			conn, err := socket.Dial(t.Context(), w.paths.Socket)
			if err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
			switch i % 4 {
			case 1:
				io.WriteString(conn, tokenRequest[:20])
			case 2:
				io.WriteString(conn, strings.Replace(tokenRequest, "Host", "Connection: close\r\nHost", 1))
				io.Copy(io.Discard, conn)
			case 3:
				io.WriteString(conn, tokenRequest) // and does not read the answer
			}
			conn.Close()
		}
	}
	some(500) // what is made once and kept
	before := takeStock(t)
	some(10_000)
	var after stock
	eventually(t, "goroutines and file descriptors are given back", func() bool {
		after = takeStock(t)
		return after.goroutines <= before.goroutines+5 && after.files <= before.files+5
	})
	t.Logf("before %+v, after %+v", before, after)
	if grown := int64(after.heap) - int64(before.heap); grown > 4<<20 {
		t.Errorf("the heap grew by %d KB", grown>>10)
	}
}

// stock is what this process, agent and clients, has in use.
type stock struct {
	goroutines, files int
	heap              uint64 // bytes that are reachable
}

func takeStock(t *testing.T) stock {
	t.Helper()
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := stock{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil { // there is none but on Linux
		s.files = len(files)
	}
	return s
}
