package providers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// record is a provider that answers as it is told and remembers what it was
// asked.
type record struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []seenRequest
	answer http.HandlerFunc
}

type seenRequest struct {
	method, path, auth string
	form               url.Values
	header             http.Header
	body               string
}

func newRecord(t *testing.T, answer http.HandlerFunc) *record {
	t.Helper()
	r := &record{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		form, _ := url.ParseQuery(string(body))
		r.mu.Lock()
		r.asked = append(r.asked, seenRequest{req.Method, req.URL.Path, req.Header.Get("Authorization"), form, req.Header, string(body)})
		r.mu.Unlock()
		r.answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *record) requests() []seenRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]seenRequest(nil), r.asked...)
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

const goodAnswer = `{"access_token":"new-access","refresh_token":"new-refresh","expires_in":3600}`

// testEntry is a provider at a base URL, as plain as can be.
func testEntry(base string) catalog.Entry {
	return catalog.Entry{ID: "acme", Name: "Acme", Authorize: base + "/authorize", Token: base + "/token", Client: catalog.ClientRules{Auth: "none", Secret: "none"}}
}

func testClient(t *testing.T, e catalog.Entry, changes ...func(*catalog.Connection, *ClientOptions)) *Client {
	t.Helper()
	conn, opts := catalog.Connection{Name: "work", Provider: e.ID, ClientID: "the client"}, ClientOptions{Version: "1.0"}
	for _, change := range changes {
		change(&conn, &opts)
	}
	c, err := newClient(&e, conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func withSecret(s string) func(*catalog.Connection, *ClientOptions) {
	return func(_ *catalog.Connection, o *ClientOptions) {
		o.Secret = func(context.Context) (string, error) { return s, nil }
	}
}

func bindingOf(t *testing.T, c *Client) Binding {
	t.Helper()
	b, err := c.Binding(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func refreshWith(t *testing.T, c *Client) (Answer, error) {
	t.Helper()
	return c.Refresh(t.Context(), RefreshRequest{RefreshToken: "old refresh/token+%", AccessToken: "old-access", Binding: bindingOf(t, c)})
}

func failureOf(t *testing.T, err error) *refusal.Failure {
	t.Helper()
	f, ok := err.(*refusal.Failure)
	if !ok {
		t.Fatalf("%v is no *Failure", err)
	}
	return f
}

func TestHowAClientIdentifiesItself(t *testing.T) {
	basicAuth := "Basic dGhlK2NsaWVudDpzJTJGZWMlMkJyZXQrJUMzJUE0" // the+client : s%2Fec%2Bret+%C3%A4
	for _, tt := range []struct {
		auth, need, secret  string
		header, id, secretV string
	}{
		{"none", "none", "", "", "the client", ""},
		{"none", "optional", "", "", "the client", ""},
		{"none", "optional", "s/ec+ret ä", "", "the client", "s/ec+ret ä"},
		{"none", "none", "ignored", "", "the client", ""},
		{"post", "required", "s/ec+ret ä", "", "the client", "s/ec+ret ä"},
		{"", "", "s/ec+ret ä", "", "the client", "s/ec+ret ä"},
		{"post", "web_only", "", "", "the client", ""},
		{"basic", "required", "s/ec+ret ä", basicAuth, "", ""},
		{"basic", "optional", "", "", "the client", ""},
		{"basic_empty", "none", "", "Basic dGhlK2NsaWVudDo=", "", ""},
	} {
		p := newRecord(t, answers(200, goodAnswer))
		e := testEntry(p.URL)
		e.Client = catalog.ClientRules{Auth: tt.auth, Secret: tt.need}
		if _, err := refreshWith(t, testClient(t, e, withSecret(tt.secret))); err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		got := p.requests()[0]
		if got.auth != tt.header || got.form.Get("client_id") != tt.id || got.form.Get("client_secret") != tt.secretV {
			t.Errorf("%+v: %q %v", tt, got.auth, got.form)
		}
		if got.form.Get("refresh_token") != "old refresh/token+%" || got.form.Get("grant_type") != "refresh_token" {
			t.Errorf("%v", got.form)
		}
	}
}

func TestWithoutTheSecretThatIsNeededNothingIsSent(t *testing.T) {
	p := newRecord(t, answers(200, goodAnswer))
	for _, auth := range []string{"post", "basic", ""} {
		e := testEntry(p.URL)
		e.Client = catalog.ClientRules{Auth: auth}
		_, err := refreshWith(t, testClient(t, e, withSecret("")))
		if f := failureOf(t, err); f.Class != refusal.Misconfigured || f.Detail != "Acme needs a client secret; set it with: authtray secret set work" {
			t.Errorf("%+v", f)
		}
	}
	e := testEntry(p.URL)
	_, err := refreshWith(t, testClient(t, e, func(c *catalog.Connection, _ *ClientOptions) { c.ClientID = "" }))
	if f := failureOf(t, err); f.Class != refusal.Misconfigured || f.Code != "no_client_id" {
		t.Errorf("%+v", f)
	}
	if n := len(p.requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestALockedKeychainIsAPassingTrouble(t *testing.T) {
	e := testEntry("https://acme.example")
	e.Client = catalog.ClientRules{Auth: "post"}
	_, err := refreshWith(t, testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) {
		o.Secret = func(context.Context) (string, error) { return "", io.ErrUnexpectedEOF }
	}))
	if f := failureOf(t, err); f.Class != refusal.Transient || f.Lost || f.Err != io.ErrUnexpectedEOF {
		t.Errorf("%+v", f)
	}
}

func TestEveryRequestSaysWhatItIs(t *testing.T) {
	p := newRecord(t, answers(200, goodAnswer))
	e := testEntry(p.URL)
	e.Client.Headers = map[string]string{"X-Version": "7"}
	if _, err := refreshWith(t, testClient(t, e)); err != nil {
		t.Fatal(err)
	}
	h := p.requests()[0].header
	if h.Get("Accept") != "application/json" || h.Get("User-Agent") != "authtray/1.0" || h.Get("X-Version") != "7" || h.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%v", h)
	}
}

func TestARedirectOfTheTokenEndpointIsNotFollowed(t *testing.T) {
	elsewhere := newRecord(t, answers(200, goodAnswer))
	for _, status := range []int{301, 302, 303, 307, 308} {
		p := newRecord(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		e := testEntry(p.URL)
		e.Revoke.URL = p.URL + "/revoke"
		c := testClient(t, e)
		_, err := refreshWith(t, c)
		if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "redirect" || f.Status != status {
			t.Errorf("%d: %+v", status, f)
		}
		if err := c.Revoke(t.Context(), Revocation{RefreshToken: "r", Binding: bindingOf(t, c)}); err == nil {
			t.Error("a redirect taken for a revocation")
		}
		if _, err := c.exchange(t.Context(), "code", "v", "http://127.0.0.1/", "", nil); err == nil {
			t.Error("a redirect taken for a token")
		}
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests arrived elsewhere", n)
	}
}

func TestPlainHTTPIsSpokenToThisMachineOnly(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://acme.example/token": true, "http://127.0.0.1:80/": true, "http://127.9.9.9/": true, "http://[::1]:8080/": true,
		"http://localhost/": true, "http://LOCALHOST:8080/": true, "http://localhost./": true, "http://git.localhost:3000/": true,
		"http://localhost.example/": false, "http://notlocalhost/": false, "http://.localhost/": false, "http://acme.example/": false, "http://10.0.0.1/": false, "http://[::ffff:10.0.0.1]/": false,
		"http://127.0.0.1.nip.io/": false, "http://0.0.0.0/": false, "ftp://127.0.0.1/": false, "https:///x": false, "http://[::ffff:127.0.0.1]/": true,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if catalog.Speakable(u) != want {
			t.Errorf("%s: %v", raw, !want)
		}
	}
	sent := false
	c := testClient(t, testEntry("http://acme.example"), func(_ *catalog.Connection, o *ClientOptions) {
		o.Transport = roundTrip(func(*http.Request) (*http.Response, error) { sent = true; return nil, io.EOF })
	})
	_, err := refreshWith(t, c)
	if f := failureOf(t, err); f.Code != "plain_http" || f.Class != refusal.Misconfigured || sent {
		t.Errorf("%+v, sent %v", f, sent)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestALostAnswerIsToldFromARequestThatNeverLeft(t *testing.T) {
	hang := make(chan struct{})
	reset := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		code   string
		lost   bool
	}{
		{"reset after the request", reset, "network", true},
		{"cut short", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, `{"access_token":"a"`)
		}, "network", true},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-hang:
			}
		}, "timeout", true},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", MaxBody+1)) }, "too_large", true},
		{"never left", nil, "network", false},
	} {
		p := newRecord(t, tt.answer)
		if tt.answer == nil {
			p.Close()
		}
		c := testClient(t, testEntry(p.URL))
		patience := time.Minute
		if tt.code == "timeout" {
			patience = 2 * time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := c.Refresh(ctx, RefreshRequest{RefreshToken: "r", Binding: bindingOf(t, c)})
		cancel()
		if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != tt.code || f.Lost != tt.lost || !strings.HasPrefix(f.Detail, "Acme") {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
	close(hang)
}

func TestACodeThatRepeatsOurSecretIsNotShown(t *testing.T) {
	p := newRecord(t, func(w http.ResponseWriter, r *http.Request) {
		answers(400, `{"error":"old_refresh_token_1234","message":"sent: refresh"}`)(w, r)
	})
	c := testClient(t, testEntry(p.URL))
	_, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "OLD_refresh_token_1234", Binding: bindingOf(t, c)})
	if f := failureOf(t, err); f.Code != "unknown" || strings.Contains(f.Error(), "1234") {
		t.Errorf("%+v", f)
	}
}

func TestNoFailureHoldsTheURL(t *testing.T) {
	p := newRecord(t, nil)
	p.Close()
	e := testEntry(p.URL)
	e.Whoami = catalog.WhoamiRules{URL: p.URL + "/{access_token}"}
	_, err := testClient(t, e).Whoami(t.Context(), Answer{AccessToken: "s3cr3t"})
	if f := failureOf(t, err); strings.Contains(f.Error()+f.Err.Error(), "s3cr3t") {
		t.Errorf("%v: %v", f, f.Err)
	}
}

func TestAnAnswerCountsFromWhenItWasAskedFor(t *testing.T) {
	now := testNow
	p := newRecord(t, func(w http.ResponseWriter, r *http.Request) {
		now = now.Add(20 * time.Second)
		answers(200, goodAnswer)(w, r)
	})
	a, err := refreshWith(t, testClient(t, testEntry(p.URL), func(_ *catalog.Connection, o *ClientOptions) { o.Now = func() time.Time { return now } }))
	if err != nil || !a.SentAt.Equal(testNow) || a.ExpiresIn != time.Hour || a.RefreshToken != "new-refresh" {
		t.Errorf("%v %+v", err, a)
	}
}

func TestARefreshKeepsWhatTheAnswerDoesNotRepeat(t *testing.T) {
	p := newRecord(t, answers(200, `{"access_token":"a","site":"new"}`))
	e := testEntry(p.URL)
	e.Tokens.Keep = []string{"site", "instance_url"}
	c := testClient(t, e)
	old := extraOf(map[string]any{"site": "old", "instance_url": "https://x"})
	a, err := c.Refresh(t.Context(), RefreshRequest{RefreshToken: "r", Binding: bindingOf(t, c), Extra: old})
	if err != nil || string(a.Extra["site"]) != `"new"` || string(a.Extra["instance_url"]) != `"https://x"` || string(old["site"]) != `"old"` {
		t.Errorf("%v %s", err, a.Extra)
	}
}

var extraOf = keepAs

func TestWhatIsWrongWithAConnectionIsOneSentence(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "ca.pem")
	catalogue, _ := catalog.LoadCatalogue("")
	for _, tt := range []struct {
		conn catalog.Connection
		want string
	}{
		{catalog.Connection{Provider: "gitlub"}, `provider: there is no provider "gitlub"; did you mean github?`},
		{catalog.Connection{Provider: "nobody"}, "provider: there is no provider \"nobody\"; `authtray providers` lists them"},
		{catalog.Connection{Provider: "oidc"}, "vars.issuer: is missing: the issuer URL; give it with --issuer URL"},
		{catalog.Connection{Provider: "oidc", Vars: map[string]string{"issuer": "login.example.org"}}, "vars.issuer: must begin with https://"},
		{catalog.Connection{Provider: "oidc", Vars: map[string]string{"issuer": "http://acme.example"}}, "vars.issuer: must be https, or http to this machine (localhost, 127.0.0.1 or [::1])"},
		{catalog.Connection{Provider: "gitlab", Vars: map[string]string{"hsot": "a"}}, "vars.hsot: the entry gitlab has no such variable"},
		{catalog.Connection{Provider: "gitlab", Vars: map[string]string{"ask": "true"}}, "vars.ask: the entry gitlab has no such variable; the connection's own ask stands above the first [table] of the file"},
		{catalog.Connection{Provider: "gitlab", Vars: map[string]string{"host": "https://a"}}, "vars.host: is not a host, such as git.example.org or example.org/git (without https://)"},
		{catalog.Connection{Provider: "gitlab", Override: map[string]any{"token": "http://a.example"}}, "override.token: must be https"},
		{catalog.Connection{Provider: "github", CAFile: absent}, "ca_file: " + absent + " cannot be read: "},
	} {
		_, err := NewClient(catalogue, tt.conn, ClientOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%+v\n got %v\nwant %s", tt.conn, err, tt.want)
		}
	}
}
