package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// DefaultLifetime is how long an access token lasts where Options do not say.
const DefaultLifetime = time.Minute

// Never, as a lifetime, gives access tokens that do not expire: expires_in is
// then left out.
const Never time.Duration = -1

// Options of a Server. Only Issuer is required.
type Options struct {
	// Issuer is the server's own URL without a trailing slash, as clients reach
	// it: "http://127.0.0.1:47820".
	Issuer string
	// Now is the wall clock; nil: time.Now.
	Now func() time.Time
	// Lifetime of access tokens, in whole seconds; 0: DefaultLifetime; Never.
	Lifetime time.Duration
	// NoRotation: refreshing gives no new refresh token, and the old one stays.
	NoRotation bool
	// Grace is how long a refresh token that was just replaced still works, for
	// clients that lost the answer; 0: not at all.
	Grace time.Duration
	// State is the file that grants are kept in; "": in memory only.
	State string
	// RequirePAR refuses authorization requests that were not pushed (RFC 9126).
	RequirePAR bool
	// DeviceInterval is how far apart a device must poll; 0: 5 s.
	DeviceInterval time.Duration
	// Clients are known beside the built-in ones and replace those of the same id.
	Clients []Client
	// Log gets a line for each grant that begins, is renewed or ends; nil: none.
	Log *slog.Logger
}

// Server is a practice provider. Safe for concurrent use.
type Server struct {
	opts     Options
	log      *slog.Logger
	clients  map[string]Client
	keys     *keys
	crypto   op.Crypto
	ledger   *ledger
	requests *requests
	devices  *devices
	pushed   *pushed
	sessions *sessions
	handler  http.Handler

	verifyClient func(context.Context, *op.Request[op.ClientCredentials]) (op.Client, error)
	callbackURL  func(context.Context, string) string

	tokenHits, apiHits atomic.Int64
}

// New makes a Server, taking up the grants of Options.State if that file exists.
func New(opts Options) (*Server, error) {
	opts = withDefaults(opts)
	s := &Server{
		opts: opts, log: opts.Log, clients: map[string]Client{},
		requests: newRequests(opts.Now), devices: newDevices(opts.Now, opts.DeviceInterval),
		pushed: newPushed(opts.Now), sessions: newSessions(),
		ledger: &ledger{now: opts.Now, log: opts.Log, book: newBook(), rotate: !opts.NoRotation, grace: opts.Grace, life: max(opts.Lifetime, 0)},
	}
	for _, c := range append(builtinClients(), opts.Clients...) {
		s.clients[c.ID] = c
	}
	if err := s.restore(); err != nil {
		return nil, err
	}
	s.ledger.saved = s.save
	protocol, err := s.newProtocol()
	if err != nil {
		return nil, fmt.Errorf("start the practice provider as %s: %w", opts.Issuer, err)
	}
	s.handler = s.route(protocol)
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Lifetime = cmp.Or(o.Lifetime, DefaultLifetime)
	o.DeviceInterval = cmp.Or(o.DeviceInterval, 5*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Handler serves everything, at the paths under Options.Issuer.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) route(protocol http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", protocol)
	mux.Handle("/.well-known/oauth-authorization-server", as("/.well-known/openid-configuration", protocol))
	mux.Handle("/authorize", s.unpush(protocol))
	mux.Handle("/token", s.counted(protocol))
	mux.Handle("/userinfo", s.withToken(func(w http.ResponseWriter, r *http.Request, _ caller) { protocol.ServeHTTP(w, r) }))
	mux.HandleFunc("POST /par", s.push)
	mux.HandleFunc("POST /register", s.register)
	s.routeAPI(mux)
	s.routeMCP(mux)
	s.routePages(mux)
	return withIss(s.opts.Issuer, mux)
}

// as serves another path's answer (RFC 8414's address has OpenID's document).
func as(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = path
		next.ServeHTTP(w, r)
	})
}

// counted counts the token requests, by grant where they name one, and forbids
// caching their answers (RFC 6749 §5.1), which pkg/op forgets.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.tokenHits.Add(1)
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if r.ParseForm() == nil {
			s.ledger.hit(r.PostForm.Get("refresh_token"))
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) client(id string) (Client, bool) {
	if c, ok := s.clients[id]; ok {
		return c, true
	}
	return s.ledger.registered(id)
}
