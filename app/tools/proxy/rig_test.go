package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// rig is a tool's way to an API: a real provider client, a real server on either
// side, and tokens that are numbered.
type rig struct {
	t      *testing.T
	api    *httptest.Server
	tools  *httptest.Server
	tokens *numbered
	failed chan error // what Forward returned, where it did
}

// newRig: dead are the entry's rules of what a rejection is.
func newRig(t *testing.T, api http.HandlerFunc, dead ...string) *rig {
	t.Helper()
	g := &rig{t: t, tokens: &numbered{current: 1}, failed: make(chan error, 10)}
	g.api = httptest.NewServer(api)
	t.Cleanup(g.api.Close)
	client := clientOf(t, g.api.URL, dead)
	g.tools = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := Forward(w, r, strings.TrimPrefix(r.URL.RequestURI(), "/"), client, g.tokens); err != nil {
			g.failed <- err
			w.WriteHeader(599)
		}
	}))
	t.Cleanup(func() { g.tools.CloseClientConnections(); g.tools.Close() })
	return g
}

func clientOf(t *testing.T, base string, dead []string) *providers.Client {
	t.Helper()
	catalogue, faults := catalog.LoadCatalogue("")
	if faults != nil {
		t.Fatal(faults)
	}
	api := map[string]any{"base": base}
	if dead != nil {
		var list []any // as it comes out of a file
		for _, rule := range dead {
			list = append(list, rule)
		}
		api["dead"] = list
	}
	c, err := providers.NewClient(catalogue, catalog.Connection{Provider: "practice", Override: map[string]any{"api": api}}, providers.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// numbered are tokens at-1, at-2, …; a rejected current one makes way.
type numbered struct {
	mu      sync.Mutex
	current int
	stuck   bool // nothing newer is to be had
	told    int
}

func (n *numbered) Token(context.Context) (tokens.Token, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return tokens.Token{AccessToken: fmt.Sprint("at-", n.current), TokenType: "bearer"}, nil
}

func (n *numbered) Rejected(ctx context.Context, rejected string) (tokens.Token, error) {
	n.mu.Lock()
	n.told++
	if n.stuck {
		n.mu.Unlock()
		return tokens.Token{}, &tokens.Error{Code: tokens.CodeRejectedAgain, Detail: "The new token was rejected too."}
	}
	if rejected == fmt.Sprint("at-", n.current) {
		n.current++
	}
	n.mu.Unlock()
	return n.Token(ctx)
}

func (n *numbered) reports() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told
}

// send sends an ordinary request and gives the answer, whole.
func (g *rig) send(r *http.Request) (*http.Response, string) {
	g.t.Helper()
	tool := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := tool.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer, string(body)
}

func (g *rig) request(method, path string, body io.Reader, headers ...string) *http.Request {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.tools.URL+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// line is a tool that writes its own HTTP. It gives up after a minute.
func (g *rig) line() (net.Conn, *bufio.Reader) {
	g.t.Helper()
	c, err := net.Dial("tcp", g.tools.Listener.Addr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c, bufio.NewReader(c)
}

// failure is the *tokens.Error that Forward returned.
func (g *rig) failure() *tokens.Error {
	g.t.Helper()
	select {
	case err := <-g.failed:
		var e *tokens.Error
		if !errors.As(err, &e) {
			g.t.Fatalf("failed with %v, which is no sentence", err)
		}
		return e
	case <-time.After(time.Minute):
		g.t.Fatal("nothing failed")
		return nil
	}
}

// within waits for what a goroutine brings about.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("never came to be: %s", what)
	}
}
