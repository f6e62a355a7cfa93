package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
)

// consents asks the user by a notification to sign in, for tools that must not open
// a browser by themselves: an AI client starts when it likes, several at once, and
// nobody knows what for. The click opens the browser.
//
//	connected, and no more scopes wanted       nothing is asked
//	a sign-in is pending                       it is taken up
//	a grant that is dead                       its own notification is the question
//	a question of the same kind is up          it is taken up
//	said no to within the last ten minutes     no
//	anything else                              the user is asked
type consents struct {
	manager  statusHolder
	signIns  *signIns
	notify   Notifier
	language *lang.Language
	announce func(st tokens.Status) // the notification of a dead grant, unless it is up
	now      func() time.Time
	ended    context.Context

	mu      sync.Mutex
	pending map[string]*consent  // by connection and scopes
	refused map[string]time.Time // when the user said no
}

// consentPeace is how long the user is not asked again after a no.
const consentPeace = 10 * time.Minute

// consent is a question, and the sign-in that may follow. It implements api.Pending.
type consent struct {
	show func(name string) (api.Connection, error)
	name string
	done chan struct{}
	stop context.CancelFunc // of the question
	err  error
}

func (c *consent) Attempt() api.Attempt { return api.Attempt{Mode: api.ModeAsk} }

// Wait returns when the user has said no, or the sign-in is over.
func (c *consent) Wait(ctx context.Context) (api.Connection, error) {
	select {
	case <-c.done:
	case <-ctx.Done():
		return api.Connection{}, ctx.Err()
	}
	if c.err != nil {
		return api.Connection{}, c.err
	}
	return c.show(c.name)
}

// ask asks, or takes up the question that is asked.
func (c *consents) ask(name string, r api.ConnectRequest) (api.Pending, error) {
	st, err := c.manager.Status(name)
	if err != nil {
		return nil, err
	}
	if r.Tool != "" {
		return c.askTool(name, r), nil
	}
	if in := c.signIns.of(name); in != nil && len(r.Scopes) == 0 {
		return in, nil
	}
	for _, scope := range r.Scopes {
		if catalog.IsBadScope(scope) {
			return nil, &tokens.Error{Code: tokens.CodeBadRequest, Detail: "One of the scopes is none."}
		}
	}
	key := name + " " + strings.Join(r.Scopes, " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if q := c.pending[key]; q != nil {
		return q, nil
	}
	q := &consent{show: c.signIns.show, name: name, done: make(chan struct{})}
	switch at, asked := c.refused[key]; {
	case st.State == tokens.Connected && len(r.Scopes) == 0:
		close(q.done)
		return q, nil
	case st.State == tokens.ReconnectRequired:
		c.announce(st)
		q.err = notNow(name)
		close(q.done)
		return q, nil
	case asked && c.now().Sub(at) < consentPeace:
		q.err = notNow(name)
		close(q.done)
		return q, nil
	}
	ctx, stop := context.WithTimeout(c.ended, 2*providers.FlowTimeout)
	q.stop = stop
	c.pending[key] = q
	go func() {
		defer stop()
		q.err = c.run(ctx, st, r)
		c.mu.Lock()
		delete(c.pending, key)
		if q.err != nil {
			c.refused[key] = c.now()
		} else {
			delete(c.refused, key)
		}
		c.mu.Unlock()
		close(q.done)
	}()
	return q, nil
}

// connected takes back the question whether to connect.
func (c *consents) connected(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q := c.pending[name+" "]; q != nil {
		q.stop()
	}
}

func notNow(name string) error {
	return &tokens.Error{Code: tokens.CodeNotAllowed, Hint: "authtray connect " + name,
		Detail: fmt.Sprintf("You have not allowed the sign-in of %s so far.", name)}
}

// askTool asks whether a tool may be called now. Each call is asked for by itself.
func (c *consents) askTool(name string, r api.ConnectRequest) api.Pending {
	q := &consent{show: c.signIns.show, name: name, done: make(chan struct{})}
	go func() {
		defer close(q.done)
		ctx, stop := context.WithTimeout(c.ended, userTime)
		defer stop()
		title := func(l *lang.Language) string {
			return l.Tr("Allow {{.Tool}} on {{.Name}}?", "Tool", r.Tool, "Name", c.signIns.accounts.named(name))
		}
		key, err := c.notify.Ask(ctx, notify.Question{
			Title: title(c.language), About: name, English: title(nil),
			Body:    c.language.Tr("{{.Program}} wants to call this tool.", "Program", cmp.Or(r.For, c.language.Tr("A program"))),
			Answers: []notify.Answer{{Key: allowKey, Label: c.language.Tr("Allow once")}, {Key: "deny", Label: c.language.Tr("Deny")}},
		})
		if err != nil || key != allowKey {
			q.err = &tokens.Error{Code: tokens.CodeNotAllowed, Detail: "You have not allowed this call."}
		}
	}()
	return q
}

// run asks, until ctx ends, and signs in upon a yes.
func (c *consents) run(ctx context.Context, st tokens.Status, r api.ConnectRequest) error {
	key, err := c.notify.Ask(ctx, consentQuestion(st.Name, c.signIns.accounts.named(st.Name), r, c.language))
	if errors.Is(err, notify.ErrCannotAsk) {
		q := consentQuestion(st.Name, c.signIns.accounts.named(st.Name), r, c.language)
		c.notify.Warn(st.Name+aboutConsent, q.Title, q.Body+" "+
			c.language.Tr("Choose it in the menu of the Authtray icon, or run: {{.Command}}", "Command", connectCommand(st.Name, r.Scopes)))
	}
	if now, err := c.manager.Status(st.Name); err == nil && now.State == tokens.Connected && len(r.Scopes) == 0 {
		return nil // the user did so without the notification
	}
	if err != nil || key != allowKey {
		return notNow(st.Name)
	}
	r.Mode = providers.Browser
	pending, err := c.signIns.connect(c.ended, st.Name, r)
	if err != nil {
		return err
	}
	_, err = pending.Wait(c.ended)
	return err
}

const allowKey = "allow"

// consentQuestion says who wants what; named is what its title calls the connection.
// The scopes are a provider's text; those of the request have been checked to be scopes.
func consentQuestion(name, named string, r api.ConnectRequest, l *lang.Language) notify.Question {
	by := cmp.Or(r.For, l.Tr("A program"))
	q := notify.Question{
		Title:   l.Tr("Connect {{.Name}}?", "Name", named),
		Body:    l.Tr("{{.Program}} wants to use {{.Name}}, which is not connected.", "Program", by, "Name", name),
		Answers: []notify.Answer{{Key: allowKey, Label: l.Tr("Connect")}, {Key: "later", Label: l.Tr("Not now")}},
	}
	if len(r.Scopes) > 0 {
		q.Title = l.Tr("{{.Name}} wants: {{.Scopes}}", "Name", named, "Scopes", strings.Join(r.Scopes, ", "))
		q.Body = l.Tr("{{.Program}} has asked for something that needs more access than {{.Name}} was given.", "Program", by, "Name", name)
		q.Answers[0].Label = l.Tr("Allow")
	}
	return q
}

func connectCommand(name string, scopes []string) string {
	command := "authtray connect " + name
	for _, scope := range scopes {
		command += " --scope " + scope
	}
	return command
}

// refusedForItsScope: the issuer holds a client to the scopes that it registered
// with, and those of a step-up were not among them.
func (s *signIns) refusedForItsScope(in *signIn, err error, r api.ConnectRequest) bool {
	return !in.fresh && providers.Mode(r.Mode) == providers.Browser && refusesScope(err, r) && s.clients.records.Load(in.name).ClientID != ""
}

func refusesScope(err error, r api.ConnectRequest) bool {
	var f *refusal.Failure
	return len(r.Scopes) > 0 && errors.As(err, &f) && f.Code == "invalid_scope"
}

// stepUpAnew registers a client for the scopes of a step-up, once, and sends the
// person to the issuer again. The grant that was made with the client before ends
// with the new one.
func (s *signIns) stepUpAnew(ctx context.Context, in *signIn, client *providers.Client, r api.ConnectRequest) error {
	client, err := s.clients.register(ctx, in.name, client, r.Scopes...)
	if err != nil {
		return err
	}
	flow, err := client.Authorize(ctx, s.options(in, r))
	if err != nil {
		return err
	}
	defer flow.Cancel()
	if err := s.openBrowser(ctx, flow.URL()); err != nil {
		return err
	}
	_, err = flow.Wait(ctx)
	return err
}
