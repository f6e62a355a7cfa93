package faultkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
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
