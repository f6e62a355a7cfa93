package mcp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/tokens/client"
)

// world is an MCP server that wants tokens, an agent that has them, and what the
// network between does.
type world struct {
	t      *testing.T
	agent  *fakeAgent
	server *httptest.Server
	net    *http.Transport
	down   atomic.Bool                                // the network is away
	state  string                                     // the state folder
	asked  atomic.Int32                               // times that the user was asked to connect
	allow  atomic.Pointer[func(scopes []string) bool] // what the user says to scopes

	mu       sync.Mutex
	handler  http.Handler // of good requests
	requests []*http.Request
	before   func(w http.ResponseWriter, r *http.Request) bool // has answered
	conns    []*bridgeConn
	accepted map[string]net.Conn // the server's ends, by the bridge's addresses
}

// bridgeConn is a connection that the bridge made.
type bridgeConn struct {
	net.Conn
	closed atomic.Bool // by the bridge, or because it saw the other side's end
}

func (c *bridgeConn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

func newWorld(t *testing.T, h http.Handler) *world {
	w := &world{t: t, agent: newFakeAgent(t), handler: h, state: t.TempDir(), accepted: map[string]net.Conn{}}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.accepted[c.RemoteAddr().String()] = c
		}
	}
	w.server.Start()
	w.net = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if w.down.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("network is unreachable")}
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		c := &bridgeConn{Conn: conn}
		w.conns = append(w.conns, c)
		return c, nil
	}}
	t.Cleanup(func() { w.server.CloseClientConnections(); w.server.Close() })
	return w
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r)
	h, before := w.handler, w.before
	w.mu.Unlock()
	if before != nil && before(rw, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+w.agent.good() {
		rw.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.ServeHTTP(rw, r)
}

// swap puts another server in the place of the one that was, as a restart does.
func (w *world) swap(h http.Handler) {
	w.mu.Lock()
	w.handler = h
	w.mu.Unlock()
	w.breakOff()
}

// breakOff closes the connections from the server's side, and waits until the
// bridge has seen it: a request that meets the end on its way may have been
// carried out, and is not sent again.
func (w *world) breakOff() {
	w.mu.Lock()
	conns := w.conns
	w.conns = nil
	w.mu.Unlock()
	for _, c := range conns {
		eventually(w.t, "the bridge sees that a connection is over", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			if end := w.accepted[c.LocalAddr().String()]; end != nil {
				_ = end.Close()
			}
			return c.closed.Load()
		})
	}
}

// connections is how many the bridge made so far that were not broken off.
func (w *world) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

// answer has requests answered by f where it says so, from now on.
func (w *world) answer(f func(w http.ResponseWriter, r *http.Request) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = f
}

func (w *world) setDown(down bool) {
	w.down.Store(down)
	if down {
		w.breakOff()
	}
	w.net.CloseIdleConnections()
}

// seen counts the requests so far that is says yes to.
func (w *world) seen(is func(r *http.Request) bool) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if is(r) {
			n++
		}
	}
	return n
}

// consent is the user at the notification.
func (w *world) consent(_ context.Context, client string, scopes []string) error {
	w.asked.Add(1)
	if allow := w.allow.Load(); allow != nil && client == "test-client" && (*allow)(scopes) {
		return nil
	}
	return errors.New("not now")
}

func (w *world) bridge() Bridge {
	return Bridge{Name: "notes", URL: w.server.URL + "/mcp", Agent: client.At(w.agent.path), Transport: w.net, Memory: Memory(w.state),
		Version: "test", Patience: time.Minute, Consent: w.consent}
}

// impatient is a bridge for requests that are to wait in vain.
func (w *world) impatient() Bridge {
	b := w.bridge()
	b.Patience = 300 * time.Millisecond
	return b
}

// running is a bridge that runs, with the ends that a client has.
type running struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	over chan error
	raw  *io.PipeReader
}

func (w *world) start(b Bridge) *running {
	w.t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	r := &running{t: w.t, in: inW, out: bufio.NewReaderSize(outR, 1<<20), over: make(chan error, 1), raw: outR}
	go func() {
		err := b.Run(context.Background(), inR, outW)
		outW.Close()
		inR.Close()
		r.over <- err
		close(r.over)
	}()
	w.t.Cleanup(func() {
		inW.Close()
		outR.Close()
		select {
		case <-r.over:
		case <-time.After(30 * time.Second):
			w.t.Error("the bridge did not end with its stdin")
		}
	})
	return r
}

// say writes a line.
func (r *running) say(format string, args ...any) {
	r.t.Helper()
	if _, err := fmt.Fprintf(r.in, format+"\n", args...); err != nil {
		r.t.Fatal(err)
	}
}

// line is a message as it stands on stdout.
type line struct {
	ID     any
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	text string
}

// next reads the next message.
func (r *running) next() (l line) {
	r.t.Helper()
	text, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("no more messages: %v", err)
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		r.t.Fatalf("%q: %v", text, err)
	}
	l.text = text
	return l
}

// answer reads up to the answer to a request.
func (r *running) answer(id any) line {
	r.t.Helper()
	for {
		if l := r.next(); l.Method == "" && fmt.Sprint(l.ID) == fmt.Sprint(id) {
			return l
		}
	}
}

// until reads up to a notification or request of the server's.
func (r *running) until(method string) line {
	r.t.Helper()
	for {
		if l := r.next(); l.Method == method {
			return l
		}
	}
}

const initializeParams = `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test-client","version":"1"}}`

// begin does what clients do first, and returns the answer to initialize.
func (r *running) begin() line {
	r.t.Helper()
	r.say(`{"jsonrpc":"2.0","id":"begin","method":"initialize","params":%s}`, initializeParams)
	l := r.answer("begin")
	if l.Error == nil {
		r.say(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	return l
}

// call sends a request and reads its answer.
func (r *running) call(id any, method, params string) line {
	r.t.Helper()
	name, _ := json.Marshal(id)
	r.say(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, name, method, params)
	return r.answer(id)
}

// works calls a tool until it is answered: an impatient bridge may have to be asked
// more than once where the machine is slow.
func (r *running) works(id int, params string) (l line) {
	r.t.Helper()
	eventually(r.t, "the tool is called", func() bool {
		id++
		l = r.call(id*1000, "tools/call", params)
		return l.Error == nil
	})
	return l
}

// connect is the SDK's client at the other end of a bridge.
func (w *world) connect(b Bridge, version string, o *sdk.ClientOptions) *sdk.ClientSession {
	w.t.Helper()
	r := w.start(b)
	c := sdk.NewClient(&sdk.Implementation{Name: "sdk-client", Version: "1"}, o)
	s, err := c.Connect(w.t.Context(), &sdk.IOTransport{Reader: r.raw, Writer: r.in}, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// notes is a server with a tool that says what it is told.
func notes() *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "notes-server", Version: "1"}, &sdk.ServerOptions{Instructions: "Take notes."})
	sdk.AddTool(s, &sdk.Tool{Name: "echo", Description: "says it again"}, echo)
	return s
}

type said struct {
	Text string `json:"text"`
}

func echo(_ context.Context, _ *sdk.CallToolRequest, in said) (*sdk.CallToolResult, any, error) {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: in.Text}}}, nil, nil
}

// stateful serves with sessions, up to 2025-11-25.
func stateful(s *sdk.Server) http.Handler {
	return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s }, nil)
}

// stateless serves without, from 2026-07-28 on too.
func stateless(s *sdk.Server) http.Handler {
	return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s }, &sdk.StreamableHTTPOptions{Stateless: true})
}

// sayEcho calls the tool.
func sayEcho(t *testing.T, s *sdk.ClientSession, text string) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "echo", Arguments: map[string]any{"text": text}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Content[0].(*sdk.TextContent).Text
}

// fakeAgent answers as the agent does, for one connection.
type fakeAgent struct {
	path string

	mu       sync.Mutex
	token    string
	number   int
	problem  *client.Problem // instead of a token
	changed  chan struct{}
	asks     int
	rejected int
	fors     []string
	scopes   []string       // of each token asked for
	clients  map[string]int // connected now
	next     string         // what a rejection brings; "": the next number
}

func newFakeAgent(t *testing.T) *fakeAgent {
	dir, err := os.MkdirTemp("", "at")
	if err != nil {
		t.Fatal(err)
	}
	a := &fakeAgent{path: apitest.Address(dir), token: "token-1", number: 1, changed: make(chan struct{})}
	stop := a.listen(t)
	t.Cleanup(func() { stop(); os.RemoveAll(dir) })
	return a
}

// listen serves until stop is called.
func (a *fakeAgent) listen(t *testing.T) (stop func()) {
	t.Helper()
	l, err := apitest.Listen(a.path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: a}
	go s.Serve(l)
	return func() { s.Close() }
}

func (a *fakeAgent) good() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token
}

// set makes the connection what it is now: p nil is connected.
func (a *fakeAgent) set(p *client.Problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problem = p
	close(a.changed)
	a.changed = make(chan struct{})
}

// revoke makes the current token worthless, as its provider does.
func (a *fakeAgent) revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.number++
	a.token = fmt.Sprint("token-", a.number)
	a.next = a.token
}

// counts are how often it was asked, and told of a rejection.
func (a *fakeAgent) counts() (asks, rejected int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asks, a.rejected
}

// purposes is what the agent was told tokens are for.
func (a *fakeAgent) purposes() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.fors, "; ")
}

func (a *fakeAgent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/events" {
		a.events(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/rejected"):
		a.rejected++
	case strings.HasSuffix(r.URL.Path, "/token"):
		a.asks++
		a.fors = append(a.fors, r.FormValue("for"))
		a.scopes = append(a.scopes, r.FormValue("scope"))
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if a.problem != nil {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(a.problem.Status)
		json.NewEncoder(w).Encode(a.problem)
		return
	}
	json.NewEncoder(w).Encode(map[string]string{"access_token": a.token})
}

func (a *fakeAgent) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.FormValue("mcp") != "" {
		client := r.FormValue("mcp") + " " + r.FormValue("client")
		a.attend(client, 1)
		defer a.attend(client, -1)
	}
	for {
		a.mu.Lock()
		state, changed := "connected", a.changed
		if a.problem != nil {
			state = a.problem.Code
		}
		a.mu.Unlock()
		fmt.Fprintf(w, "event: connection\ndata: {\"name\":\"notes\",\"state\":%q}\n\n", state)
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// attend counts a client as connected, or no more.
func (a *fakeAgent) attend(client string, by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.clients == nil {
		a.clients = map[string]int{}
	}
	a.clients[client] += by
}

func (a *fakeAgent) connected(client string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clients[client]
}

var dead = &client.Problem{Code: "reconnect_required", Status: 409, Detail: "Notes says access was revoked. Reconnect to go on.", Hint: "authtray connect notes"}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}
