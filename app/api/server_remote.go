package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// NewRemoteServer makes a server for the socket that is forwarded to another
// machine (ssh -R). For the connections where allowed says so it gives tokens, tells
// the state, and asks the user at the desk to sign in; it says of no other whether it
// exists. Whoever sits there may use what was opened to them. They get no scope and
// no resource beyond the connection's, may not look around, connect, disconnect or
// end the agent, and cannot use up what local tools may ask of a provider.
func NewRemoteServer(a Agent, allowed func(name string) bool, log *slog.Logger) *Server {
	s := newServer(a, log, errRemote)
	s.allowed = allowed
	f := &forwarded{server: s,
		questions: limiter{most: 1, within: 10 * time.Minute, now: time.Now},
		renewals:  limiter{most: 10, within: 5 * time.Minute, now: time.Now}}
	for pattern, h := range map[string]func(call) error{
		"GET /v1/connections/{name}":           f.show,
		"GET /v1/connections/{name}/token":     f.token,
		"POST /v1/connections/{name}/rejected": f.rejected,
		"POST /v1/connections/{name}/connect":  f.ask,
		"POST /v1/helpers/kubectl/{name}":      s.helpKubectl,
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodHead || !allowed(req.PathValue("name")) {
				s.fail(w, errRemote)
				return
			}
			s.answer(w, req, func(_ *Server, c call) error { return h(c) })
		})
	}
	s.mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodHead {
			s.fail(w, errRemote)
			return
		}
		s.answer(w, req, (*Server).events)
	})
	return s
}

// RemoteAddress is where that socket is: beside the agent's own.
func RemoteAddress(agent string) string {
	if runtime.GOOS == "windows" {
		return agent + "-remote"
	}
	return filepath.Join(filepath.Dir(agent), "remote.sock")
}

// errRemote is what everything else is answered with.
var errRemote = notAllowed("This socket serves tokens and state only, and only of connections with remote = true in their file.")

// forwarded is what the forwarded socket answers.
type forwarded struct {
	server    *Server
	questions limiter // to the user
	renewals  limiter // requests that may become one to the provider
}

func (f *forwarded) show(c call) error {
	now, err := f.server.agent.Connection(c.name)
	if err != nil {
		return err
	}
	return answer(c.w, stateOf(now))
}

// stateOf is what the other machine is told of a connection: no account, nothing
// that the provider said, no configuration and no history.
func stateOf(c Connection) Connection {
	return Connection{Status: tokens.Status{Name: c.Name, Provider: c.Provider, State: c.State, Reason: c.Reason,
		RetryAt: c.RetryAt, ExpiresAt: c.ExpiresAt, NeverExpires: c.NeverExpires}}
}

func (f *forwarded) token(c call) error {
	w, err := want(c.r.URL.Query())
	switch {
	case err != nil:
		return err
	case w.Resource != "":
		return notAllowed("This socket gives no token for another resource. Leave it out, or ask at the desk.")
	case len(w.Scopes) == 0:
		return f.server.token(c)
	}
	now, err := f.server.agent.Connection(c.name)
	if err != nil {
		return err
	}
	for _, scope := range w.Scopes {
		if !slices.Contains(now.Scopes, scope) {
			return notAllowed("This socket gives no token for scopes that the connection was not granted.")
		}
	}
	if err := f.renew(c.name); err != nil {
		return err
	}
	return f.server.token(c)
}

func (f *forwarded) rejected(c call) error {
	if err := f.renew(c.name); err != nil {
		return err
	}
	return f.server.rejected(c)
}

// renew counts a request that may become one to the provider.
func (f *forwarded) renew(name string) error {
	next, ok := f.renewals.take(name)
	if ok {
		return nil
	}
	return &tokens.Error{Code: tokens.CodeTemporarilyUnavailable, RetryAt: next,
		Detail: fmt.Sprintf("The other machine has asked for other tokens of %s too often. Use the one it has, or wait a few minutes.", name)}
}

// ask asks the user at the desk to sign in, by a notification. No browser is opened
// before the click, and the answer holds no address to open.
func (f *forwarded) ask(c call) error {
	var in ConnectRequest
	if err := decode(c.r, &in, true); err != nil {
		return err
	}
	if in.Mode != ModeAsk || in.LoginHint != "" || in.SwitchAccount || in.AcceptAccount || in.AcceptHost != "" || len(in.Scopes) > 0 || in.Tool != "" {
		return notAllowed(`This socket only asks the user to sign in: {"mode":"ask"}.`)
	}
	wait, err := flag(c, "wait")
	if err != nil {
		return err
	}
	now, err := f.server.agent.Connection(c.name)
	if err != nil {
		return err
	}
	if now.State != tokens.Connected {
		if next, ok := f.questions.take(c.name); !ok {
			return &tokens.Error{Code: tokens.CodeNotAllowed, RetryAt: next,
				Detail: "The user has been asked to sign in lately. Wait until they have, or sign in at the desk."}
		}
	}
	p, err := f.server.agent.Connect(c.r.Context(), c.name, ConnectRequest{Mode: ModeAsk, For: Elsewhere})
	switch {
	case err != nil:
		return err
	case !wait:
		return answer(c.w, map[string]providers.Mode{"mode": ModeAsk}) // a sign-in that is taken up has an address, which holds its state
	}
	if now, err = p.Wait(c.r.Context()); err != nil {
		return err
	}
	return answer(c.w, stateOf(now))
}

// Elsewhere is what a program on the other machine is called here, whatever it calls
// itself.
const Elsewhere = "A program on another machine"

// limiter allows each name most calls within a time.
type limiter struct {
	most   int
	within time.Duration
	now    func() time.Time

	mu    sync.Mutex
	calls map[string][]time.Time // of names that exist: nobody fills it with others
}

// take counts a call, or says when the next one is allowed.
func (l *limiter) take(name string) (next time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	kept := slices.DeleteFunc(l.calls[name], func(at time.Time) bool { return now.Sub(at) >= l.within })
	if ok = len(kept) < l.most; ok {
		kept = append(kept, now)
	} else {
		next = kept[0].Add(l.within)
	}
	if l.calls == nil {
		l.calls = map[string][]time.Time{}
	}
	l.calls[name] = kept
	return next, ok
}
