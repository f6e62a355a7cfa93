package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/tools/hosts"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// connectionViews are the connections as the socket shows them.
type connectionViews struct {
	manager       *tokens.Manager
	configuration *configuration
	accounts      *accounts
	mcp           *mcpServers
	history       *history
	questions     func() []notify.Question // that the user is asked now
}

func (v *connectionViews) list() []api.Connection {
	var all []api.Connection
	for _, st := range v.manager.List() {
		all = append(all, v.view(st).Brief())
	}
	return all
}

// get is a connection with its configuration.
func (v *connectionViews) get(name string) (api.Connection, error) {
	st, err := v.manager.Status(name)
	if err != nil {
		return api.Connection{}, err
	}
	c := v.view(st)
	c.Events = v.history.of(name)
	if file, ok := v.configuration.get(name); ok {
		conn := file.conn
		c.Config = &conn
	}
	return c, nil
}

func (v *connectionViews) view(st tokens.Status) api.Connection {
	c := api.Connection{Status: st}
	c.Account = v.accounts.name(st)
	c.Note = v.accounts.sharedNote(st)
	if file, ok := v.configuration.get(st.Name); ok {
		if file.client != nil {
			c.Asked = file.client.AskedScopes()
			c.Withheld = v.configuration.withheldOf(c)
			c.Note = strings.TrimSpace(c.Note + " " + noteUnrenewable(st, file.client.Entry(), file.client.RefreshScope()))
		}
		c.ConfigError = file.fault()
		c.MCP = v.mcp.of(st.Name)
	}
	for _, q := range v.questions() {
		if q.About == st.Name {
			c.Question = q.English
			break
		}
	}
	return c
}

// keepWithheld keeps which scopes a sign-in asked for and did not get.
func (c *configuration) keepWithheld(name string, scopes []string) {
	err := c.withheld.Remove(name)
	if len(scopes) > 0 {
		err = c.withheld.Save(name, scopes)
	}
	if err != nil {
		c.log.Warn("which scopes were not granted cannot be kept", "connection", name, "err", err)
	}
}

// withheldOf are those of the scopes that a connection lacks that its last sign-in
// asked for in vain.
func (c *configuration) withheldOf(conn api.Connection) []string {
	lacking := conn.NotGranted()
	if len(lacking) == 0 {
		return nil
	}
	scopes, _, err := c.withheld.Load(conn.Name)
	if err != nil {
		c.log.Warn("which scopes were not granted cannot be read", "connection", conn.Name, "err", err)
	}
	return slices.DeleteFunc(lacking, func(s string) bool { return !slices.Contains(scopes, s) })
}

// noteUnrenewable is what a person should know of a sign-in that brought nothing to
// renew its token with, and how to have one that does; "" for any other. Some
// providers give a refresh token only the first time, or to who asks for consent
// anew (Google), or for a scope of its own (OpenID Connect's offline_access).
// scope is the one that it would come with, where that was not asked for.
func noteUnrenewable(st tokens.Status, e catalog.Entry, scope string) string {
	if st.State != tokens.Connected || st.Refreshable || st.ExpiresAt == nil {
		return ""
	}
	why := fmt.Sprintf("%s gave no refresh token, so you have to sign in again when this token ends.", providerName(st))
	if scope != "" && !slices.Contains(st.Scopes, scope) {
		return fmt.Sprintf("%s To ask for one, run: authtray connect %s --scope %s", why, st.Name, scope)
	}
	if e.MCP != "" || e.HasQuirk("mcp_bootstrap") || e.Registration != "" && !e.NeedsApp() {
		return why // the server decides, and there is no app to look at
	}
	if e.AuthorizeOpts.Params["prompt"] != "consent" {
		return fmt.Sprintf("%s Some providers give one only when they ask for your consent anew. To have them ask, run: authtray add %s --set authorize_opts.params.prompt=consent && authtray connect %s", why, st.Name, st.Name)
	}
	return why + " Look in the app's settings there whether it may have one (offline access)."
}

// followNotes has a connection shown again where its note changed because of what
// became of another one, until ctx ends.
func (v *connectionViews) followNotes(ctx context.Context) {
	changes := v.manager.Subscribe()
	defer changes.Stop()
	notes := map[string]string{}
	for {
		was := notes
		notes = map[string]string{}
		for _, st := range v.manager.List() {
			notes[st.Name] = v.accounts.sharedNote(st)
			if notes[st.Name] != was[st.Name] {
				v.manager.Touch(st.Name)
			}
		}
		if _, err := changes.Wait(ctx); err != nil {
			return
		}
	}
}

// forHost is the connection that answers for a host; see package hosts. One of an MCP
// server yields to others unless its file says which hosts it answers for.
func (v *connectionViews) forHost(host, path, user string) (api.HostMatch, error) {
	var all []hosts.Connection
	found := map[string]api.HostMatch{}
	for name, c := range v.configuration.all() {
		if c.client == nil {
			continue
		}
		st, err := v.manager.Status(name)
		if err != nil {
			st.Name = name
		}
		account := v.accounts.name(st)
		yields := c.conn.MCP != "" && len(c.conn.Hosts) == 0
		all = append(all, hosts.Connection{Name: name, Account: account, Hosts: c.client.Hosts(), Yields: yields})
		found[name] = api.HostMatch{Name: name, Provider: c.client.Entry().ID, Account: account}
	}
	name, err := hosts.Match(all, host, path, user)
	var r *hosts.Refusal
	switch {
	case !errors.As(err, &r):
		return found[name], err
	case r.Reason == hosts.None:
		return api.HostMatch{}, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: r.Detail}
	}
	return api.HostMatch{}, &tokens.Error{Code: api.CodeUnclearHost, Reason: tokens.Reason(r.Reason), Detail: r.Detail}
}

// rules are what a connection's entry says of the use of its tokens.
func (v *connectionViews) rules(name string) catalog.APIRules {
	if client := v.configuration.client(name); client != nil {
		return client.Entry().API
	}
	return catalog.APIRules{}
}

// connectionRemover revokes grants, and removes connections.
type connectionRemover struct {
	manager       *tokens.Manager
	configuration *configuration
	accounts      *accounts
	clients       *registeredClients
	signIns       *signIns
	mcp           *mcpServers
	history       *history
	gate          Gate
	ended         context.Context // the agent's
	log           *slog.Logger
	background    *background
}

// disconnect revokes a grant at its provider, and erases it here. later says
// that this is carried out only once the keychain opens.
func (r *connectionRemover) disconnect(ctx context.Context, name string) (removed api.Removed, later bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	if err := r.manager.Loaded(ctx, name); err != nil { // what was not read yet could not be revoked
		return api.Removed{}, false, err
	}
	before, err := r.manager.Status(name)
	if err != nil {
		return api.Removed{}, false, err
	}
	if err := r.clients.keychain.lost(); err != nil {
		return api.Removed{}, false, err
	}
	r.signIns.cancel(name, false)
	shared := r.accounts.sharing(name)
	gave, err := r.manager.Disconnect(ctx, name)
	var e *tokens.Error
	switch {
	case errors.As(err, &e):
		return api.Removed{}, false, err
	case errors.Is(err, tokens.ErrLocked):
		return api.Removed{Detail: "The grant cannot be read now. It is erased here, and revoked at " + providerName(before) + " as soon as the keychain opens."}, true, nil
	case errors.Is(err, tokens.ErrNotKept):
		return api.Removed{Detail: "The state folder cannot be written. The grant is erased here, and revoked at " + providerName(before) + " as soon as it can be."}, true, nil
	case err != nil:
		return api.Removed{Detail: r.notRevoked(before, err)}, false, nil
	case before.Reason == tokens.ReasonRecordDamaged:
		return api.Removed{Detail: "The keychain item could not be read, so " + providerName(before) + " was not told. You can remove access in your account there."}, false, nil
	case !gave:
		return api.Removed{Detail: fmt.Sprintf("%s was not connected, so there was nothing to revoke.", name)}, false, nil
	case len(shared) == 0:
		return api.Removed{Revoked: true}, false, nil
	}
	for _, other := range shared { // what became of them is found out now, and not when a tool fails
		r.background.start(other, func() { r.check(other) })
	}
	return api.Removed{Revoked: true, Detail: fmt.Sprintf("%s is the same account at %s, which keeps one grant for each user and app, so its access has probably ended too; Authtray is looking.",
		strings.Join(shared, " and "), providerName(before))}, false, nil
}

// notRevoked says that the grant may live on at the provider, and where the user
// ends it there.
func (r *connectionRemover) notRevoked(st tokens.Status, err error) string {
	var f *refusal.Failure
	if errors.As(err, &f) && f.Code == providers.CodeNoRevocation {
		return "The grant is erased here. " + f.Detail
	}
	why := text.Sentence(err.Error())
	if f != nil {
		why = f.Detail
	}
	where := "in your account there"
	if c, ok := r.configuration.get(st.Name); ok && c.client != nil && c.client.UserRevokeURL() != "" {
		where = "at " + c.client.UserRevokeURL()
	}
	return fmt.Sprintf("The grant is erased here, but %s was not told: %s You can remove access %s.", providerName(st), why, where)
}

// check renews a connection's token to see whether its grant still lives.
func (r *connectionRemover) check(name string) {
	ctx, cancel := context.WithTimeout(r.ended, userTime)
	defer cancel()
	if _, err := r.manager.Refresh(ctx, name); err != nil {
		r.log.Info("it was looked at whether a connection still works", "connection", name, "err", err)
	}
}

// remove disconnects a connection, and forgets it with its file and its secrets.
func (r *connectionRemover) remove(ctx context.Context, name string) (api.Removed, error) {
	if _, err := r.manager.Status(name); err != nil {
		return api.Removed{}, err
	}
	if err := config.Writable(r.configuration.paths.Connections()); err != nil { // before anything is revoked
		return api.Removed{}, notRemoved(err)
	}
	removed, later, err := r.disconnect(ctx, name)
	if err != nil {
		return removed, err
	}
	if later { // a later process will know that it has to go, and no longer where it came from
		removed.Detail += " If Authtray is restarted before that, it is only erased."
	}
	if err := r.configuration.remove(name); err != nil {
		return removed, err
	}
	r.accounts.forget(name)
	if err := r.mcp.records.Remove(name); err != nil {
		r.log.Warn("what its MCP server said last cannot be forgotten", "connection", name, "err", err)
	}
	if err := r.gate.Forget(name); err != nil {
		r.log.Warn("which programs were allowed cannot be forgotten", "connection", name, "err", err)
	}
	r.history.save(name)
	r.clients.forget(ctx, name)
	r.configuration.keepWithheld(name, nil)
	if err := r.configuration.agreed.Remove(name); err != nil {
		r.log.Warn("what was agreed to cannot be forgotten", "connection", name, "err", err)
	}
	if err := r.clients.keychain.store.Delete(ctx, secretKey(name)); err != nil {
		removed.Detail = strings.TrimSpace(removed.Detail + " The client secret is still in the keychain, which is locked or cannot be reached.")
	}
	return removed, nil
}

// eraseRemoved has erased what is left in the keychain of connections that were
// removed while it was locked.
func (r *connectionRemover) eraseRemoved() {
	var removed []string
	for _, name := range config.NoteNames(r.configuration.paths.State) {
		if _, there := r.configuration.get(name); !there {
			removed = append(removed, name)
		}
	}
	r.manager.Sweep(removed)
}
