package agent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/proxy"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// upstream is a provider's API that records what reaches it.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	rejects  map[string]bool // tokens that it refuses
	handle   http.HandlerFunc
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{rejects: map[string]bool{}}
	u.Server = httptest.NewServer(http.HandlerFunc(u.serve))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	refused := u.rejects[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	u.mu.Unlock()
	if u.handle != nil && !refused {
		u.note(r, "")
		u.handle(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	u.note(r, string(body))
	if refused {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (u *upstream) note(r *http.Request, body string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests, u.bodies = append(u.requests, r), append(u.bodies, body)
}

func (u *upstream) seen() (int, *http.Request, string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.requests)
	if n == 0 {
		return 0, nil, ""
	}
	return n, u.requests[n-1], u.bodies[n-1]
}

// withAPI is a connected connection whose API is u.
func withAPI(t *testing.T) (*world, *upstream) {
	w, u := newWorld(t), newUpstream(t)
	conn := w.practice()
	conn["override"] = map[string]any{"api": map[string]any{"base": u.URL + "/v4"}}
	w.call("PUT", "/connections/me", conn).ok()
	w.connect("me", "ada")
	return w, u
}

// do sends a request to the API through the socket.
func (w *world) do(method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://agent/v1/connections/me/api/"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := *w.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, string(text)
}

func TestTheAPIGetsTheTokenAndNothingOfTheTools(t *testing.T) {
	w, u := withAPI(t)
	u.handle = func(rw http.ResponseWriter, r *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: "session", Value: "x"})
		rw.Header().Set("X-Own", "kept")
		io.WriteString(rw, "hello")
	}
	answer, text := w.do("GET", "a%2Fb/c?q=1%202", nil,
		"Authorization", "Bearer mine", "Cookie", "a=b", "Proxy-Authorization", "Basic x", "Connection", "X-Hop", "X-Hop", "1", "X-Mine", "kept")
	if text != "hello" || answer.Header.Get("X-Own") != "kept" || answer.Header.Get("Set-Cookie") != "" {
		t.Fatalf("answered %q with %v", text, answer.Header)
	}
	_, r, _ := u.seen()
	token := w.call("GET", "/connections/me/token", nil).token().AccessToken
	if got := r.Header.Get("Authorization"); got != "Bearer "+token {
		t.Errorf("the API did not get the connection's token")
	}
	if r.RequestURI != "/v4/a%2Fb/c?q=1%202" {
		t.Errorf("the API was asked for %s", r.RequestURI)
	}
	for _, name := range []string{"Cookie", "Proxy-Authorization", "X-Hop"} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s was passed on", name)
		}
	}
	if r.Header.Get("X-Mine") != "kept" {
		t.Errorf("a header of the tool's own was lost")
	}
}

func TestARejectedRequestIsSentOnceMoreWithANewToken(t *testing.T) {
	w, u := withAPI(t)
	old := w.call("GET", "/connections/me/token", nil).token().AccessToken
	w.clock.pass(11 * time.Second) // old enough to be renewed for a refusal
	u.rejects[old] = true
	answer, _ := w.do("POST", "things", strings.NewReader("the body"))
	n, r, body := u.seen()
	if answer.StatusCode != 200 || n != 2 || body != "the body" || r.Header.Get("Authorization") == "Bearer "+old {
		t.Fatalf("status %d after %d requests, the last with body %q", answer.StatusCode, n, body)
	}
}

func TestAToolThatRetriesForEverRenewsOnce(t *testing.T) {
	w, u := withAPI(t)
	w.clock.pass(11 * time.Second)
	u.handle = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) }
	before := w.provider.TokenHits()
	for range 20 {
		if answer, _ := w.do("GET", "things", nil); answer.StatusCode != 401 {
			t.Fatalf("answered %d", answer.StatusCode)
		}
	}
	if got := w.provider.TokenHits() - before; got != 1 {
		t.Errorf("%d requests to the token endpoint, want 1", got)
	}
}

func TestALargeBodyStreamsAndIsNotSentAgain(t *testing.T) {
	w, u := withAPI(t)
	old := w.call("GET", "/connections/me/token", nil).token().AccessToken
	w.clock.pass(11 * time.Second)
	u.rejects[old] = true
	large := strings.Repeat("x", proxy.MaxReplay+1)
	if answer, _ := w.do("POST", "things", strings.NewReader(large)); answer.StatusCode != 401 {
		t.Fatalf("answered %d, want the API's own 401", answer.StatusCode)
	}
	if n, _, body := u.seen(); n != 1 || body != large {
		t.Fatalf("%d requests, the last of %d bytes", n, len(body))
	}
	if answer, _ := w.do("POST", "things", strings.NewReader(large)); answer.StatusCode != 200 {
		t.Fatalf("the next request was answered %d: it did not have the new token", answer.StatusCode)
	}
}

func TestNothingGoesToOtherHostsOrRoundabout(t *testing.T) {
	w, u := withAPI(t)
	other := newUpstream(t)
	for _, path := range []string{other.URL + "/x", "http://example.org/x", "a/../../x", "%2e%2e/x", "..%2fx"} {
		answer, text := w.do("GET", path, nil)
		if answer.StatusCode != 400 || !strings.Contains(text, "bad_request") {
			t.Errorf("%s: answered %d %s", path, answer.StatusCode, text)
		}
	}
	for _, method := range []string{"TRACE", "TRACK"} {
		if answer, _ := w.do(method, "x", nil); answer.StatusCode != 400 {
			t.Errorf("%s: answered %d", method, answer.StatusCode)
		}
	}
	if answer, _ := w.do("GET", "x", nil, "Upgrade", "websocket", "Connection", "Upgrade"); answer.StatusCode != 400 {
		t.Errorf("a WebSocket was not refused")
	}
	if n, _, _ := u.seen(); n != 0 {
		t.Errorf("the API got %d requests", n)
	}
	if n, _, _ := other.seen(); n != 0 {
		t.Errorf("another host got %d requests", n)
	}
}

func TestRedirectsAreHandedBack(t *testing.T) {
	w, u := withAPI(t)
	u.handle = func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) }
	answer, _ := w.do("GET", "x", nil)
	if n, _, _ := u.seen(); n != 1 || answer.StatusCode != 302 || answer.Header.Get("Location") != u.URL+"/elsewhere" {
		t.Fatalf("%d requests, answered %d to %q", n, answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestAnAnswerStreamsAndAToolThatHangsUpEndsIt(t *testing.T) {
	w, u := withAPI(t)
	gone := make(chan struct{})
	u.handle = func(rw http.ResponseWriter, r *http.Request) { // an endless answer
		fmt.Fprintln(rw, "first")
		rw.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	}
	line, err := client.Dial(t.Context(), w.paths.Socket)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(line, "GET /v1/connections/me/api/endless HTTP/1.1\r\nHost: x\r\n\r\n")
	in := bufio.NewReader(line)
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the first line never came: %v", err)
		}
		if strings.TrimSpace(text) == "first" {
			break
		}
	}
	line.Close()
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Fatal("the request to the API goes on though nobody reads it")
	}
}

func TestADeadGrantIsSaidInsteadOfAsked(t *testing.T) {
	w, u := withAPI(t)
	w.call("DELETE", "/connections/me/grant", nil).ok()
	w.call("GET", "/connections/me/api/x", nil).problem(tokens.CodeDisconnected, 409)
	if n, _, _ := u.seen(); n != 0 {
		t.Errorf("the API got %d requests", n)
	}
}

// onlyTokens has one connection's tokens.
type onlyTokens struct{}

func (onlyTokens) Token(_ context.Context, name string, _ tokens.Want) (tokens.Token, error) {
	if name != "work" {
		return tokens.Token{}, &tokens.Error{Code: tokens.CodeUnknownConnection}
	}
	return tokens.Token{AccessToken: "t"}, nil
}

func (s onlyTokens) Rejected(ctx context.Context, name, _ string) (tokens.Token, error) {
	return s.Token(ctx, name, tokens.Want{})
}

// closedGate lets nobody read.
type closedGate struct {
	asked []string
	named func(connection string) string
}

func (g *closedGate) Admit(_ context.Context, connection string, _ api.Peer) error {
	g.asked = append(g.asked, connection)
	return &tokens.Error{Code: tokens.CodeNotAllowed}
}

func (g *closedGate) Named(named func(string) string) { g.named = named }
func (g *closedGate) AdmitChange(ctx context.Context, connection string, p api.Peer) error {
	return g.Admit(ctx, connection, p)
}
func (*closedGate) Forget(string) error { return nil }

// TestAQuestionNamesWhoseTokenItIs: two connections of one provider differ in the account.
func TestAQuestionNamesWhoseTokenItIs(t *testing.T) {
	g := &closedGate{}
	w := newWorld(t, func(o *Options) { o.Gate = g })
	w.add("work")
	if got := g.named("work"); got != "work" {
		t.Errorf("before a sign-in it is called %q", got)
	}
	w.connect("work", "ada")
	if got := g.named("work"); !strings.HasPrefix(got, "work (ada") {
		t.Errorf("then it is called %q", got)
	}
}

// readsSeen records reads.
type readsSeen struct {
	noAuditor
	all []string
}

func (r *readsSeen) Read(_ api.Peer, connection, what string, err error) {
	r.all = append(r.all, strings.TrimSpace(fmt.Sprintf("%s %s %s", connection, what, readCode(err))))
}

func TestTokenAccessAsksTheUserAndRecordsEachRead(t *testing.T) {
	c, _, _, _ := newTestConfiguration(t)
	gate, reads := &closedGate{}, &readsSeen{}
	a := &tokenAccess{manager: onlyTokens{}, configuration: c, gate: gate, audit: reads}
	ctx := api.WithPeer(t.Context(), api.Peer{PID: 1})
	put := func(ask bool) {
		t.Helper()
		if err := c.write(catalog.Connection{Name: "work", Provider: "github", ClientID: "abc", Ask: ask}); err != nil {
			t.Fatal(err)
		}
	}
	put(false)
	if got, err := a.token(ctx, "work", tokens.Want{}); err != nil || got.AccessToken != "t" || len(gate.asked) > 0 {
		t.Errorf("a connection that does not ask: %v, asked %q", err, gate.asked)
	}
	put(true)
	var e *tokens.Error
	if got, err := a.rejected(ctx, "work", "old"); !errors.As(err, &e) || e.Code != tokens.CodeNotAllowed || got.AccessToken != "" {
		t.Errorf("one that asks gives a token: %v", err)
	}
	if _, err := a.token(t.Context(), "work", tokens.Want{}); err != nil { // a click in the tray
		t.Errorf("the user's own click: %v", err)
	}
	a.token(ctx, "to\x00ken", tokens.Want{})
	if want := []string{"work token", "work rejected not_allowed", "work token"}; !slices.Equal(reads.all, want) {
		t.Errorf("recorded %q, want %q", reads.all, want)
	}
	if len(gate.asked) != 1 {
		t.Errorf("asked %q", gate.asked)
	}
}

// TestAConnectionThatAsksIsChangedByWhoeverMayReadItsTokenOnly: dropping ask would
// be a way round it, and so would another address to send tokens to.
func TestAConnectionThatAsksIsChangedByWhoeverMayReadItsTokenOnly(t *testing.T) {
	gate := &closedGate{}
	w := newWorld(t, func(o *Options) { o.Gate = gate })
	asks := w.practice()
	asks["ask"] = true
	w.call("PUT", "/connections/work", asks).ok()
	for name, change := range map[string]func(map[string]any){
		"without ask":    func(c map[string]any) { delete(c, "ask") },
		"with ask":       func(map[string]any) {},
		"another client": func(c map[string]any) { c["client_id"] = "mallory" },
	} {
		t.Run(name, func(t *testing.T) {
			c := w.practice()
			c["ask"] = true
			change(c)
			if got := w.call("PUT", "/connections/work", c); got.status != http.StatusForbidden {
				t.Errorf("answered %d %s", got.status, got.body)
			}
		})
	}
	if c := w.call("GET", "/connections/work", nil).connection(); c.Config == nil || !c.Config.Ask {
		t.Errorf("it does not ask any more: %+v", c.Config)
	}
	if len(gate.asked) != 3 {
		t.Errorf("the gate was asked %d times", len(gate.asked))
	}
}
