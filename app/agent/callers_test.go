package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// kitWorld is a world with a fault kit in front of its provider, connected.
func kitWorld(t *testing.T, change ...func(*Options)) (*world, *faultkit.Kit) {
	t.Helper()
	w, kit := newWorld(t, change...), faultkit.New(faultkit.Options{})
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
	c := w.connected(n)
	c.send(request)
	return c
}

// connected is a crowd that asks for what is to be had at once, so that the agent does not
// hang up on it: to connect takes long on Windows, where a thousand may need a minute.
func (w *world) connected(n int) *crowd {
	w.t.Helper()
	c := &crowd{t: w.t}
	for range n {
		conn, err := client.Dial(w.t.Context(), w.paths.Socket)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		c.conns = append(c.conns, conn)
	}
	return c
}

func (c *crowd) send(request string) {
	for _, conn := range c.conns {
		io.WriteString(conn, request)
	}
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
			callers := w.connected(n) // before the refresh that is held, which has RequestTimeout
			old := w.call("GET", "/connections/work/token", nil).token().AccessToken
			held, release := make(chan struct{}), make(chan struct{})
			kit.Script(faultkit.Hold(held, release))
			before := w.provider.TokenHits()
			w.clock.pass(2 * server.DefaultLifetime)
			callers.send(tokenRequest)
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

// Everything that an answer from memory could wait for hangs at once: a refresh of
// the same connection and one of another at the provider, a third in the keychain,
// another caller between its token and its answer, and callers that have sent half
// a request. Nothing of it is let go before a hundred have been answered, so a lock
// that any of them holds, for the connection or for all, holds up the test. How
// fast the answers are is measured by app/e2e/bench.
func TestCachedAnswersWaitForNobody(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	keychain, audit := newHold(release), newHold(release)
	w, kit := kitWorld(t, func(o *Options) { o.Store, o.Audit = heldStore{o.Store, keychain}, heldAudit{nil, audit} })
	for name, user := range map[string]string{"other": "grace", "third": "ada"} {
		w.add(name)
		w.connect(name, user)
	}
	refresh := func(name string) {
		w.crowd(1, "POST /v1/connections/"+name+"/refresh HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	for _, name := range []string{"work", "other"} {
		held := make(chan struct{})
		kit.Script(faultkit.Hold(held, release))
		refresh(name)
		<-held
	}
	keychain.arm(every)
	refresh("third")
	<-keychain.held
	audit.arm(once)
	w.crowd(1, tokenRequest)
	<-audit.held
	w.crowd(32, tokenRequest[:20])
	w.crowd(32, rejectedRequest("x")[:90])

	for range 100 {
		if got := w.crowd(1, tokenRequest).tokens(); len(got) != 1 || got[""] != 0 {
			t.Fatal("not answered")
		}
	}
	if got := w.crowd(64, tokenRequest).tokens(); len(got) != 1 || got[""] != 0 {
		t.Error("many at once are not answered")
	}
	if keychain.waiting.Load() == 0 || audit.waiting.Load() != 1 {
		t.Error("the keychain and the other caller did not hang meanwhile")
	}
}

// hold is a place where callers wait until release is closed, once it is armed.
type hold struct {
	left    atomic.Int64 // callers that are held yet
	waiting atomic.Int64
	held    chan struct{} // is told of each, as far as somebody listens
	release <-chan struct{}
}

// How many callers a hold keeps.
const once, every = 1, 1 << 30

func newHold(release <-chan struct{}) *hold {
	return &hold{held: make(chan struct{}, 1), release: release}
}

func (h *hold) arm(callers int64) { h.left.Store(callers) }

func (h *hold) wait() {
	if h.left.Add(-1) < 0 {
		return
	}
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	select {
	case h.held <- struct{}{}:
	default:
	}
	<-h.release
}

// heldStore is a keychain that hangs, and does not care about deadlines.
type heldStore struct {
	store.Store
	*hold
}

func (s heldStore) Get(ctx context.Context, key string) ([]byte, error) {
	s.wait()
	return s.Store.Get(ctx, key)
}

func (s heldStore) Set(ctx context.Context, key string, value []byte) error {
	s.wait()
	return s.Store.Set(ctx, key, value)
}

func (s heldStore) Delete(ctx context.Context, key string) error {
	s.wait()
	return s.Store.Delete(ctx, key)
}

func (s heldStore) Check(ctx context.Context) error {
	s.wait()
	return s.Store.Check(ctx)
}

// heldAudit is a record in which a caller who has the token already is kept.
type heldAudit struct {
	Auditor
	*hold
}

func (a heldAudit) Read(api.Peer, string, string, error) { a.wait() }
func (heldAudit) Trouble() string                        { return "" }

func TestTenThousandConnectionsLeaveNothingBehind(t *testing.T) {
	w, _ := kitWorld(t)
	some := func(n int) {
		for i := range n {
			conn, err := client.Dial(t.Context(), w.paths.Socket)
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
	eventually(t, "goroutines and file descriptors are freed", func() bool {
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
