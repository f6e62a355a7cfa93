package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/authtray/authtray/providers/connlimit"
	"github.com/authtray/authtray/tokens"
)

// How long a client may take. Each bounds one connection only.
const (
	headerTimeout = 5 * time.Second  // for the head of a request
	bodyTimeout   = 5 * time.Second  // for its body
	writeTimeout  = 10 * time.Second // to read an answer, or one event
	idleTimeout   = 2 * time.Minute  // between requests
)

// How many connections each socket has at once. The local one admits this user's
// programs only, a thousand of which may wait for the same token.
const (
	maxLocal  = 4096
	maxRemote = 128
)

// Server serves an Agent to local tools.
type Server struct {
	agent Agent
	log   *slog.Logger
	http  *http.Server
	base  context.Context    // of every request
	stop  context.CancelFunc // ends it, and with it the streams

	streams    context.Context    // of answers that have no end of their own
	endStreams context.CancelFunc // ends it alone
	sockets    []net.Listener     // for the agent that takes over
	handed     chan struct{}      // holds a value once it has them

	mux     *http.ServeMux
	other   error                  // what is answered elsewhere than at the routes
	allowed func(name string) bool // which connections the other machine may use; nil: this is the local socket
}

// NewServer makes a server that says nothing of requests but what went wrong
// with them: never a query, a body or a token.
func NewServer(a Agent, log *slog.Logger) *Server {
	s := newServer(a, log, &tokens.Error{Code: CodeNotFound, Detail: "There is nothing at this address."})
	s.handle(routes)
	return s
}

// newServer makes a server of api/ alone. other is what is answered elsewhere.
func newServer(a Agent, log *slog.Logger, other error) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{agent: a, log: log, base: ctx, stop: stop, mux: http.NewServeMux(), other: other, handed: make(chan struct{}, 1)}
	s.streams, s.endStreams = context.WithCancel(ctx)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.fail(w, other) })
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    connlimit.MaxHead,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			a.Used()
			return introduce(ctx, c)
		},
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

// Serve answers on l until Shutdown; it then returns nil.
func (s *Server) Serve(l net.Listener) error {
	most := maxLocal
	if s.allowed != nil {
		most = maxRemote
	}
	if err := connlimit.Serve(s.http, l, most); !errors.Is(err, http.ErrServerClosed) {
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

// ServeHTTP refuses browsers, and finds the route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.logPanic()
	s.agent.Used()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // that of the last answer
	setBodyDeadline(w, r)
	if len(r.Header.Values("Origin")) > 0 {
		s.fail(w, notAllowed("Web pages may not ask Authtray (the request has an Origin)."))
		return
	}
	if name, path, ok := apiTarget(r.URL); ok {
		s.api(w, r, name, path)
		return
	}
	if !isClean(r.URL) {
		s.fail(w, s.other)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// logPanic logs a panic of whoever defers it, and breaks the answer off: it costs
// one request. What the panic says is left out, since that may be made of anything
// that was at hand, an error with an answer in it, say; but the sentences of the
// runtime itself name types and numbers only.
func (s *Server) logPanic() {
	v := recover()
	if v == nil {
		return
	}
	if v != http.ErrAbortHandler {
		what := fmt.Sprintf("%T", v)
		if fault, ok := v.(runtime.Error); ok {
			what = fault.Error()
		}
		s.log.Error("panic serving a request; what it says may hold a secret, and is left out", "kind", what, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler) // which net/http does not log
}
