package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// world is an agent in this process, on folders of its own, with the practice
// provider beside it and nothing of a desktop but what is recorded.
type world struct {
	t        *testing.T
	paths    config.Paths
	store    store.Store
	provider *practicetest.Provider
	notes    *notes
	log      *bytes.Buffer
	logged   sync.Mutex
	clock    *clock
	agent    *Agent
	client   *http.Client
	browsers sync.WaitGroup // that sign in beside the test
	stop     func()
}

// newWorld starts one; change alters the options before that.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "at") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{
		t: t, store: store.Memory(), provider: practicetest.Start(t, server.Options{}),
		clock: &clock{Clock: tokens.System}, notes: newNotes(), log: &bytes.Buffer{},
		paths: config.Paths{
			Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"),
			Socket: apitest.Address(dir),
		},
	}
	w.client = httpClient(w.paths.Socket)
	w.start(change...)
	t.Cleanup(func() { w.browsers.Wait(); w.stop() })
	return w
}

// httpClient sends every request to the socket, whatever host its URL names.
func httpClient(address string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return client.Dial(ctx, address) },
	}}
}

// clock is the machine's, ahead by what the test lets pass.
type clock struct {
	tokens.Clock
	ahead atomic.Int64
}

func (c *clock) pass(d time.Duration)   { c.ahead.Add(int64(d)) }
func (c *clock) Now() time.Time         { return c.Clock.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) Elapsed() time.Duration { return c.Clock.Elapsed() + time.Duration(c.ahead.Load()) }

// Write collects the log.
func (w *world) Write(p []byte) (int, error) {
	w.logged.Lock()
	defer w.logged.Unlock()
	return w.log.Write(p)
}

func (w *world) logText() string {
	w.logged.Lock()
	defer w.logged.Unlock()
	return w.log.String()
}

func (w *world) start(change ...func(*Options)) {
	w.t.Helper()
	o := Options{
		Paths: w.paths, Store: w.store, Version: "test", Notify: w.notes, Clock: w.clock,
		Log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	unlock, err := api.Lock(w.paths.Lock())
	if err != nil {
		w.t.Fatal(err)
	}
	w.agent = NewAgent(o)
	over := make(chan error, 1)
	go func() { over <- w.agent.Run(context.Background()) }()
	w.stop = sync.OnceFunc(func() {
		w.agent.Quit()
		if err := <-over; err != nil {
			w.t.Errorf("the agent ended with: %v", err)
		}
		unlock()
		w.client.CloseIdleConnections()
	})
	eventually(w.t, "the agent answers", func() bool {
		c, err := client.Dial(w.t.Context(), w.paths.Socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// eventually waits for something that a goroutine of the agent brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}

// reply is an answer of the socket.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (w *world) call(method, path string, body any, headers ...string) reply {
	w.t.Helper()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://agent/v1"+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{w.t, resp.StatusCode, resp.Header, data}
}

func (r reply) ok() reply {
	r.t.Helper()
	if r.status >= 300 {
		r.t.Fatalf("answered %d: %s", r.status, r.body)
	}
	return r
}

func (r reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%v: %s", err, r.body)
	}
}

func (r reply) connection() (c api.Connection) {
	r.t.Helper()
	r.ok().into(&c)
	return c
}

func (r reply) token() (t tokens.Token) {
	r.t.Helper()
	r.ok().into(&t)
	return t
}

// problem wants a refusal with a code, its status and a sentence.
func (r reply) problem(code tokens.Code, status int) (p api.Problem) {
	r.t.Helper()
	r.into(&p)
	if p.Code != string(code) || r.status != status || p.Detail == "" {
		r.t.Fatalf("answered %d %s, want %d %s with a detail", r.status, r.body, status, code)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("Content-Type of a problem is %q", got)
	}
	return p
}

// practice is a connection to the practice provider.
func (w *world) practice() map[string]any {
	port := w.provider.Issuer[strings.LastIndexByte(w.provider.Issuer, ':')+1:]
	return map[string]any{
		"provider": "practice", "vars": map[string]string{"port": port},
		"scopes": []string{"openid", "profile", "email", "offline_access"},
	}
}

func (w *world) add(name string) {
	w.t.Helper()
	w.call("PUT", "/connections/"+name, w.practice()).ok()
}

// begin starts a flow and answers its URL.
func (w *world) begin(name string, more map[string]any) api.Attempt {
	w.t.Helper()
	in := map[string]any{"mode": "url"}
	for k, v := range more {
		in[k] = v
	}
	var at api.Attempt
	w.call("POST", "/connections/"+name+"/connect", in).ok().into(&at)
	return at
}

// consent signs in and follows the redirect to the agent's listener. It may be
// called from any goroutine.
func (w *world) consent(at api.Attempt, user string) {
	w.t.Helper()
	redirect, err := practicetest.Consent(w.t.Context(), at.URL, user)
	if err != nil {
		w.t.Error(err)
		return
	}
	resp, err := http.Get(redirect)
	if err != nil {
		w.t.Error(err)
		return
	}
	resp.Body.Close()
}

// connect goes all the way.
func (w *world) connect(name, user string) api.Connection {
	w.t.Helper()
	w.consent(w.begin(name, nil), user)
	eventually(w.t, name+" is connected", func() bool {
		return w.call("GET", "/connections/"+name, nil).connection().State == tokens.Connected
	})
	return w.call("GET", "/connections/"+name, nil).connection()
}

// notes records what the user was told.
type notes struct {
	mu     sync.Mutex
	said   []string
	up     map[string]func() // notifications with Reconnect, by connection
	deaths int
	shown  func(tokens.Status)

	banners map[string]bool
}

func newNotes() *notes { return &notes{up: map[string]func(){}, banners: map[string]bool{}} }

func (n *notes) ReconnectRequired(st tokens.Status, again func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deaths++
	n.up[st.Name] = again
	go n.shown(st)
}

func (n *notes) OnShown(f func(tokens.Status)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.shown = f
}

func (n *notes) Withdraw(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.up, name)
}

func (n *notes) Info(about, title, body string) { n.Warn(about, title, body) }

func (n *notes) Warn(about, title, body string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, title+": "+body)
	n.banners[about] = true
}

func (n *notes) Settle(about string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.banners, about)
}

// banner is whether one about this was shown and not taken back.
func (n *notes) banner(about string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.banners[about]
}

func (n *notes) Ask(context.Context, notify.Question) (string, error) {
	return "", notify.ErrCannotAsk
}
func (n *notes) Questions() []notify.Question { return nil }
func (n *notes) Answer(string, string)        {}
func (n *notes) OnAsked(func(string))         {}
func (n *notes) Configure(bool, bool)         {}
func (n *notes) Health() (api.NotificationState, string) {
	return api.NotificationPlain, "Only banners here."
}

// state is how many deaths were announced, and whether one is up for name.
func (n *notes) state(name string) (deaths int, up func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.deaths, n.up[name]
}

func (n *notes) text() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.said, "\n")
}

// told is the reason that the connection's record says the user has been told of.
func (w *world) told(name string) tokens.Reason {
	w.t.Helper()
	var record struct{ Told tokens.Reason }
	b, err := w.store.Get(w.t.Context(), name)
	if err == nil {
		err = json.Unmarshal(b, &record)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return record.Told
}
