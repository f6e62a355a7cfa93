package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// account is whose account a connection is: of its grant, or the one
// remembered from the grant before.
func (a *Agent) account(name string) providers.Account {
	if acc := a.manager.Account(name); acc != (providers.Account{}) {
		return acc
	}
	return a.memory.Load(name)
}

// other says that two accounts are surely not the same. One that the provider
// could not name is not told from any other.
func other(was, is providers.Account) bool {
	if was.ID != "" && is.ID != "" {
		return was.ID != is.ID
	}
	return was.Label != "" && is.Label != "" && was.Label != is.Label
}

// accept takes the grant that a flow brought. The grant of another account than
// before is held instead, since tools would silently act as someone else;
// wanted says that the user asked for another one.
func (f *flows) accept(ctx context.Context, name string, r providers.Result, wanted bool) error {
	was := f.agent.account(name)
	if !wanted && other(was, r.Account) {
		f.mu.Lock()
		f.held[name] = held{result: r, until: f.agent.opts.Clock.Now().Add(HoldTime)}
		f.mu.Unlock()
		return otherAccount(name, was, r.Account)
	}
	return f.agent.adopt(ctx, name, r)
}

func otherAccount(name string, was, is providers.Account) error {
	return &api.OtherAccount{
		Account: label(is),
		Problem: &tokens.Error{
			Code: api.CodeOtherAccount,
			Detail: fmt.Sprintf("You signed in as %s, but %s was connected as %s. The new sign-in is kept for ten minutes, in case you want it.",
				label(is), name, label(was)),
			Hint: "authtray connect " + name + " --accept-account",
		},
	}
}

func label(acc providers.Account) string {
	if acc.Label != "" {
		return acc.Label
	}
	return acc.ID
}

// adopt hands a grant to the manager, and remembers whose it is.
func (a *Agent) adopt(ctx context.Context, name string, r providers.Result) error {
	if _, err := a.manager.Adopt(ctx, name, r); err != nil {
		return err
	}
	if r.Account == (providers.Account{}) {
		return nil // the provider could not say: what is remembered stays
	}
	if err := a.memory.Save(name, r.Account); err != nil {
		a.log.Warn("whose account it is cannot be remembered", "connection", name, "err", err)
	}
	return nil
}

// takeHeld accepts the grant of another account.
func (f *flows) takeHeld(ctx context.Context, name string) error {
	f.mu.Lock()
	h, ok := f.held[name]
	delete(f.held, name)
	f.mu.Unlock()
	if !ok || f.agent.opts.Clock.Now().After(h.until) {
		return errNothingHeld(name)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return f.agent.adopt(ctx, name, h.result)
}
