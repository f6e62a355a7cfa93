package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/authtray/authtray/tokens"
)

// call is one request on its way through a handler.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	name string // what stands in the place of * in the route
}

// handler answers a call, or returns the error to answer with; it does not do
// both.
type handler func(*Server, call) error

// routes is the surface of the socket, but for api/ (handlers.go), which is not one
// path; * is one path segment, a NAME, an ID or a HOST.
var routes = []struct {
	method, path string
	handler      handler
}{
	{"GET", "/v1/connections", (*Server).list},
	{"GET", "/v1/connections/*", (*Server).show},
	{"PUT", "/v1/connections/*", (*Server).put},
	{"DELETE", "/v1/connections/*", (*Server).remove},
	{"PUT", "/v1/connections/*/secret", (*Server).secret},
	{"GET", "/v1/connections/*/token", (*Server).token},
	{"POST", "/v1/connections/*/rejected", (*Server).rejected},
	{"POST", "/v1/connections/*/refresh", (*Server).refresh},
	{"POST", "/v1/connections/*/connect", (*Server).connect},
	{"POST", "/v1/connections/*/connect/redirect", (*Server).redirect},
	{"DELETE", "/v1/connections/*/connect", (*Server).cancel},
	{"DELETE", "/v1/connections/*/grant", (*Server).disconnect},
	{"GET", "/v1/hosts/*", (*Server).host},
	{"GET", "/v1/providers", (*Server).providers},
	{"GET", "/v1/providers/*", (*Server).provider},
	{"GET", "/v1/events", (*Server).events},
	{"GET", "/v1/log", (*Server).reads},
	{"GET", "/v1/doctor", (*Server).doctor},
	{"GET", "/v1/settings", (*Server).settings},
	{"PATCH", "/v1/settings", (*Server).patchSettings},
	{"GET", "/v1/health", (*Server).health},
	{"POST", "/v1/window", (*Server).window},
	{"POST", "/v1/quit", (*Server).quit},
}

// route finds the handler of a request. The path is matched as it was sent,
// segment by segment: nothing is cleaned, so nothing can be smuggled.
func route(r *http.Request) (handler, string, error) {
	path := r.URL.EscapedPath()
	var allowed []string
	for _, route := range routes {
		name, ok := match(route.path, path)
		switch {
		case !ok:
		case route.method == r.Method:
			return route.handler, name, nil
		default:
			allowed = append(allowed, route.method)
		}
	}
	if len(allowed) > 0 {
		return nil, "", badRequest(fmt.Sprintf("This address takes %s.", strings.Join(allowed, ", ")))
	}
	return nil, "", &tokens.Error{Code: CodeNotFound, Detail: "There is nothing at this address."}
}

// match compares a path with a route's pattern, and gives what * stands for.
func match(pattern, path string) (name string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	for i := range want {
		if want[i] != "*" {
			if want[i] != got[i] {
				return "", false
			}
			continue
		}
		var err error
		if name, err = url.PathUnescape(got[i]); err != nil || name == "" {
			return "", false
		}
	}
	return name, true
}
