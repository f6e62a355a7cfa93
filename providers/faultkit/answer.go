package faultkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is a whole answer, to be changed and sent. It is an
// http.ResponseWriter for the provider to write to.
type Answer struct {
	Status int
	Head   http.Header
	Body   []byte
	wrote  bool
}

// Header implements http.ResponseWriter.
func (a *Answer) Header() http.Header { return a.Head }

// WriteHeader implements http.ResponseWriter; only the first call counts.
func (a *Answer) WriteHeader(status int) {
	if !a.wrote {
		a.Status, a.wrote = status, true
	}
}

// Write implements io.Writer.
func (a *Answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.Body = append(a.Body, p...)
	return len(p), nil
}

// Send sends the answer with its length.
func (a *Answer) Send(w http.ResponseWriter) {
	a.sendHead(w, len(a.Body))
	w.Write(a.Body) // a client that went away is part of the game
}

func (a *Answer) sendHead(w http.ResponseWriter, length int) {
	for name, values := range a.Head {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.Status)
}

// members reads the body as a JSON object; nil: it is none.
func (a *Answer) members() map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(a.Body, &m) != nil {
		return nil
	}
	return m
}

func (a *Answer) member(name string) string {
	var s string
	if json.Unmarshal(a.members()[name], &s) != nil {
		return ""
	}
	return s
}

// Set puts a member, as raw JSON, into the body; raw "" takes it out.
func (a *Answer) Set(name, raw string) {
	m := a.members()
	if m == nil {
		return
	}
	m[name] = json.RawMessage(raw)
	if raw == "" {
		delete(m, name)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(m) == nil {
		a.Body = out.Bytes()
	}
}

// mangle lets the provider answer and changes what it said.
func mangle(name string, loses bool, change func(*Answer, *Exchange)) Fault {
	return Fault{Name: name, Reaches: true, Loses: loses, do: func(x *Exchange) {
		a := x.Provider()
		change(a, x)
		a.Send(x.W)
	}}
}

// Truncated ends the provider's answer in the middle of its JSON, with the
// length to match: the connection says that all is well.
func Truncated() Fault {
	return mangle("truncated JSON", true, func(a *Answer, _ *Exchange) { a.Body = a.Body[:len(a.Body)/2] })
}

// AsText labels the provider's JSON text/plain.
func AsText() Fault {
	return mangle("JSON labelled text/plain", false, func(a *Answer, _ *Exchange) {
		a.Head.Set("Content-Type", "text/plain; charset=utf-8")
	})
}

// WithBOM puts a byte-order mark before the provider's JSON.
func WithBOM() Fault {
	return mangle("byte-order mark", false, func(a *Answer, _ *Exchange) { a.Body = append([]byte("\xef\xbb\xbf"), a.Body...) })
}

// ExpiresIn replaces expires_in by raw JSON: `"60"`, 60.5, null, -1, 1e30; ""
// takes it out.
func ExpiresIn(raw string) Fault {
	name := "expires_in " + raw
	if raw == "" {
		name = "no expires_in"
	}
	return Member(name, "expires_in", raw)
}

// Member replaces any member of the provider's answer by raw JSON; raw "" takes
// it out.
func Member(faultName, member, raw string) Fault {
	return mangle(faultName, false, func(a *Answer, _ *Exchange) { a.Set(member, raw) })
}

// Padded makes the provider's JSON this many bytes long and leaves it JSON; the
// tokens stand before the padding.
func Padded(size int) Fault {
	return mangle("long body", false, func(a *Answer, _ *Exchange) {
		a.Body = append(a.Body, strings.Repeat(" ", max(size-len(a.Body), 0))...)
	})
}

// ClockSkew puts the provider's clock, in the Date header, off by d.
func ClockSkew(d time.Duration) Fault {
	return mangle("clock off by "+d.String(), false, func(a *Answer, x *Exchange) {
		a.Head.Set("Date", x.kit.opts.Now().Add(d).UTC().Format(http.TimeFormat))
	})
}
