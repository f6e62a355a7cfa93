package outside

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"github.com/authtray/authtray/providers/faultkit"
)

// ledger stands in front of the provider and remembers every secret that
// passes, in either direction. Told to echo, it answers in the provider's place
// and repeats what it was sent. Safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	secrets map[string]kind
	echo    *echo    // of the next request that matches; nil: none
	surplus *surplus // of all requests that match; nil: none
	issued  []byte   // the last answer with tokens in it
}

func newLedger() *ledger { return &ledger{secrets: map[string]kind{}} }

// parameters are the names under which secrets go over the wire.
var parameters = map[string]kind{
	"access_token": accessToken, "refresh_token": refreshToken, "id_token": idToken, "token": refreshToken,
	"code": code, "code_verifier": verifier, "state": state, "device_code": deviceCode, "client_secret": clientSecret,
	"registration_access_token": registration,
}

func (l *ledger) remember(secret string, k kind) {
	if len(secret) < 8 {
		return // "code=1" is nobody's secret
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.secrets[secret]; !known {
		l.secrets[secret] = k
	}
}

func (l *ledger) values(v url.Values) {
	for name, k := range parameters {
		for _, secret := range v[name] {
			l.remember(secret, k)
		}
	}
}

// members are the same in a body that is JSON.
func (l *ledger) members(body []byte) {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return
	}
	for name, k := range parameters {
		if secret, ok := members[name].(string); ok {
			l.remember(secret, k)
		}
	}
}

// known are all secrets so far.
func (l *ledger) known() map[string]kind {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string]kind, len(l.secrets))
	for secret, k := range l.secrets {
		all[secret] = k
	}
	return all
}

// of are the secrets of a kind.
func (l *ledger) of(k kind) (secrets []string) {
	for secret, of := range l.known() {
		if of == k {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

// Wrap puts the ledger in front of a provider.
func (l *ledger) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		sent := l.request(r, body)
		if e := l.takeEcho(r, sent); e != nil {
			e.answer(w, sent)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if x := l.takeSurplus(r); x != nil {
			l.relayWith(x, w, r, next)
			return
		}
		l.relay(w, r, next)
	})
}

// relay lets the provider answer, looks at the answer, and hands it on.
func (l *ledger) relay(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := &hijackable{ResponseRecorder: httptest.NewRecorder(), line: w}
	next.ServeHTTP(answer, r)
	if answer.taken {
		return
	}
	l.answer(answer.ResponseRecorder)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

// hijackable lets faults that cut the line do so.
type hijackable struct {
	*httptest.ResponseRecorder
	line  http.ResponseWriter
	taken bool
}

// Hijack implements http.Hijacker.
func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.taken = true
	return http.NewResponseController(h.line).Hijack()
}

// request remembers what a request tells, and returns its secrets, the most
// telling one first.
func (l *ledger) request(r *http.Request, body []byte) (sent []string) {
	form, _ := url.ParseQuery(string(body)) // what could be read of it
	l.values(form)
	l.members(body)
	l.values(r.URL.Query())
	for _, name := range []string{"refresh_token", "code", "device_code", "token", "code_verifier", "client_secret", "state"} {
		if v := form.Get(name); v != "" {
			sent = append(sent, v)
		}
	}
	if _, secret, ok := r.BasicAuth(); ok {
		l.remember(secret, clientSecret)
		sent = append(sent, secret)
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		l.remember(bearer, accessToken)
		sent = append(sent, bearer)
	}
	return sent
}

func (l *ledger) answer(a *httptest.ResponseRecorder) {
	l.members(a.Body.Bytes())
	if bytes.Contains(a.Body.Bytes(), []byte(`"access_token"`)) {
		l.mu.Lock()
		l.issued = a.Body.Bytes()
		l.mu.Unlock()
	}
	if to, err := url.Parse(a.Header().Get("Location")); err == nil {
		l.values(to.Query())
	}
}

// echo is an answer that repeats what was sent.
type echo struct {
	name   string
	path   string // how the path of the requests that it meets ends
	answer func(w http.ResponseWriter, sent []string)
	met    chan struct{}
}

// say makes the next request to path be answered by e.
func (l *ledger) say(e echo, path string) *echo {
	e.path, e.met = path, make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.echo = &e
	return &e
}

func (l *ledger) takeEcho(r *http.Request, sent []string) *echo {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.echo
	if e == nil || len(sent) == 0 || !strings.HasSuffix(r.URL.Path, e.path) {
		return nil
	}
	l.echo = nil
	close(e.met)
	return e
}

// takeSurplus is the surplus that belongs to a request. Whoever takes it says
// when it is done.
func (l *ledger) takeSurplus(r *http.Request) *surplus {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.surplus
	if x == nil || r.Method != x.method || !strings.HasSuffix(r.URL.Path, x.path) {
		return nil
	}
	x.under.Add(1)
	return x
}

// silent takes back an echo that was not met, and a surplus.
func (l *ledger) silent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.echo, l.surplus = nil, nil
}

// percent is a text in which every byte is percent-encoded (RFC 3986 §2.1).
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// echoes are the ways in which a provider, or what stands in front of it, has
// been careless. SECRET stands for what was sent, SECRETS for all of it,
// HEADS, TAILS, ENCODEDS and ENCODEDHEADS for pieces and encodings of all of it.
func echoes() []echo {
	list := []echo{
		body("as the error", 400, `{"error":"SECRET","error_description":"SECRETS","error_uri":"https://op.example/?t=SECRET"}`),
		body("in a sentence", 400, `{"error":"the token SECRET is not known here","message":"SECRETS"}`),
		body("behind a word", 400, `{"error":"bad_SECRET"}`),
		body("in an object", 401, `{"error":{"code":"SECRET","message":"SECRETS"}}`),
		body("in a list", 403, `{"errors":[{"code":"SECRET","detail":"SECRETS"}]}`),
		body("in a description", 400, `{"error":"slow_down","error_description":"SECRETS"}`),
		body("cut off", 400, `{"error":"invalid_request","error_description":"not known: HEADS TAILS"}`),
		body("cut off, as the error", 400, `{"error":"HEADS","message":"TAILS"}`),
		body("percent-encoded", 400, `{"error":"invalid_request","error_description":"not known: ENCODEDS"}`),
		body("percent-encoded and cut off", 401, `{"error":{"code":"invalid_token","message":"ENCODEDHEADS"}}`),
		body("in a page", 500, `<h1>Error</h1><pre>grant_type=refresh_token&refresh_token=SECRET SECRETS</pre>`),
		body("in a 200", 200, `{"ok":false,"error":"SECRET","access_token":""}`),
		body("as text", 200, `SECRET SECRETS`),
		head("in WWW-Authenticate", 401, "WWW-Authenticate", `Bearer realm="SECRET", error="SECRET", error_description="SECRETS"`),
		head("in Retry-After", 429, "Retry-After", "SECRET"),
		head("in a redirect", 307, "Location", "/again?refresh_token=SECRET"),
		head("in a broken redirect", 302, "Location", "http://[SECRET]:%zz/"),
		head("in a header", 503, "X-Request", "SECRETS"),
	}
	for name, raw := range map[string]string{
		"in place of HTTP":    "SECRET\r\n\r\n",
		"as the status":       "HTTP/1.1 SECRET\r\n\r\n",
		"as the reason":       "HTTP/1.1 500 SECRET\r\nContent-Length: 0\r\n\r\n",
		"as the protocol":     "SECRET 200 OK\r\n\r\n",
		"as a header":         "HTTP/1.1 400 Bad Request\r\nSECRET\r\n\r\n",
		"as the length":       "HTTP/1.1 400 Bad Request\r\nContent-Length: SECRET\r\n\r\n",
		"as the encoding":     "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: SECRET\r\n\r\n",
		"as the chunk's size": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
	} {
		list = append(list, raws(name, raw))
	}
	return list
}

func fill(text string, sent []string) string {
	for _, f := range []struct {
		word string
		of   func(string) string
	}{
		{"ENCODEDHEADS", func(s string) string { return percent(s)[:min(3*len(s), 3*window/2)] }},
		{"ENCODEDS", percent},
		{"HEADS", func(s string) string { return s[:min(len(s), window+4)] + "..." }},
		{"TAILS", func(s string) string { return "..." + s[max(0, len(s)-window-4):] }},
	} {
		var all []string
		for _, s := range sent {
			all = append(all, f.of(s))
		}
		text = strings.ReplaceAll(text, f.word, strings.Join(all, " "))
	}
	text = strings.ReplaceAll(text, "SECRETS", strings.Join(sent, " "))
	return strings.ReplaceAll(text, "SECRET", sent[0])
}

func body(name string, status int, text string) echo {
	return echo{name: name, answer: func(w http.ResponseWriter, sent []string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, fill(text, sent))
	}}
}

func head(name string, status int, field, value string) echo {
	return echo{name: name, answer: func(w http.ResponseWriter, sent []string) {
		w.Header().Set(field, fill(value, sent))
		w.WriteHeader(status)
	}}
}

func raws(name, text string) echo {
	return echo{name: name, answer: func(w http.ResponseWriter, sent []string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, fill(text, sent))
	}}
}

// faults are the other ways in which a token request goes wrong.
func faults() []faultkit.Fault {
	return []faultkit.Fault{
		faultkit.Status(503), faultkit.TooManyRequests(0), faultkit.HTML(), faultkit.Empty(), faultkit.Firewall(),
		faultkit.ResetBefore(), faultkit.OAuthError(`"server_error"`), faultkit.OAuthError(`{"code":190}`),
	}
}
