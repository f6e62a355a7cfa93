package faultkit

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

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
