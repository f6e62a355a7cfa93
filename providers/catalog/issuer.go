package catalog

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
)

// IssuerVar returns the template variable that holds the URL of the issuer: the
// entry's issuer is that variable and nothing else, or the variable is called
// issuer, takes a URL and is used. It returns "" where the entry has none.
func (e Entry) IssuerVar() string {
	for _, name := range sortedKeys(e.Vars) {
		if e.Issuer == "{"+name+"}" {
			return name
		}
	}
	if v, ok := e.Vars["issuer"]; ok && v.pattern() == "url" && len(e.fieldsWith("issuer")) > 0 {
		return "issuer"
	}
	return ""
}

// AnyServer reports whether the entry is of no provider in particular: the user names
// the server by its URL (oidc, mcp).
func (e Entry) AnyServer() bool {
	for name, v := range e.Vars {
		if v.pattern() == "url" && e.Redirect.URL != "{"+name+"}" {
			return true
		}
	}
	return e.HasQuirk("mcp_bootstrap")
}

// NeedsApp reports whether a person has to register an app before a connection can
// sign in: nobody's client id will do, and no client registers itself (RFC 7591), as
// none does that needs a secret. A server that the user names may do that, or not.
func (e Entry) NeedsApp() bool {
	secret := e.Client.Secret == "" || e.Client.Secret == "required"
	return e.Client.ID == "" && (secret || e.Registration == "" && !e.AnyServer())
}

// IssuerVar is Entry.IssuerVar as it applies to the connection, whose provider's
// entry e is: with [override] laid over it, but for the issuer.
func (c Connection) IssuerVar(e Entry) (string, error) {
	e, err := c.withoutIssuer(e)
	return e.IssuerVar(), err
}

func (c Connection) withoutIssuer(e Entry) (Entry, error) {
	e = e.Clone()
	override := maps.Clone(c.Override)
	delete(override, "issuer")
	if err := overlay(&e, override); err != nil {
		return Entry{}, under("override", err)
	}
	return e, nil
}

// SetIssuer makes issuer the only issuer of the connection, whose provider's
// entry e is: the value of the entry's variable for it (Entry.IssuerVar), else the
// override of the issuer. An issuer that the connection has in another form is
// taken out. The address of its discovery document stands for the issuer. The
// error is one sentence, and the connection is as it was.
func (c *Connection) SetIssuer(e Entry, issuer string) error {
	issuer = withoutWellKnown(strings.TrimSpace(issuer))
	if text := issuerProblem(issuer); text != "" {
		return problem{"", "the issuer " + text}
	}
	plain, err := c.withoutIssuer(e)
	if err != nil {
		return err
	}
	variable := plain.IssuerVar()
	if _, has := c.Override["issuer"]; variable == "" && plain.Issuer == "" && !has && !plain.HasQuirk("mcp_bootstrap") {
		return problem{"", fmt.Sprintf("%s (%s) has no issuer: leave --issuer out, or use --provider oidc for a server that has a discovery document", e.Name, e.ID)}
	}
	c.Vars = maps.Clone(c.Vars)
	if len(plain.fieldsWith("issuer")) == 0 {
		delete(c.Vars, "issuer") // of a variable that is gone, or that nothing uses
	}
	if variable == "" {
		c.Override = nest(c.Override, []string{"issuer"}, issuer)
		return nil
	}
	if c.Vars == nil {
		c.Vars = map[string]string{}
	}
	c.Vars[variable] = issuer
	c.Override = without(without(c.Override, "issuer"), "vars", variable, "default")
	return nil
}

// without returns a copy of a table without the value at a path, and without the
// tables that are empty then.
func without(table map[string]any, path ...string) map[string]any {
	out := maps.Clone(table)
	if len(path) == 1 {
		delete(out, path[0])
		return out
	}
	inner, ok := out[path[0]].(map[string]any)
	if !ok {
		return out
	}
	if inner = without(inner, path[1:]...); len(inner) > 0 {
		out[path[0]] = inner
	} else {
		delete(out, path[0])
	}
	return out
}

// withoutWellKnown is the issuer whose discovery document is at a URL (RFC 8414 §3,
// OpenID Connect Discovery §4); what is no such URL comes back as it is.
func withoutWellKnown(raw string) string {
	base, rest, ok := strings.Cut(raw, "/.well-known/")
	if !ok {
		return raw
	}
	name, path, _ := strings.Cut(rest, "/")
	if name != "openid-configuration" && name != "oauth-authorization-server" {
		return raw
	}
	if path = strings.Trim(path, "/"); path != "" {
		return base + "/" + path
	}
	return base
}

// withScheme is a URL that was written without its scheme.
func withScheme(s string) string {
	if u, err := url.Parse("http://" + s); err == nil && IsLoopbackHost(u.Hostname()) {
		return u.String()
	}
	return "https://" + s
}

// issuerProblem says why a text cannot be an issuer's URL; "" if it can.
func issuerProblem(s string) string {
	switch {
	case s == "":
		return "is empty: give its URL, such as https://login.example.org"
	case !strings.Contains(s, "://") && valueProblem("url", "https://"+s) == "":
		return "has no scheme: did you mean " + withScheme(s) + "?"
	}
	return valueProblem("url", s)
}
