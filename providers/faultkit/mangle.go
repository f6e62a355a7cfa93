package faultkit

import (
	"net/http"
	"strings"
	"time"
)

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
