package api

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

func remoteBody(target string) string {
	if strings.HasSuffix(target, "/connect") {
		return `{"mode":"browser"}`
	}
	return `{"access_token":"at-1"}`
}

// TestTheForwardedSocketSeesTheNameThatTheRoutesSee: whatever way it is written.
func TestTheForwardedSocketSeesTheNameThatTheRoutesSee(t *testing.T) {
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/v1/connections/open/token", 200},
		{"GET", "/v1/connections/%6Fpen/token", 200},
		{"POST", "/v1/connections/open/rejected", 200},
		{"GET", "/v1/connections/open/api", 200},
		{"GET", "/v1/connections/open/api/a%2Fb", 200},
		{"GET", "/v1/connections/open%2Fapi", 403},
		{"PUT", "/v1/connections/open%2Fapi", 403},
		{"DELETE", "/v1/connections/open%2Fapi%2Fx", 403},
		{"GET", "/v1/connections/open%2Fapi/token", 403},
		{"GET", "/v1/connections/open%2Ftoken", 403},
		{"GET", "/v1/connections/closed%2F..%2Fopen/token", 403},
		{"GET", "/v1/connections/closed/token", 403},
		{"GET", "/v1/connections/closed/api/open", 403},
		{"GET", "/v1/connections//token", 403},
		{"POST", "/v1/connections/open/token", 403},
		{"GET", "/v1/connections/open/rejected", 403},
		{"POST", "/v1/connections/open/connect", 403}, // a browser
		{"POST", "/v1/connections/open/connect/redirect", 403},
		{"DELETE", "/v1/connections/open/connect", 403},
		{"DELETE", "/v1/connections/open/grant", 403},
		{"GET", "/v1/connections/open", 200},
		{"HEAD", "/v1/connections/open", 403},
		{"GET", "/v1/connections/closed", 403},
		{"GET", "/v1/connections", 403},
		{"POST", "/v1/helpers/kubectl/closed", 403},
		{"POST", "/v1/helpers/git", 403},
		{"GET", "/v1/hosts/open", 403},
		{"POST", "/v1/quit", 403},
	} {
		f := newFake()
		f.now["open"] = work
		r := httptest.NewRequest(c.method, "http://agent/", strings.NewReader(remoteBody(c.target)))
		u, err := url.ParseRequestURI(c.target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		w := httptest.NewRecorder()
		NewRemoteServer(f, func(name string) bool { return name == "open" }, quiet).ServeHTTP(w, r)
		if w.Code != c.want || f.quits != 0 {
			t.Errorf("%s %s: answered %d %s, want %d", c.method, c.target, w.Code, w.Body, c.want)
		}
	}
}

// remoteConnection says more than the other machine is to know.
func remoteConnection(name string, state tokens.State) Connection {
	return Connection{Asked: []string{"x"}, ConfigError: "secret-9", Status: tokens.Status{Name: name, Provider: "practice", State: state, Scopes: []string{"read", "write"},
		Account: "secret-1", AccountID: "secret-2", Detail: "secret-3", Said: "secret-4", Cause: "secret-5", Note: "secret-6",
		Events: []tokens.Event{{Detail: "secret-7"}}}}
}

// overRemote asks a forwarded socket that opens the connection "open".
func overRemote(s *Server, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, "http://agent"+target, strings.NewReader(body)))
	return w
}

func newRemote(f *fake) *Server {
	return NewRemoteServer(f, func(name string) bool { return name == "open" }, quiet)
}

func TestForwardedSocketGivesNothingBeyondTheGrant(t *testing.T) {
	for query, want := range map[string]int{
		"":                         http.StatusOK,
		"?scope=read":              http.StatusOK,
		"?scope=read+write":        http.StatusOK,
		"?scope=admin":             http.StatusForbidden,
		"?scope=read+admin":        http.StatusForbidden,
		"?scope=read%09admin":      http.StatusForbidden,
		"?scope=READ":              http.StatusForbidden,
		"?resource=https://o.test": http.StatusForbidden,
		"?scope=read&resource=x":   http.StatusForbidden,
	} {
		t.Run(query, func(t *testing.T) {
			f := newFake()
			f.now["open"] = remoteConnection("open", tokens.Connected)
			if w := overRemote(newRemote(f), "GET", "/v1/connections/open/token"+query, ""); w.Code != want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, want)
			}
			if want != http.StatusOK && (f.wanted.Scopes != nil || f.wanted.Resource != "") {
				t.Errorf("the agent was asked for %+v", f.wanted)
			}
		})
	}
}

func TestForwardedSocketBoundsWhatItAsksOfProviders(t *testing.T) {
	f := newFake()
	f.now["open"] = remoteConnection("open", tokens.Connected)
	s := newRemote(f)
	codes := map[int]int{}
	for i := range 40 {
		if i%2 == 0 {
			codes[overRemote(s, "GET", "/v1/connections/open/token?scope=read", "").Code]++
		} else {
			codes[overRemote(s, "POST", "/v1/connections/open/rejected", `{"access_token":"at-1"}`).Code]++
		}
	}
	if codes[http.StatusOK] != 10 || codes[http.StatusServiceUnavailable] != 30 {
		t.Errorf("answers by status: %v", codes)
	}
	if w := overRemote(s, "GET", "/v1/connections/open/token", ""); w.Code != http.StatusOK {
		t.Errorf("the plain token: %d %s", w.Code, w.Body)
	}
}

func TestForwardedSocketTellsTheStateAndNoMore(t *testing.T) {
	f := newFake()
	f.now["open"] = remoteConnection("open", tokens.ReconnectRequired)
	body := overRemote(newRemote(f), "GET", "/v1/connections/open", "").Body.String()
	if !strings.Contains(body, "reconnect_required") || strings.Contains(body, "secret-") {
		t.Errorf("it says %s", body)
	}
	f.err = &OtherAccount{Account: "secret-8", Problem: &tokens.Error{Code: CodeOtherAccount, Said: "secret-4"}}
	body = overRemote(newRemote(f), "GET", "/v1/connections/open/token", "").Body.String()
	if !strings.Contains(body, "other_account") || strings.Contains(body, "secret-") {
		t.Errorf("its problem says %s", body)
	}
}

func TestForwardedSocketFollowsItsOwnConnections(t *testing.T) {
	f := newFake()
	f.now["open"], f.now["closed"] = remoteConnection("open", tokens.Retrying), remoteConnection("closed", tokens.Retrying)
	f.changes <- []string{"closed", "open", "gone"}
	there := httptest.NewServer(newRemote(f))
	defer there.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave() // before the server waits for its answers
	r, _ := http.NewRequestWithContext(ctx, "GET", there.URL+"/v1/events", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"event: connection", `data: {"name":"open","provider":"practice","state":"retrying"}`, ""} {
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("line %q, want %q", lines.Text(), want)
		}
	}
}

func TestBridgesClientIsConnectedWhileItListens(t *testing.T) {
	for _, c := range []struct {
		socket string
		serve  func(*fake) *Server
		client string
	}{
		{"local", func(f *fake) *Server { return NewServer(f, quiet) }, "open cursor"},
		{"forwarded", newRemote, "open " + Elsewhere},
	} {
		t.Run(c.socket, func(t *testing.T) {
			f := newFake()
			f.now["open"] = remoteConnection("open", tokens.Connected)
			there := httptest.NewServer(c.serve(f))
			defer there.Close()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r, _ := http.NewRequestWithContext(ctx, "GET", there.URL+"/v1/events?mcp=open&client=cursor", nil)
			f.changes <- []string{"work", "open"}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewScanner(resp.Body)
			if lines.Scan(); lines.Text() != "event: connection" {
				t.Errorf("the first line is %q", lines.Text())
			}
			if lines.Scan(); !strings.Contains(lines.Text(), `"name":"open"`) {
				t.Errorf("it hears of another connection: %s", lines.Text())
			}
			if got := f.attend(); got != c.client {
				t.Errorf("connected: %q", got)
			}
			leave()
			<-f.stopped
			for f.attend() != "" { // before its answer ends
				runtime.Gosched()
			}
		})
	}
}

func TestForwardedSocketLetsNoBridgeListenToAnotherConnection(t *testing.T) {
	f := newFake()
	f.now["open"], f.now["closed"] = remoteConnection("open", tokens.Connected), remoteConnection("closed", tokens.Connected)
	if w := overRemote(newRemote(f), "GET", "/v1/events?mcp=closed", ""); w.Code != http.StatusForbidden || f.attend() != "" {
		t.Errorf("%d %s, connected: %q", w.Code, w.Body, f.attend())
	}
}

func TestForwardedSocketAsksAtTheDeskAndOnlyOnceInTenMinutes(t *testing.T) {
	f := newFake()
	f.now["open"] = remoteConnection("open", tokens.Disconnected)
	s := newRemote(f)
	for body, want := range map[string]int{
		`{}`:                                          http.StatusForbidden,
		`{"mode":"url"}`:                              http.StatusForbidden,
		`{"mode":"device"}`:                           http.StatusForbidden,
		`{"mode":"browser"}`:                          http.StatusForbidden,
		`{"mode":"ask","scopes":["admin"]}`:           http.StatusForbidden,
		`{"mode":"ask","switch_account":true}`:        http.StatusForbidden,
		`{"mode":"ask","accept_account":true}`:        http.StatusForbidden,
		`{"mode":"ask","accept_host":"evil.example"}`: http.StatusForbidden,
		`{"mode":"ask","tool":"erase"}`:               http.StatusForbidden,
		`{"mode":"ask","login_hint":"mallory"}`:       http.StatusForbidden,
	} {
		if w := overRemote(s, "POST", "/v1/connections/open/connect", body); w.Code != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	const asks = `{"mode":"ask","for":"Your bank"}`
	if w := overRemote(s, "POST", "/v1/connections/open/connect", asks); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "http") {
		t.Errorf("the first: %d %s", w.Code, w.Body)
	}
	if f.connect.Mode != ModeAsk || f.connect.For != "A program on another machine" {
		t.Errorf("the agent was asked for %+v", f.connect)
	}
	if w := overRemote(s, "POST", "/v1/connections/open/connect", asks); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "retry_at") {
		t.Errorf("the second: %d %s", w.Code, w.Body)
	}
	f.now["open"] = remoteConnection("open", tokens.Connected)
	w := overRemote(s, "POST", "/v1/connections/open/connect?wait=true", asks)
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "secret-") {
		t.Errorf("a connection that needs nothing: %d %s", w.Code, w.Body)
	}
}

func TestLimiterAllowsAgainWhenTheTimeIsOver(t *testing.T) {
	now := time.Unix(1000, 0)
	l := limiter{most: 2, within: time.Minute, now: func() time.Time { return now }}
	for i, want := range []bool{true, true, false} {
		if next, ok := l.take("a"); ok != want || !ok && !next.Equal(time.Unix(1060, 0)) {
			t.Errorf("call %d: %v %v", i, next, ok)
		}
	}
	if _, ok := l.take("b"); !ok {
		t.Error("one name costs another its calls")
	}
	now = now.Add(time.Minute)
	if _, ok := l.take("a"); !ok {
		t.Error("refused for ever")
	}
}
