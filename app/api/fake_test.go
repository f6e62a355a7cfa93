package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// fake is an agent with one connection, work, that answers at once.
type fake struct {
	mu        sync.Mutex
	wanted    tokens.Want
	put       catalog.Connection
	secret    string
	peer      Peer
	place     Place
	quits     int
	connect   ConnectRequest
	now       map[string]Connection // those that Connection knows
	changes   chan []string
	attending []string
	stopped   chan struct{} // closed when a subscriber has gone
	err       error         // of everything that can fail
	wait      chan struct{}
	short     bool // its tokens last less long than wanted
}

// token is what f hands out.
func (f *fake) token(accessToken string) tokens.Token {
	t := tokens.Token{AccessToken: accessToken, TokenType: "Bearer"}
	if f.short {
		t.MinValidMet = new(bool)
	}
	return t
}

func newFake() *fake {
	return &fake{now: map[string]Connection{"work": work}, changes: make(chan []string, 8), stopped: make(chan struct{})}
}

var work = Connection{Status: tokens.Status{Name: "work", Provider: "practice", State: tokens.Connected}}

func (f *fake) Used()                     {}
func (f *fake) Connections() []Connection { return []Connection{work} }
func (f *fake) Connection(name string) (Connection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, ok := f.now[name]
	if !ok {
		return Connection{}, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: "No."}
	}
	return now, f.err
}

func (f *fake) AttendMCP(name, client string) (leave func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.now[name]; !ok {
		return nil, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: "No."}
	}
	f.attending = append(f.attending, name+" "+client)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.attending = slices.DeleteFunc(f.attending, func(a string) bool { return a == name+" "+client })
	}, nil
}

// attend is who is connected to MCP servers.
func (f *fake) attend() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.attending, ", ")
}

// set changes connections, and removes those that are named.
func (f *fake) set(changed []Connection, removed ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changed {
		f.now[c.Name] = c
	}
	for _, name := range removed {
		delete(f.now, name)
	}
}

func (f *fake) Put(_ context.Context, name string, c catalog.Connection) (Connection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put = c
	return work, f.err
}

func (f *fake) Delete(context.Context, string) (Removed, error) { return Removed{Revoked: true}, f.err }

func (f *fake) SetSecret(_ context.Context, _, secret string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret = secret
	return f.err
}

func (f *fake) CopySecret(_ context.Context, _, from string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret = "like " + from
	return f.err
}

func (f *fake) Token(ctx context.Context, _ string, w tokens.Want) (tokens.Token, error) {
	f.mu.Lock()
	f.wanted = w
	f.peer, _ = PeerOf(ctx)
	f.place = PlaceOf(ctx)
	f.mu.Unlock()
	if f.wait != nil {
		select {
		case <-f.wait:
		case <-ctx.Done():
			return tokens.Token{}, ctx.Err()
		}
	}
	return f.token("at-1"), f.err
}

func (f *fake) Rejected(context.Context, string, string) (tokens.Token, error) {
	return f.token("at-2"), f.err
}
func (f *fake) Forward(w http.ResponseWriter, r *http.Request, name, path string) error {
	if f.err == nil {
		io.WriteString(w, name+" "+path)
	}
	return f.err
}
func (f *fake) Rules(string) catalog.APIRules { return catalog.APIRules{} }

func (f *fake) Host(host, path, user string) (HostMatch, error) {
	return HostMatch{Name: host + " " + path + " " + user}, f.err
}
func (f *fake) Refresh(context.Context, string) (Connection, error) { return work, f.err }
func (f *fake) Connect(_ context.Context, _ string, r ConnectRequest) (Pending, error) {
	f.connect = r
	return pending{r.Mode}, f.err
}
func (f *fake) Paste(context.Context, string, string) (Connection, error) { return work, f.err }
func (f *fake) CancelConnect(string, bool) error                          { return f.err }
func (f *fake) Disconnect(context.Context, string) (Removed, error)       { return Removed{}, f.err }
func (f *fake) Providers() []Brief                                        { return []Brief{{ID: "practice", Name: "Practice"}} }
func (f *fake) ForHost(host string) ([]catalog.Connection, error) {
	switch host {
	case "gitlab.example.org":
		return []catalog.Connection{{Provider: "gitlab", Vars: map[string]string{"host": host}}}, nil
	case "a b":
		return nil, errors.New("write a host")
	}
	return nil, nil
}
func (f *fake) Provider(string) (Provider, error) {
	return Provider{RedirectURI: "http://127.0.0.1/callback"}, f.err
}
func (f *fake) Subscribe() Changes { return f }
func (f *fake) Stop()              { close(f.stopped) }
func (f *fake) Wait(ctx context.Context) ([]string, error) {
	select {
	case names := <-f.changes:
		return names, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (f *fake) Settings() Settings                            { return Settings{} }
func (f *fake) PatchSettings(SettingsPatch) (Settings, error) { return Settings{}, f.err }
func (f *fake) Health() Health                                { return Health{Version: "test"} }
func (f *fake) OpenWindow(context.Context) error              { return f.err }
func (f *fake) Unlock(context.Context) error                  { return f.err }
func (f *fake) Quit() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quits++
}

type pending struct{ mode providers.Mode }

func (p pending) Attempt() Attempt                         { return Attempt{URL: "https://p.example/", Mode: p.mode} }
func (p pending) Wait(context.Context) (Connection, error) { return work, nil }

var quiet = slog.New(slog.DiscardHandler)

// ask asks a server that is not listening.
func ask(f *fake, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://agent/", strings.NewReader(body))
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = path, "", query
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	NewServer(f, quiet).ServeHTTP(w, r)
	return w
}

// listening serves f on a real socket.
func listening(t *testing.T, f Agent) (address string) {
	t.Helper()
	address = tempAddress(t)
	l, err := Listen(address, quiet)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(f, quiet)
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Shutdown(ctx)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	return address
}

// hangTime ends a wait for what never comes.
const hangTime = 3 * time.Minute

func tempAddress(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "so") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return apitest.Address(dir)
}

// httpClient sends every request to the socket, whatever host its URL names.
func httpClient(address string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return client.Dial(ctx, address) },
	}}
}

// dial connects as a raw client.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := client.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answerTo reads the answer to a raw request.
func answerTo(t *testing.T, c net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
