package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// signIns are the pending sign-ins, one per connection, and the grants of other
// accounts that wait for the user's word.
type signIns struct {
	manager       signInWatcher
	configuration *configuration
	clients       *registeredClients
	accounts      *accounts
	show          func(name string) (api.Connection, error) // a connection once its sign-in is over
	open          Opener                                    // nil: there is no browser
	notify        Notifier
	language      *lang.Language
	unlock        func() // the keychain, which the grant is to go to
	now           func() time.Time
	ended         context.Context // the agent's
	background    *background
	log           *slog.Logger

	mu      sync.Mutex
	pending map[string]*signIn
	held    map[string]heldGrant
}

// signInWatcher is told when a connection's sign-in is pending: tokens.Manager.
type signInWatcher interface {
	FlowStarted(name string)
	FlowEnded(name string, err error)
}

// heldGrant is one that the user has not accepted. It is in memory only.
type heldGrant struct {
	result providers.Result
	until  time.Time
}

// holdTime is how long the grant of another account waits to be accepted.
const holdTime = 10 * time.Minute

// connect starts a connection's sign-in or takes up the pending one; see
// api.Agent.
func (s *signIns) connect(ctx context.Context, name string, r api.ConnectRequest) (api.Pending, error) {
	if r.AcceptAccount {
		return nil, s.adoptHeld(ctx, name)
	}
	s.configuration.takeUp(name) // a change that is taken up later would end the sign-in
	client, err := s.configuration.usable(name)
	if err != nil {
		return nil, err
	}
	if err := s.clients.keychain.lost(); err != nil {
		return nil, err
	}
	s.background.start("", s.unlock)
	in, err := s.start(ctx, name, client, r)
	if err != nil {
		return nil, err
	}
	if r.Mode != providers.Browser {
		return in, nil
	}
	return inBrowser{in, in.openOnce(s.now(), func() error { return s.openBrowser(ctx, in.attempt.URL) })}, nil
}

// sameWindowTime is for how long a sign-in's page, once opened, is not opened again:
// tools that ask side by side, and clicks in a row, mean the same window. Whoever asks
// later may have closed it.
const sameWindowTime = 5 * time.Second

func (s *signIns) openBrowser(ctx context.Context, url string) error {
	if s.open == nil {
		return errors.New("no browser can be opened here; open the URL yourself")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.open(ctx, url)
	if err != nil {
		s.log.Warn("the browser could not be opened", "err", err)
	}
	return err
}

// start takes up the connection's pending sign-in, or begins one, and waits until
// it has a URL. A pending one that cannot be shared ends first.
func (s *signIns) start(ctx context.Context, name string, client *providers.Client, r api.ConnectRequest) (*signIn, error) {
	for {
		s.mu.Lock()
		in := s.pending[name]
		if in == nil {
			in = s.begin(name, client, r)
		}
		s.mu.Unlock()
		switch {
		case in.over.Load(): // who comes now wants another one
		case in.kind == kindOf(r):
			select {
			case <-in.ready:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if in.flow == nil {
				<-in.done
				return nil, in.err
			}
			return in, nil
		default:
			in.stop()
		}
		select {
		case <-in.done: // and its port is free
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// begin registers a sign-in and lets it run; s is locked.
func (s *signIns) begin(name string, client *providers.Client, r api.ConnectRequest) *signIn {
	ctx, cancel := context.WithTimeout(s.ended, providers.FlowTimeout+time.Minute)
	in := &signIn{
		name: name, kind: kindOf(r), show: s.show, cancel: cancel,
		ready: make(chan struct{}), done: make(chan struct{}),
	}
	s.pending[name] = in
	delete(s.held, name)
	if !s.background.start(name, func() { s.run(ctx, in, client, r) }) {
		cancel()
		delete(s.pending, name)
		in.err = errEnding
		close(in.ready)
		close(in.done)
	}
	return in
}

// errEnding is why nothing new is begun.
var errEnding = &tokens.Error{Code: tokens.CodeTemporarilyUnavailable, Detail: "Authtray is ending. Start it again.", Hint: "authtray run"}

// run sees a sign-in through from its first request to its end.
func (s *signIns) run(ctx context.Context, in *signIn, client *providers.Client, r api.ConnectRequest) {
	defer in.cancel()
	s.manager.FlowStarted(in.name)
	err := s.authorize(ctx, in, client, r)
	close(in.ready)
	if err == nil {
		_, err = in.flow.Wait(ctx)
		in.flow.Cancel() // where it was ctx that ended
	}
	if err != nil && !in.fresh {
		s.clients.doubt(in.name, err)
	}
	if s.refusedForItsScope(in, err, r) {
		err = s.stepUpAnew(ctx, in, client, r)
	}
	if why := in.why.Load(); why != nil && canceled(err) {
		err = *why
	}
	in.err = signInError(in.name, err)
	s.manager.FlowEnded(in.name, in.err)
	s.mu.Lock()
	delete(s.pending, in.name)
	s.mu.Unlock()
	if err == nil && in.scopes != nil {
		s.configuration.widen(in.name, in.scopes)
	}
	close(in.done)
}

// options are those of a sign-in's flow.
func (s *signIns) options(in *signIn, r api.ConnectRequest) providers.AuthorizeOptions {
	o := providers.AuthorizeOptions{
		Mode: r.Mode, LoginHint: r.LoginHint, SwitchAccount: r.SwitchAccount, Scopes: in.scopes, AcceptHost: r.AcceptHost, Ended: s.ended.Done(),
		Accept: func(ctx context.Context, result providers.Result) error {
			in.over.Store(true)
			return s.accept(ctx, in.name, result, r.SwitchAccount)
		},
		Named: func(result providers.Result) { s.named(in.name, result, r.SwitchAccount) },
	}
	if o.LoginHint == "" && !r.SwitchAccount {
		o.LoginHint = s.accounts.of(in.name).Label
	}
	return o
}

// authorize begins the flow with a client that the provider knows. A registered
// one that turns out to be unknown before the person was sent anywhere, or not to be
// registered for the scopes of a step-up, is registered again, once.
func (s *signIns) authorize(ctx context.Context, in *signIn, client *providers.Client, r api.ConnectRequest) error {
	client, fresh, err := s.clients.identify(ctx, in.name, client)
	if err != nil {
		return err
	}
	in.fresh = fresh
	if len(r.Scopes) > 0 {
		if in.scopes, err = client.ScopesWith(ctx, r.Scopes); err != nil {
			return err
		}
	}
	o := s.options(in, r)
	flow, err := client.Authorize(ctx, o)
	if _, registered := client.Registered(); err != nil && registered && !fresh && (refusesClient(err) || refusesScope(err, r)) {
		if client, err = s.clients.register(ctx, in.name, client, r.Scopes...); err != nil {
			return err
		}
		in.fresh = true
		flow, err = client.Authorize(ctx, o)
	}
	if err != nil {
		return err
	}
	if page := client.ForeignSignIn(); r.AcceptHost != "" && page != "" && r.Mode != providers.Device { // the page of a code is another
		s.configuration.keepAgreed(in.name, func(a *providers.Agreed) { a.SignIn = page })
		s.configuration.touch(in.name)
	}
	in.flow = flow
	in.attempt = api.Attempt{
		URL: flow.URL(), UserCode: flow.UserCode(), Mode: r.Mode,
		RedirectURI: flow.RedirectURI(), ExpiresAt: flow.Expires().UTC(),
	}
	return nil
}

// accept takes the grant that a flow brought. The grant of another account than
// before is held instead, since tools would silently act as someone else;
// wanted says that the user asked for another one.
func (s *signIns) accept(ctx context.Context, name string, r providers.Result, wanted bool) error {
	was := s.accounts.of(name)
	if wanted || !differ(was, r.Account) {
		if err := s.adopt(ctx, name, r); err != nil {
			return &providers.NotAccepted{Text: s.language.Sentence("", detail(err)), Err: err}
		}
		return nil
	}
	s.mu.Lock()
	s.held[name] = heldGrant{result: r, until: s.now().Add(holdTime)}
	s.mu.Unlock()
	const told = "You signed in as {{.A}}, but {{.B}} was connected as {{.C}}. The new sign-in is kept for ten minutes, in case you want it."
	names := []string{"A", label(r.Account), "B", name, "C", label(was)}
	return &providers.NotAccepted{Asks: true, Text: s.language.Tr(told, names...), Err: &api.OtherAccount{
		Account: label(r.Account),
		Problem: &tokens.Error{
			Code: api.CodeOtherAccount, Detail: text.Fill(told, names...), Hint: "authtray connect " + name + " --accept-account",
		},
	}}
}

// named takes whose grant it is where the provider said so only after the grant
// was accepted. That it is another account than before, which nobody could ask
// about, is told; wanted says that the user asked for another one.
func (s *signIns) named(name string, r providers.Result, wanted bool) {
	was := s.accounts.of(name)
	if s.accounts.fillIn(name, r) && !wanted && differ(was, r.Account) {
		s.notify.Warn(name+aboutAccount, s.language.Tr("{{.Name}} has another account now", "Name", s.accounts.named(name)), s.language.Tr(
			"You signed in as {{.Account}}, but {{.Name}} was connected as {{.Before}} before. If you did not mean that, run: authtray connect {{.Name}} --switch-account",
			"Account", label(r.Account), "Name", name, "Before", label(was)))
	}
}

// adoptHeld accepts the grant of another account.
func (s *signIns) adoptHeld(ctx context.Context, name string) error {
	s.mu.Lock()
	h, ok := s.held[name]
	delete(s.held, name)
	s.mu.Unlock()
	if !ok || s.now().After(h.until) {
		return connectFailed(name, fmt.Sprintf("No other account is waiting to be accepted for %s: connect again.", name))
	}
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	return s.adopt(ctx, name, h.result)
}

// adopt makes a grant the connection's.
func (s *signIns) adopt(ctx context.Context, name string, r providers.Result) error {
	if err := s.accounts.adopt(ctx, name, r); err != nil {
		return err
	}
	s.configuration.keepWithheld(name, r.Withheld)
	return nil
}

// paste gives the pending sign-in the redirect URL, and waits for its end.
func (s *signIns) paste(ctx context.Context, name, url string) (api.Connection, error) {
	in := s.of(name)
	if in == nil {
		return api.Connection{}, connectFailed(name, "Nobody is waiting for this address: start again.")
	}
	select {
	case <-in.ready:
	case <-ctx.Done():
		return api.Connection{}, ctx.Err()
	}
	var wrong *providers.PasteError
	if in.flow != nil && errors.As(in.flow.Paste(ctx, url), &wrong) {
		return api.Connection{}, &tokens.Error{Code: tokens.CodeBadRequest, Detail: wrong.Detail}
	}
	return in.Wait(ctx)
}

// of is the connection's pending sign-in, or nil.
func (s *signIns) of(name string) *signIn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending[name]
}

// stop ends the connection's sign-in soon: its settings are others now, and the
// grant would not be the connection's any more.
func (s *signIns) stop(name string) {
	if in := s.of(name); in != nil {
		in.stop()
	}
}

// cancel ends the connection's sign-in, and waits for that; timedOut says that nobody
// signed in for as long as the one who began it waited.
func (s *signIns) cancel(name string, timedOut bool) {
	if in := s.of(name); in != nil {
		if timedOut {
			in.why.Store(&errNobodyCame)
		}
		in.stop()
		<-in.done
	}
}

// stopAll ends all sign-ins soon, since the agent ends.
func (s *signIns) stopAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.pending {
		in.why.Store(&errEndedFirst)
		in.stop()
	}
}
