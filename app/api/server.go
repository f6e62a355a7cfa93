package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authtray/authtray/tokens"
)

// How long a client may take. Each bounds one connection only.
const (
	HeaderTimeout = 5 * time.Second  // for the head of a request
	BodyTimeout   = 5 * time.Second  // for its body
	WriteTimeout  = 10 * time.Second // to read an answer, or one event
	IdleTimeout   = 2 * time.Minute  // between requests
)

// MaxHeader is how large the head of a request may be, in bytes.
const MaxHeader = 16 << 10

// Server serves an Agent to local tools.
type Server struct {
	agent Agent
	log   *slog.Logger
	http  *http.Server
	base  context.Context    // of every request
	stop  context.CancelFunc // ends it, and with it the streams

	allowed func(name string) bool // of a remote server; nil: everything
	bearer  string                 // of a TCP server; "": not needed
}

// NewServer makes a server that says nothing of requests but what went wrong
// with them: never a query, a body or a token.
func NewServer(a Agent, log *slog.Logger) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{agent: a, log: log, base: ctx, stop: stop}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: HeaderTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeader,
		ConnContext:       introduce,
		ConnState:         follow,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

// Serve answers on l until Shutdown; it then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown stops listening, ends streams and waiting callers, and lets short
// answers finish until ctx ends.
func (s *Server) Shutdown(ctx context.Context) {
	s.stop()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
}

// ServeHTTP refuses browsers, finds the route, and reads the body.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // that of the last answer
	hasten(w, r)
	if len(r.Header.Values("Origin")) > 0 {
		s.fail(w, notAllowed("Web pages may not ask Authtray (the request has an Origin)."))
		return
	}
	if err := errors.Join(s.remote(r), s.overTCP(r)); err != nil {
		s.fail(w, err)
		return
	}
	if name, path, ok := apiTarget(r.URL); ok {
		s.api(w, r, name, path)
		return
	}
	h, name, err := route(r)
	if err == nil {
		err = slurp(w, r)
	}
	if err == nil {
		err = h(s, call{w, r, name})
	}
	if err != nil {
		s.fail(w, err)
	}
}

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
