package providers

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

// flowWorld is an OAuth provider over real loopback HTTP that records what it
// is sent, a clock that stands still until it is told, and a browser.
type flowWorld struct {
	*testing.T
	server *httptest.Server
	time   *flowTime
	entry  catalog.Entry
	conn   catalog.Connection

	mu       sync.Mutex
	requests map[string][]url.Values // by path: the forms that were posted
	answers  map[string]http.HandlerFunc
}

func newFlowWorld(t *testing.T) *flowWorld {
	w := &flowWorld{T: t, time: newFlowTime(), requests: map[string][]url.Values{}, answers: map[string]http.HandlerFunc{}}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	w.entry = catalog.Entry{
		ID: "test", Name: "Testhub", Authorize: w.server.URL + "/authorize", Token: w.server.URL + "/token",
		Device: w.server.URL + "/device", Client: catalog.ClientRules{Auth: "none", Secret: "none"},
		Whoami: catalog.WhoamiRules{URL: w.server.URL + "/me", Label: []string{"login"}, AccountID: "id"},
	}
	w.conn = catalog.Connection{Name: "work", Provider: "test", ClientID: "cid"}
	w.on("/token", says(200, `{"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}`))
	w.on("/me", says(200, `{"id":42,"login":"ada"}`))
	return w
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// inTurn answers with one handler after the other; the last one stays.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		mu.Unlock()
		h(w, r)
	}
}

func (w *flowWorld) on(path string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[path] = h
}

func (w *flowWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	w.mu.Lock()
	w.requests[r.URL.Path] = append(w.requests[r.URL.Path], r.PostForm)
	h := w.answers[r.URL.Path]
	w.mu.Unlock()
	if h == nil {
		h = http.NotFound
	}
	h(rw, r)
}

func (w *flowWorld) sent(path string) []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests[path])
}

func (w *flowWorld) nothingSent() {
	w.Helper()
	if n := len(w.sent("/token")); n != 0 {
		w.Errorf("%d requests reached the token endpoint", n)
	}
}

func (w *flowWorld) client() *Client {
	w.Helper()
	c, err := newClient(&w.entry, w.conn, ClientOptions{Now: w.time.Now})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// begin starts a flow; what is left of it is cleared away with the test.
func (w *flowWorld) begin(o AuthorizeOptions) *Flow {
	w.Helper()
	return w.beginWith(w.client(), o)
}

func (w *flowWorld) beginWith(c *Client, o AuthorizeOptions) *Flow {
	w.Helper()
	if o.Mode == "" {
		o.Mode = Browser
	}
	o.after = w.time.after
	f, err := c.Authorize(w.Context(), o)
	if err != nil {
		w.Fatalf("Authorize: %v", err)
	}
	w.Cleanup(func() {
		f.Cancel()
		f.leave()
	})
	return f
}

func (w *flowWorld) refusedStart(o AuthorizeOptions) error {
	w.Helper()
	o.after = w.time.after
	f, err := w.client().Authorize(w.Context(), o)
	if err == nil {
		f.Cancel()
		w.Fatal("the flow started")
	}
	return err
}

func (w *flowWorld) wait(f *Flow) (Result, error) {
	w.Helper()
	return f.Wait(w.Context())
}

func stillPending(t *testing.T, f *Flow) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Wait(ctx); err != context.Canceled {
		t.Fatalf("the flow is over: %v", err)
	}
}

// asked is the authorization request that a flow's URL makes.
func asked(t *testing.T, f *Flow) url.Values {
	t.Helper()
	u, err := url.Parse(f.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// redirect is where the provider sends the browser: the redirect URI with
// params, and the flow's own state unless params say otherwise.
func redirect(t *testing.T, f *Flow, params ...string) string {
	t.Helper()
	q := url.Values{"state": {asked(t, f).Get("state")}}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return f.RedirectURI() + "?" + q.Encode()
}

// visit is one request of a browser that follows no redirect.
func visit(t *testing.T, method, rawURL string, change ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(req)
	}
	resp, err := noFollow.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

var noFollow = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// browse follows the one redirect to the result page.
func browse(t *testing.T, rawURL string) (*http.Response, string) {
	t.Helper()
	resp, _ := visit(t, "GET", rawURL)
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("the browser got %d, not a redirect", resp.StatusCode)
	}
	to, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, "GET", to.String())
}

func compactJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// flowTime is a clock that is moved by hand. Every timer waits in it.
type flowTime struct {
	mu     sync.Mutex
	cond   *sync.Cond
	now    time.Time
	timers []*flowTimer
}

type flowTimer struct {
	d    time.Duration
	at   time.Time
	fire chan time.Time
}

func newFlowTime() *flowTime {
	t := &flowTime{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	t.cond = sync.NewCond(&t.mu)
	return t
}

func (t *flowTime) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *flowTime) after(d time.Duration) (<-chan time.Time, func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	timer := &flowTimer{d, t.now.Add(d), make(chan time.Time, 1)}
	t.timers = append(t.timers, timer)
	t.cond.Broadcast()
	return timer.fire, func() { t.drop(timer) }
}

func (t *flowTime) drop(timer *flowTimer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timers = slices.DeleteFunc(t.timers, func(o *flowTimer) bool { return o == timer })
	t.cond.Broadcast()
}

// await returns when somebody waits for d.
func (t *flowTime) await(d time.Duration) {
	watchdog := time.AfterFunc(time.Minute, func() { panic("nobody waits for " + d.String()) })
	defer watchdog.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for !slices.ContainsFunc(t.timers, func(o *flowTimer) bool { return o.d == d }) {
		t.cond.Wait()
	}
}

func (t *flowTime) advance(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(d)
	t.timers = slices.DeleteFunc(t.timers, func(o *flowTimer) bool {
		due := !o.at.After(t.now)
		if due {
			o.fire <- t.now
		}
		return due
	})
}

// sleep is a suspended machine: the wall clock goes on, timers do not.
func (t *flowTime) sleep(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(d)
	for _, o := range t.timers {
		o.at = o.at.Add(d)
	}
}
