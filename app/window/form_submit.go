package window

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"fyne.io/fyne/v2"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/client"
)

// filled is what the form says, cleaned.
type filled struct {
	name   string
	cfg    catalog.Connection
	secret string
}

func (f *form) value(name string) string {
	if at, ok := f.fields[name]; ok {
		return pasted(at.Text)
	}
	return ""
}

// read takes what the form says. Fields that it does not show stay as they were.
func (f *form) read() filled {
	scopes := f.scopes.value()
	c := f.connection()
	if c.Scopes = scopes; slices.Equal(c.Scopes, f.entry.DefaultScopes()) {
		c.Scopes = nil // the provider's own, also when a later version changes them
	}
	c.Hosts = strings.FieldsFunc(f.value(fieldHosts), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	c.Override = withAPI(c.Override, f.value(fieldAPI))
	return filled{name: f.value(fieldName), cfg: c, secret: f.value(fieldSecret)}
}

// connection is what has been typed so far, which need not be right.
func (f *form) connection() catalog.Connection {
	c := f.before
	c.Name = f.value(fieldName)
	c.Provider, c.ClientID, c.MCP = f.entry.ID, f.value(fieldID), f.value(fieldMCP)
	c.Scopes = f.scopes.list
	c.Vars = maps.Clone(c.Vars)
	for name, v := range f.entry.Vars {
		if c.Vars == nil {
			c.Vars = map[string]string{}
		}
		if c.Vars[name] = cleanVar(v, f.value(fieldVar+name)); c.Vars[name] == "" {
			delete(c.Vars, name)
		}
	}
	return c
}

// apiBase is the API's address that a connection has of its own.
func apiBase(c catalog.Connection) string {
	own, _ := c.Override["api"].(map[string]any)
	base, _ := own["base"].(string)
	return base
}

// withAPI is an [override] with the API's address in it, or without one.
func withAPI(override map[string]any, base string) map[string]any {
	own, _ := override["api"].(map[string]any)
	own = maps.Clone(own)
	delete(own, "base")
	if base != "" {
		if own == nil {
			own = map[string]any{}
		}
		own["base"] = base
	}
	out := maps.Clone(override)
	delete(out, "api")
	if len(own) > 0 {
		if out == nil {
			out = map[string]any{}
		}
		out["api"] = own
	}
	return out
}

// check marks every field that cannot be right, and reports whether none was.
func (f *form) check(in filled, mode providers.Mode) bool {
	n := needsOf(f.entry)
	errs := map[string]error{fieldName: checkName(in.name, f.taken)}
	errs[fieldID] = checkCredential(in.cfg.ClientID, n.clientID, tr("Paste the client ID that the provider shows for your app."))
	secret := n.secret
	if f.entry.Client.Secret == "web_only" && mode == providers.Browser {
		secret = always
	}
	if f.editing != "" {
		secret = min(secret, maybe) // it is in the keychain already
	}
	errs[fieldSecret] = checkCredential(in.secret, secret, tr("Paste the client secret that the provider shows for your app."))
	if n.mcp {
		errs[fieldMCP] = checkVar(catalog.Var{Pattern: "url"}, in.cfg.MCP)
	}
	if base := apiBase(in.cfg); base != "" {
		errs[fieldAPI] = checkVar(catalog.Var{Pattern: "url"}, base)
	}
	for name, v := range f.entry.Vars {
		errs[fieldVar+name] = checkVar(v, in.cfg.Vars[name])
	}
	for name, err := range errs {
		if at := f.fields[name]; at != nil && err != nil {
			at.wrong(err.Error())
		} else {
			errs[name] = nil
		}
	}
	return f.focusWrong(errs)
}

// focusWrong goes to the first field with an error.
func (f *form) focusWrong(errs map[string]error) bool {
	for _, name := range f.order {
		if errs[name] != nil {
			f.goTo(name)
			return false
		}
	}
	return true
}

// goTo gives a field the focus, also one that is folded away.
func (f *form) goTo(name string) {
	if n := needsOf(f.entry); name == fieldAPI || name == fieldHosts || (n.alone && name != fieldMCP && !strings.HasPrefix(name, fieldVar)) {
		f.showMore()
	}
	at := f.fields[name].entry
	f.u.focus(at)
	f.u.reveal(at) // also where it had the focus already
	f.u.out.after(drawnBy, func() {
		f.u.out.do(func() {
			if f.u.focused() == fyne.Focusable(at) {
				f.u.reveal(at)
			}
		})
	})
}

// drawnBy is when a form that was opened just now has been drawn. Before, the toolkit
// does not know where in the window its fields are.
const drawnBy = 200 * time.Millisecond

// submit saves what the form says, and connects where it is new.
func (f *form) submit(mode providers.Mode) {
	for _, at := range f.fields {
		at.clear()
	}
	f.general.clear()
	in := f.read()
	if f.busy || !f.check(in, mode) {
		return
	}
	f.working(true)
	tell(f.u, func(ctx context.Context) error { return save(ctx, f.u.agent, in) }, func(err error) {
		f.working(false)
		if err != nil {
			f.failed(err)
			return
		}
		f.saved(in, mode)
	})
}

// save writes the connection, then its secret: a secret needs a connection.
func save(ctx context.Context, agent Agent, in filled) error {
	if err := agent.Put(ctx, in.name, in.cfg); err != nil {
		return err
	}
	if in.secret == "" {
		return nil
	}
	return agent.SetSecret(ctx, in.name, in.secret)
}

func (f *form) saved(in filled, mode providers.Mode) {
	if secret, ok := f.fields[fieldSecret]; ok {
		secret.SetText("")
	}
	delete(f.drafts, f.entry.ID)
	if f.editing != "" {
		f.u.say(tr("{{.Name}} is saved.", "Name", in.name))
		f.u.show(viewConnections)
		f.u.list.choose(in.name)
		return
	}
	f.editing = in.name // going back from here changes it
	f.u.flow.begin(in.name, f.entry, mode)
}

func (f *form) working(on bool) {
	f.busy = on
	for _, b := range f.submits {
		if on {
			b.Disable()
		} else {
			b.Enable()
		}
	}
}

func (f *form) failed(err error) {
	var p *client.Problem
	if errors.As(err, &p) {
		f.blame(p)
		return
	}
	f.general.wrong(explain(err))
}

// blame puts the agent's sentence next to the field that it concerns.
func (f *form) blame(p *client.Problem) {
	name := fieldOf(p)
	at, ok := f.fields[name]
	if !ok {
		f.general.wrong(foreign(p.Sentence()))
		return
	}
	at.wrong(foreign(p.Sentence()))
	if name == fieldID {
		at.hint = nil // that it may stay empty is what was refused
	}
	f.goTo(name)
}
