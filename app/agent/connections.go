package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
)

const codeFailed = api.CodeFailed

// Connections implements api.Agent.
func (a *Agent) Connections() []api.Connection {
	var all []api.Connection
	for _, st := range a.manager.List() {
		st.Events = nil
		all = append(all, a.describe(st, false))
	}
	return all
}

// Connection implements api.Agent.
func (a *Agent) Connection(name string) (api.Connection, error) {
	st, err := a.manager.Status(name)
	if err != nil {
		return api.Connection{}, err
	}
	return a.describe(st, true), nil
}

func (a *Agent) describe(st tokens.Status, whole bool) api.Connection {
	c := api.Connection{Status: st}
	if st.Account == "" {
		c.Account = label(a.memory.Load(st.Name)) // of a grant that is gone
	}
	c.Note = a.noteShared(st)
	file, ok := a.files.get(st.Name)
	if !ok {
		return c
	}
	if whole {
		conn := file.conn
		c.Config = &conn
	}
	if file.err != nil {
		c.ConfigError = file.err.Error()
	}
	return c
}

// Put implements api.Agent.
func (a *Agent) Put(_ context.Context, name string, conn catalog.Connection) (api.Connection, error) {
	conn.Name = name
	if err := a.files.write(conn); err != nil {
		return api.Connection{}, err
	}
	return a.Connection(name)
}

// Delete implements api.Agent.
func (a *Agent) Delete(ctx context.Context, name string) (api.Removed, error) {
	if _, err := a.manager.Status(name); err != nil {
		return api.Removed{}, err
	}
	if err := config.Writable(a.opts.Paths.Connections()); err != nil { // before anything is given back
		return api.Removed{}, notRemoved(err)
	}
	removed, later, err := a.disconnect(ctx, name)
	if err != nil {
		return removed, err
	}
	if later { // a later process will know that it has to go, and no longer where it came from
		removed.Detail += " If Authtray is restarted before that, it is only erased."
	}
	if err := a.files.remove(name); err != nil {
		return removed, err
	}
	if err := a.memory.Forget(name); err != nil {
		a.log.Warn("whose account it was cannot be forgotten", "connection", name, "err", err)
	}
	if err := a.opts.Gate.Forget(name); err != nil {
		a.log.Warn("which programs were allowed cannot be forgotten", "connection", name, "err", err)
	}
	a.forgetClient(ctx, name)
	if err := a.opts.Store.Delete(ctx, secretKey(name)); err != nil {
		removed.Detail = join(removed.Detail, "The client secret is still in the keychain, which is locked or cannot be reached.")
	}
	return removed, nil
}

func notRemoved(err error) error {
	return asError(err, codeFailed, "The connection's file cannot be removed: "+err.Error()+".", "")
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// Disconnect implements api.Agent.
func (a *Agent) Disconnect(ctx context.Context, name string) (api.Removed, error) {
	removed, _, err := a.disconnect(ctx, name)
	return removed, err
}

// disconnect says whether it is carried out only once the keychain opens.
func (a *Agent) disconnect(ctx context.Context, name string) (removed api.Removed, later bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	if err := a.manager.Loaded(ctx, name); err != nil { // what was not read yet could not be given back
		return api.Removed{}, false, err
	}
	before, err := a.manager.Status(name)
	if err != nil {
		return api.Removed{}, false, err
	}
	a.flows.cancelOne(name)
	shared := a.sharing(name)
	gave, err := a.manager.Disconnect(ctx, name)
	var e *tokens.Error
	switch {
	case errors.As(err, &e):
		return api.Removed{}, false, err
	case errors.Is(err, tokens.ErrLocked):
		return api.Removed{Detail: "The grant cannot be read now. It is erased here, and given back to " + providerName(before) + ", as soon as the keychain opens."}, true, nil
	case errors.Is(err, tokens.ErrNotKept):
		return api.Removed{Detail: "The state folder cannot be written. The grant is erased here, and given back to " + providerName(before) + ", as soon as it can."}, true, nil
	case err != nil:
		return api.Removed{Detail: a.notRevoked(before, err)}, false, nil
	case before.Reason == tokens.ReasonRecordDamaged:
		return api.Removed{Detail: "The keychain item could not be read, so " + providerName(before) + " was not told. You can remove access in your account there."}, false, nil
	case !gave:
		return api.Removed{Detail: fmt.Sprintf("%s was not connected, so there was nothing to give back.", name)}, false, nil
	}
	return api.Removed{Revoked: true, Detail: a.partedFrom(before, shared)}, false, nil
}

// notRevoked says that the grant may live on at the provider, and where the user
// ends it there.
func (a *Agent) notRevoked(st tokens.Status, err error) string {
	var f *refusal.Failure
	if errors.As(err, &f) && f.Code == providers.CodeNoRevocation {
		return "The grant is erased here. " + f.Detail
	}
	why := sentence(err)
	if f != nil {
		why = f.Detail
	}
	where := "in your account there"
	if c, ok := a.files.get(st.Name); ok && c.client != nil && c.client.UserRevokeURL() != "" {
		where = "at " + c.client.UserRevokeURL()
	}
	return fmt.Sprintf("The grant is erased here, but %s was not told: %s You can remove access %s.", providerName(st), why, where)
}

func providerName(st tokens.Status) string {
	if st.ProviderName != "" {
		return st.ProviderName
	}
	return st.Provider
}

// Token implements api.Agent.
func (a *Agent) Token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error) {
	var t tokens.Token
	err := a.admit(ctx, name)
	if err == nil {
		t, err = a.manager.Token(ctx, name, w)
	}
	a.audit(ctx, name, audit.Token, err)
	return t, err
}

// Rejected implements api.Agent.
func (a *Agent) Rejected(ctx context.Context, name, accessToken string) (tokens.Token, error) {
	var t tokens.Token
	err := a.admit(ctx, name)
	if err == nil {
		t, err = a.manager.Rejected(ctx, name, accessToken)
	}
	a.audit(ctx, name, audit.Rejected, err)
	return t, err
}

// Refresh implements api.Agent.
func (a *Agent) Refresh(ctx context.Context, name string) (api.Connection, error) {
	if _, err := a.manager.Refresh(ctx, name); err != nil {
		return api.Connection{}, err
	}
	return a.Connection(name)
}

// Subscribe implements api.Agent.
func (a *Agent) Subscribe() (<-chan tokens.Status, <-chan string, func()) {
	changes, stopChanges := a.manager.Subscribe()
	removed, stopRemoved := a.removed.subscribe()
	return changes, removed, func() { stopChanges(); stopRemoved() }
}
