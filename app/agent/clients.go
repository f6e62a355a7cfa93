package agent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// keychain is the store, as the agent keeps client secrets in it and has the
// user unlock it.
type keychain struct {
	store store.Store
	own   *store.Ownership
	ended context.Context // the agent's
	log   *slog.Logger
}

// secretKey is where the client secret that the user gave is kept.
func secretKey(name string) string { return name + "#secret" }

// registeredKey is where the secret of a client that registered itself is kept:
// not in the place of the user's own.
func registeredKey(name string) string { return name + "#client" }

// secret is what is kept under a key; "" where there is nothing.
func (k *keychain) secret(ctx context.Context, key string) (string, error) {
	value, err := k.store.Get(ctx, key)
	if errors.Is(err, store.ErrAbsent) {
		return "", nil
	}
	return string(value), err
}

// setSecret keeps a connection's client secret. The user, who gave it, is asked
// to unlock a keychain that is locked.
func (k *keychain) setSecret(ctx context.Context, name, secret string) error {
	err := k.store.Set(ctx, secretKey(name), []byte(secret))
	if errors.Is(err, store.ErrLocked) {
		k.unlock()
		err = k.store.Set(ctx, secretKey(name), []byte(secret))
	}
	if err != nil {
		return keychainError(err)
	}
	return nil
}

// unlock asks the user for a locked keychain, because they asked for something
// that needs it.
func (k *keychain) unlock() {
	if err := k.unlockAndWait(k.ended); err != nil {
		k.log.Info("the keychain stays locked", "err", err)
	}
}

// unlockAndWait is unlock, for who wants to know how it ended.
func (k *keychain) unlockAndWait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	return k.store.Unlock(ctx)
}

// clientMaker makes the provider's client of a connection: with its secret,
// which is read at each use, and the id that it registered itself with.
type clientMaker struct {
	keychain   *keychain
	registered config.Clients
	agreed     config.Records[providers.Agreed]
	options    providers.ClientOptions // without those two
}

// make says what a connection's file lacks where it makes no client.
func (m clientMaker) make(known *catalog.Catalogue, conn catalog.Connection, certs certificates) (*providers.Client, error) {
	var client *providers.Client
	o := m.options
	o.Certificates = certs.readFile
	o.Registered = m.registered.At(conn.Name, catalog.Origin(conn.MCP)).Registration
	o.Agreed, _, _ = m.agreed.Load(conn.Name)
	keychain, name := m.keychain, conn.Name // not all of m and conn, for as long as the client lives
	o.Secret = func(ctx context.Context) (string, error) {
		if _, registered := client.Registered(); registered {
			return keychain.secret(ctx, registeredKey(name))
		}
		return keychain.secret(ctx, secretKey(name))
	}
	client, err := providers.NewClient(known, conn, o)
	return client, err
}

// registeredClients are the clients that register themselves (RFC 7591): at MCP
// servers, and at any provider that registers clients where the user gave no id.
// The id is kept in the state folder, the secret, if there is one, in the
// keychain.
type registeredClients struct {
	records       config.Clients
	keychain      *keychain
	configuration *configuration
	manager       *tokens.Manager
	now           func() time.Time
	log           *slog.Logger
}

// identify gives a sign-in a client that its provider knows, as far as can be
// told: the configured one, the one registered before, or one that is registered
// now. fresh says that it is new.
func (c *registeredClients) identify(ctx context.Context, name string, client *providers.Client) (_ *providers.Client, fresh bool, err error) {
	issuer, need, err := client.NeedsRegistration(ctx)
	if err != nil {
		return nil, false, err
	}
	r, has := client.Registered()
	switch {
	case !need && !has, need && has && c.keeps(name, r, issuer):
		return client, false, nil
	case !need:
		c.forget(ctx, name)
		c.configuration.touch(name)
		client, err = c.configuration.usable(name)
		return client, false, err
	}
	client, err = c.register(ctx, name, client)
	return client, true, err
}

// keeps says that a registered client can be used for another sign-in. While a
// grant lives that was made with it, nothing but another issuer is a reason to
// give it up, and a provider that refuses it: had another one been to be had, it
// would have taken its place.
func (c *registeredClients) keeps(name string, r providers.Registration, issuer string) bool {
	if r.Issuer != issuer {
		return false
	}
	st, err := c.manager.Status(name)
	switch {
	case err == nil && st.State == tokens.Connected:
		return true
	case err == nil && st.Reason == tokens.ReasonClientRefused:
		return false
	}
	over := !r.SecretUntil.IsZero() && !c.now().Before(r.SecretUntil)
	return !over && !c.records.Load(name).Doubted && providers.RedirectUsable(r.RedirectURI)
}

// register registers a client, keeps it, and returns it as it was taken up.
func (c *registeredClients) register(ctx context.Context, name string, client *providers.Client, more ...string) (*providers.Client, error) {
	old, _ := client.Registered()
	redirect, err := client.NewRedirectURI(ctx)
	if err != nil {
		return nil, err
	}
	r, err := client.Register(ctx, []string{redirect}, more...)
	if err != nil {
		return nil, err
	}
	if r.ClientSecret == "" {
		c.keychain.store.Delete(ctx, registeredKey(name)) // that of the one before, which nobody uses any more
	} else if err := c.keychain.store.Set(ctx, registeredKey(name), []byte(r.ClientSecret)); err != nil {
		return nil, keychainError(err)
	}
	now := config.Registered{Registration: r, Place: catalog.Origin(client.Connection().MCP)}
	if old.Issuer == r.Issuer {
		now.Replaces = old.ClientID
	}
	if err := c.records.Save(name, now.Before(c.records.Load(name))); err != nil {
		return nil, asError(err, codeFailed, "The client that the provider registered cannot be kept: "+err.Error()+".", "")
	}
	c.log.Info("a client registered itself", "connection", name, "issuer", r.Issuer)
	c.configuration.touch(name)
	return c.configuration.usable(name)
}

// forget forgets the client that registered itself; one that is not known costs
// nothing.
func (c *registeredClients) forget(ctx context.Context, name string) {
	if c.records.Load(name).ClientID == "" {
		return
	}
	if err := errors.Join(c.records.Forget(name), c.keychain.store.Delete(ctx, registeredKey(name))); err != nil {
		c.log.Warn("the client that registered itself cannot be forgotten", "connection", name, "err", err)
	}
}

// doubt is told how a sign-in with a client that was registered before ended. A
// provider that no longer knows the client tells it to the person in the browser,
// and to us nothing, or at last when the code is exchanged.
func (c *registeredClients) doubt(name string, ended error) {
	r := c.records.Load(name)
	silent := errors.Is(ended, providers.ErrTimedOut) || errors.Is(ended, providers.ErrCanceled) || errors.Is(ended, context.Canceled)
	if r.ClientID == "" || r.Doubted || !silent && !refusesClient(ended) {
		return
	}
	r.Doubted = true
	if err := c.records.Save(name, r); err != nil {
		c.log.Warn("what is known of a client cannot be kept", "connection", name, "err", err)
	}
}

// refusesClient: the provider says that it does not know the client.
func refusesClient(err error) bool {
	var f *refusal.Failure
	return errors.As(err, &f) && slices.Contains([]string{"invalid_client", "unauthorized_client", "invalid_client_id"}, f.Code)
}

// registerAgainAfter is how soon a client may be registered again because its
// refresh was refused.
const registerAgainAfter = time.Hour

// replaceRefused registers a client again that its provider no longer knows,
// until ctx ends. The grant that was made with the old one is over; that the user
// has to reconnect is then said at once, and not when somebody looks. A provider
// that is slow to answer keeps no other waiting.
func (c *registeredClients) replaceRefused(ctx context.Context) {
	work := background{log: c.log}
	defer work.wait()
	changes := c.manager.Subscribe()
	defer changes.Stop()
	tried := map[string]time.Time{}
	for {
		names, err := changes.Wait(ctx)
		if err != nil {
			return
		}
		for _, name := range names {
			st, err := c.manager.Status(name)
			now := c.now()
			if err != nil || st.Reason != tokens.ReasonClientRefused || now.Sub(tried[name]) < registerAgainAfter {
				continue
			}
			tried[name] = now
			work.start(name, func() { c.replace(ctx, name) })
		}
	}
}

// replace looks a second time before it gives the client up: one bad answer is
// no verdict.
func (c *registeredClients) replace(ctx context.Context, name string) {
	file, ok := c.configuration.get(name)
	if !ok || file.client == nil {
		return
	}
	if _, registered := file.client.Registered(); !registered {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	var e *tokens.Error
	if _, err := c.manager.Refresh(ctx, name); !errors.As(err, &e) || e.Reason != tokens.ReasonClientRefused {
		return
	}
	if _, err := c.register(ctx, name, file.client); err != nil {
		c.log.Warn("the provider no longer knows the client, and registers no other", "connection", name, "err", err)
	}
}
