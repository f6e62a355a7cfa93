package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// This file is the clients that register themselves (RFC 7591): MCP servers, and
// any provider that registers clients where the user gave no id. The id is kept
// in the state folder, the secret, if there is one, in the keychain.

// registeredKey is where the secret of a client that registered itself is kept:
// not in the place of the user's own.
func registeredKey(name string) string { return name + "#client" }

func (a *Agent) clients() config.Clients { return config.NewClients(a.opts.Paths.State) }

// clientSecret gives the secret that belongs to the client in use.
func (a *Agent) clientSecret(name string, registered bool) func(context.Context) (string, error) {
	if !registered {
		return a.secret(name)
	}
	return func(ctx context.Context) (string, error) {
		value, err := a.opts.Store.Get(ctx, registeredKey(name))
		if errors.Is(err, store.ErrAbsent) {
			return "", nil
		}
		return string(value), err
	}
}

// identified gives a flow a client that its provider knows, as far as can be
// told: the configured one, the one registered before, or one that is registered
// now. fresh says that it is new.
func (a *Agent) identified(ctx context.Context, name string, client *providers.Client) (_ *providers.Client, fresh bool, err error) {
	issuer, need, err := client.NeedsRegistration(ctx)
	if err != nil {
		return nil, false, err
	}
	r, has := client.Registered()
	switch {
	case !need && !has, need && has && a.keeps(name, r, issuer):
		return client, false, nil
	case !need:
		a.forgetClient(ctx, name)
		a.files.touch(name)
	default:
		fresh = true
		if err := a.register(ctx, name, client); err != nil {
			return nil, false, err
		}
	}
	client, err = a.usable(name)
	return client, fresh, err
}

// keeps says that a registered client can be used for another sign-in. While a
// grant lives that was made with it, nothing but another issuer is a reason to
// give it up.
func (a *Agent) keeps(name string, r providers.Registration, issuer string) bool {
	if r.Issuer != issuer {
		return false
	}
	if st, err := a.manager.Status(name); err == nil && st.State == tokens.Connected {
		return true
	}
	over := !r.SecretUntil.IsZero() && !a.opts.Clock.Now().Before(r.SecretUntil)
	return !over && !a.clients().Load(name).Doubted && providers.RedirectUsable(r.RedirectURI)
}

// register registers a client, keeps it, and takes it up.
func (a *Agent) register(ctx context.Context, name string, client *providers.Client) error {
	old, _ := client.Registered()
	redirect, err := client.NewRedirectURI()
	if err != nil {
		return err
	}
	r, err := client.Register(ctx, []string{redirect})
	if err != nil {
		return err
	}
	if err := a.keepSecret(ctx, name, r.ClientSecret); err != nil {
		return err
	}
	if err := a.clients().Save(name, config.Registered{Registration: r, Replaces: old.ClientID}); err != nil {
		return asError(err, codeFailed, "The client that the provider registered cannot be kept: "+err.Error()+".", "")
	}
	a.log.Info("a client registered itself", "connection", name, "issuer", r.Issuer)
	a.files.touch(name)
	return nil
}

func (a *Agent) keepSecret(ctx context.Context, name, secret string) error {
	var err error
	if secret == "" {
		err = a.opts.Store.Delete(ctx, registeredKey(name))
	} else {
		err = a.opts.Store.Set(ctx, registeredKey(name), []byte(secret))
	}
	if err != nil && secret != "" {
		return keychainError(err)
	}
	return nil
}

// forgetClient forgets the client that registered itself; one that is not known
// costs nothing.
func (a *Agent) forgetClient(ctx context.Context, name string) {
	if a.clients().Load(name).ClientID == "" {
		return
	}
	if err := errors.Join(a.clients().Forget(name), a.opts.Store.Delete(ctx, registeredKey(name))); err != nil {
		a.log.Warn("the client that registered itself cannot be forgotten", "connection", name, "err", err)
	}
}

// doubtClient is told how a flow with a client that was registered before ended.
// A provider that no longer knows the client tells it to the person in the
// browser, and to us nothing, or at last when the code is exchanged.
func (a *Agent) doubtClient(name string, ended error) {
	r := a.clients().Load(name)
	silent := errors.Is(ended, providers.ErrTimedOut) || errors.Is(ended, providers.ErrCanceled) || errors.Is(ended, context.Canceled)
	if r.ClientID == "" || r.Doubted || !silent && !refusesClient(ended) {
		return
	}
	r.Doubted = true
	if err := a.clients().Save(name, r); err != nil {
		a.log.Warn("what is known of a client cannot be kept", "connection", name, "err", err)
	}
}

// refusesClient: the provider says that it does not know the client.
func refusesClient(err error) bool {
	var f *refusal.Failure
	return errors.As(err, &f) && slices.Contains([]string{"invalid_client", "unauthorized_client", "invalid_client_id"}, f.Code)
}

// againAfter is how soon a client may be registered again because its refresh
// was refused.
const againAfter = time.Hour

// mendClients registers a client again that its provider no longer knows, until
// ctx ends. The grant that was made with the old one is over; that the user has
// to reconnect is then said at once, and not when somebody looks.
func (a *Agent) mendClients(ctx context.Context) {
	changes, stop := a.manager.Subscribe()
	defer stop()
	tried := map[string]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case st := <-changes:
			now := a.opts.Clock.Now()
			if st.Reason != tokens.ReasonClientRefused || now.Sub(tried[st.Name]) < againAfter {
				continue
			}
			tried[st.Name] = now
			a.clientRefused(ctx, st.Name)
		}
	}
}

// clientRefused looks a second time before it gives the client up: one bad
// answer is no verdict.
func (a *Agent) clientRefused(ctx context.Context, name string) {
	file, ok := a.files.get(name)
	if !ok || file.client == nil {
		return
	}
	if _, registered := file.client.Registered(); !registered {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	var e *tokens.Error
	if _, err := a.manager.Refresh(ctx, name); !errors.As(err, &e) || e.Reason != tokens.ReasonClientRefused {
		return
	}
	if err := a.register(ctx, name, file.client); err != nil {
		a.log.Warn("the provider no longer knows the client, and registers no other", "connection", name, "err", err)
	}
}
