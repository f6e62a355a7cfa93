package faultkit

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxRequest is how much of a request's body is read, in bytes.
const maxRequest = 1 << 20

// Options of a Kit; the zero value is ready to use.
type Options struct {
	// Match picks the requests that faults meet; nil: every POST whose path
	// ends in /token. All others pass, and are recorded too.
	Match func(*http.Request) bool
	// Now is the wall clock, for dates in headers and records; nil: time.Now.
	Now func() time.Time
}

// Kit decides which fault meets which request: the script first, in order, one
// fault a request, then what Otherwise or Random say, then none. Safe for
// concurrent use.
type Kit struct {
	opts     Options
	mu       sync.Mutex
	script   []Fault
	rest     func() Fault
	conns    []Conn
	received []Received
	families families
}

// New makes a Kit that lets everything pass.
func New(opts Options) *Kit {
	if opts.Match == nil {
		opts.Match = func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/token")
		}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Kit{opts: opts, rest: Pass, families: newFamilies()}
}

// Script appends faults for the next matching requests.
func (k *Kit) Script(faults ...Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.script = append(k.script, faults...)
}

// Otherwise says what meets matching requests once the script is used up.
func (k *Kit) Otherwise(f Fault) { k.setRest(func() Fault { return f }) }

// Random lets a fault, any of these, meet a share (0 to 1) of the matching
// requests once the script is used up. The same seed gives the same faults.
func (k *Kit) Random(seed uint64, share float64, faults ...Fault) {
	random := rand.New(rand.NewPCG(seed, seed))
	k.setRest(func() Fault {
		if len(faults) == 0 || random.Float64() >= share {
			return Pass()
		}
		return faults[random.IntN(len(faults))]
	})
}

func (k *Kit) setRest(f func() Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rest = f
}

// Left is how much of the script is still unplayed.
func (k *Kit) Left() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.script)
}

func (k *Kit) draw() Fault {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.script) == 0 {
		return k.rest()
	}
	f := k.script[0]
	k.script = k.script[1:]
	return f
}

// Wrap puts the Kit in front of a provider.
func (k *Kit) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			return // the client went away
		}
		f := Pass()
		matched := k.opts.Match(r)
		if matched {
			f = k.draw()
		}
		k.record(r, body, matched, f)
		x := &Exchange{W: w, R: r, body: body, next: next, kit: k}
		if matched {
			done := k.families.begin(x.refreshToken())
			defer done()
		}
		f.play(x)
	})
}

// Exchange is one request on its way to a Fault.
type Exchange struct {
	W    http.ResponseWriter
	R    *http.Request
	body []byte
	next http.Handler
	kit  *Kit
}

// Provider lets the provider answer, for as many times as it is called, and
// gives its answer instead of sending it.
func (x *Exchange) Provider() *Answer {
	r := x.R.Clone(x.R.Context())
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	r.ContentLength = int64(len(x.body))
	a := &Answer{Status: http.StatusOK, Head: http.Header{}}
	x.next.ServeHTTP(a, r)
	x.kit.families.link(x.refreshToken(), a.member("refresh_token"))
	return a
}

// Forward lets the provider answer for itself, unbuffered.
func (x *Exchange) Forward() {
	if x.kit.opts.Match(x.R) { // its answer may name a new refresh token
		x.Provider().Send(x.W)
		return
	}
	x.R.Body = io.NopCloser(bytes.NewReader(x.body))
	x.next.ServeHTTP(x.W, x.R)
}

// Received is one request as it came, secrets and all: it is for tests to look
// at, never to print.
type Received struct {
	At      time.Time
	Method  string
	Host    string
	URI     string // path and query, as sent
	Header  http.Header
	Body    []byte
	Matched bool   // a token request, or what Options.Match says
	Fault   string // the name of the fault that met it
}

// Form reads the body as a form.
func (r Received) Form() url.Values {
	form, _ := url.ParseQuery(string(r.Body)) // what could be read of it
	return form
}

func (k *Kit) record(r *http.Request, body []byte, matched bool, f Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.received = append(k.received, Received{
		At: k.opts.Now(), Method: r.Method, Host: r.Host, URI: r.RequestURI, Header: r.Header.Clone(),
		Body: slices.Clone(body), Matched: matched, Fault: f.Name,
	})
}

// Received is everything that came, in order of arrival.
func (k *Kit) Received() []Received {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.received)
}

// Matched is how many requests the faults could have met.
func (k *Kit) Matched() int {
	n := 0
	for _, r := range k.Received() {
		if r.Matched {
			n++
		}
	}
	return n
}

// Forget empties the record.
func (k *Kit) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.received = nil
}
