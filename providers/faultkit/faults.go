package faultkit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Fault is what happens to one request. The zero Fault is Pass.
type Fault struct {
	Name string
	// Reaches says that the provider gets the request and acts on it.
	Reaches bool
	// Loses says that the client cannot read the tokens that the provider gave.
	Loses bool
	do    func(*Exchange)
}

// Custom is a fault of the caller's own.
func Custom(name string, do func(*Exchange)) Fault { return Fault{Name: name, do: do} }

func (f Fault) play(x *Exchange) {
	if f.do == nil {
		x.Forward()
		return
	}
	f.do(x)
}

// Pass lets the request through.
func Pass() Fault { return Fault{Name: "pass", Reaches: true} }

// Reply answers in the provider's place, which does not hear of the request.
func Reply(name string, status int, contentType, body string) Fault {
	return Fault{Name: name, do: func(x *Exchange) {
		a := Answer{Status: status, Head: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
		a.Send(x.W)
	}}
}

// Status answers with a bare status: 408, 425, 500, 502, 503, 504…
func Status(code int) Fault {
	return Reply(fmt.Sprintf("status %d", code), code, "text/plain; charset=utf-8", http.StatusText(code)+"\n")
}

// TooManyRequests is a 429 with Retry-After in seconds.
func TooManyRequests(after time.Duration) Fault {
	return retryAfter("429 with seconds", func(time.Time) string { return strconv.Itoa(int(after / time.Second)) })
}

// TooManyRequestsUntil is a 429 whose Retry-After is a date, this far from now.
func TooManyRequestsUntil(after time.Duration) Fault {
	return retryAfter("429 with a date", func(now time.Time) string { return now.Add(after).UTC().Format(http.TimeFormat) })
}

func retryAfter(name string, value func(now time.Time) string) Fault {
	return Fault{Name: name, do: func(x *Exchange) {
		x.W.Header().Set("Retry-After", value(x.kit.opts.Now()))
		x.W.WriteHeader(http.StatusTooManyRequests)
	}}
}

// HTML is a captive portal's page, status 200.
func HTML() Fault {
	return Reply("200 with HTML", http.StatusOK, "text/html; charset=utf-8",
		"<!doctype html><title>Welcome</title><p>Please accept our terms to go online.\n")
}

// Firewall is a 403 page that no provider wrote.
func Firewall() Fault {
	return Reply("403 with HTML", http.StatusForbidden, "text/html; charset=utf-8", "<h1>Forbidden</h1><p>Blocked by policy.\n")
}

// FirewallJSON is a 403 in JSON that no provider wrote.
func FirewallJSON() Fault {
	return Reply("403 with JSON", http.StatusForbidden, "application/json", `{"error":{"code":403,"message":"Forbidden"}}`)
}

// Empty is a 200 with nothing in it.
func Empty() Fault { return Reply("empty 200", http.StatusOK, "application/json", "") }

// OAuthError is an RFC 6749 §5.2 error with status 400. code is raw JSON, so
// that it can also be what it should not be: `"invalid_grant"`, 400, true,
// {"code":190}.
func OAuthError(code string) Fault {
	return Reply("error "+code, http.StatusBadRequest, "application/json", `{"error":`+code+`,"error_description":"scripted"}`)
}

// Endless is a 200 whose body does not end until the client goes away.
func Endless() Fault {
	return Fault{Name: "endless body", do: func(x *Exchange) {
		x.W.Header().Set("Content-Type", "application/json")
		chunk := make([]byte, 64<<10)
		for i := range chunk {
			chunk[i] = ' '
		}
		for x.R.Context().Err() == nil {
			if _, err := x.W.Write(chunk); err != nil {
				return
			}
		}
	}}
}

// Redirect sends the request elsewhere with 301, 302, 303, 307 or 308; the last
// two keep its method and body.
func Redirect(status int, to string) Fault {
	return Fault{Name: fmt.Sprintf("redirect %d", status), do: func(x *Exchange) { http.Redirect(x.W, x.R, to, status) }}
}

const nowhere = "http://127.0.0.1:9/token"

// Catalogue is one of each fault that a request can meet and that ends by
// itself, for random runs: slow ones take slow, redirects lead to the reserved
// port 9. It has neither Pass nor Replay, nor an error that means death, now or
// after some tries; and nothing for connections, which ScriptConns takes.
func Catalogue(slow time.Duration) []Fault {
	return []Fault{
		Status(408), Status(425), Status(500), Status(502), Status(503), Status(504),
		TooManyRequests(time.Second), TooManyRequestsUntil(time.Second),
		HTML(), Firewall(), Empty(), FirewallJSON(), OAuthError(`"temporarily_unavailable"`), OAuthError(`"server_error"`),
		Redirect(301, nowhere), Redirect(302, nowhere), Redirect(303, nowhere), Redirect(307, nowhere), Redirect(308, nowhere),
		Truncated(), CutShort(), AsText(), WithBOM(), ExpiresIn(`"60"`), ExpiresIn("60.0"), ExpiresIn("null"), ExpiresIn(""), ExpiresIn("-1"),
		ExpiresIn("1e30"), Padded(1 << 20), Endless(), ClockSkew(-time.Hour), ClockSkew(time.Hour),
		ResetBefore(), ResetAfter(), DropAnswer(), SlowHeaders(slow), SlowBody(slow),
	}
}

// Keeping are those of faults after which no token is lost: the provider did
// not act, or the client can read its answer.
func Keeping(faults []Fault) []Fault {
	var out []Fault
	for _, f := range faults {
		if !f.Reaches || !f.Loses {
			out = append(out, f)
		}
	}
	return out
}

// family is the refresh tokens of one grant, whichever came after another.
type family struct {
	hits, inFlight, most int
}

// families tells refresh tokens of one grant from those of another by what was
// seen passing. It keeps hashes. Safe for concurrent use.
type families struct {
	mu *sync.Mutex
	by map[string]*family // hash of the refresh token → its family
}

func newFamilies() families { return families{mu: &sync.Mutex{}, by: map[string]*family{}} }

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// of gives a token's family, a new one where it has none. mu must be held.
func (f families) of(token string) *family {
	h := hashOf(token)
	if f.by[h] == nil {
		f.by[h] = &family{}
	}
	return f.by[h]
}

// begin counts a request that presents a refresh token; done ends it.
func (f families) begin(token string) (done func()) {
	if token == "" {
		return func() {}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.of(token)
	g.hits++
	g.inFlight++
	g.most = max(g.most, g.inFlight)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		g.inFlight--
	}
}

// link puts the refresh token of an answer into the family of its request's.
func (f families) link(sent, got string) {
	if sent == "" || got == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by[hashOf(got)] = f.of(sent)
}

// Hits is how many token requests presented a refresh token of the grant that
// this one belongs or belonged to.
func (k *Kit) Hits(refreshToken string) int {
	k.families.mu.Lock()
	defer k.families.mu.Unlock()
	return k.families.of(refreshToken).hits
}

// MostAtOnce is how many of those requests were under way at the same time at
// most.
func (k *Kit) MostAtOnce(refreshToken string) int {
	k.families.mu.Lock()
	defer k.families.mu.Unlock()
	return k.families.of(refreshToken).most
}

// refreshToken reads the request's, from a form or from JSON.
func (x *Exchange) refreshToken() string {
	var object struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(x.body, &object) == nil {
		return object.RefreshToken
	}
	form, _ := url.ParseQuery(string(x.body)) // what could be read of it
	return form.Get("refresh_token")
}
