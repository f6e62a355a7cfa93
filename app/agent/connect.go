package agent

import (
	"context"
	"errors"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Connect implements api.Agent.
func (a *Agent) Connect(ctx context.Context, name string, r api.ConnectRequest) (api.Pending, error) {
	if r.AcceptAccount {
		if _, err := a.manager.Status(name); err != nil {
			return nil, err
		}
		return nil, a.flows.takeHeld(ctx, name)
	}
	client, err := a.usable(name)
	if err != nil {
		return nil, err
	}
	go a.unlock()
	fl, err := a.flows.start(ctx, name, client, r)
	if err != nil {
		return nil, err
	}
	if providers.Mode(r.Mode) != providers.Browser {
		return fl, nil
	}
	return withBrowser{fl, a.browse(ctx, fl.at.URL)}, nil
}

// withBrowser is a flow whose page was opened for the caller, or was not.
type withBrowser struct {
	*flow
	err error
}

// Attempt says why no browser was opened; the flow goes on all the same.
func (w withBrowser) Attempt() api.Attempt {
	at := w.at
	at.Mode = string(providers.Browser)
	if w.err != nil {
		at.BrowserError = sentence(w.err)
	}
	return at
}

var errNoBrowser = errors.New("no browser can be opened here; open the URL yourself")

func (a *Agent) browse(ctx context.Context, url string) error {
	if a.opts.Open == nil {
		return errNoBrowser
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := a.opts.Open(ctx, url)
	if err != nil {
		a.log.Warn("the browser could not be opened", "err", err)
	}
	return err
}

// usable is the provider's client of a connection whose file could be used.
func (a *Agent) usable(name string) (*providers.Client, error) {
	if _, err := a.manager.Status(name); err != nil {
		return nil, err
	}
	c, ok := a.files.get(name)
	switch {
	case !ok: // removed this moment
		return nil, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: "There is no connection named " + name + ".", Hint: "authtray status"}
	case c.client == nil:
		return nil, &tokens.Error{Code: tokens.CodeMisconfigured, Reason: tokens.ReasonConfiguration, Detail: sentence(c.err)}
	}
	return c.client, nil
}

// unlock asks the user for a locked keychain, because they asked for something
// that needs it.
func (a *Agent) unlock() {
	ctx, cancel := context.WithTimeout(a.ended, userTime)
	defer cancel()
	if !errors.Is(a.opts.Store.Check(ctx), store.ErrLocked) {
		return
	}
	if err := a.opts.Store.Unlock(ctx); err != nil {
		a.log.Info("the keychain stays locked", "err", err)
	}
}

// Paste implements api.Agent.
func (a *Agent) Paste(ctx context.Context, name, url string) (api.Connection, error) {
	if _, err := a.manager.Status(name); err != nil {
		return api.Connection{}, err
	}
	fl := a.flows.of(name)
	if fl == nil {
		return api.Connection{}, connectFailed(name, "Nobody is waiting for this address: start again.")
	}
	select {
	case <-fl.ready:
	case <-ctx.Done():
		return api.Connection{}, ctx.Err()
	}
	if fl.under == nil {
		return fl.Wait(ctx)
	}
	var wrong *providers.PasteError
	if err := fl.under.Paste(ctx, url); errors.As(err, &wrong) {
		return api.Connection{}, &tokens.Error{Code: tokens.CodeBadRequest, Detail: wrong.Detail}
	}
	return fl.Wait(ctx)
}

// CancelConnect implements api.Agent. Where nothing is pending there is
// nothing to do.
func (a *Agent) CancelConnect(name string) error {
	if _, err := a.manager.Status(name); err != nil {
		return err
	}
	a.flows.cancelOne(name)
	return nil
}
