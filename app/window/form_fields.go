package window

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/name"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// asked is how far a provider needs a field.
type asked int

const (
	never asked = iota
	maybe
	always
)

// needs is what a provider needs to be told.
type needs struct {
	vars     []string // template variables, in the order they are asked
	mcp      bool     // the URL of an MCP server
	clientID asked
	secret   asked
	register bool // the user registers an app
	redirect bool // and enters our redirect URI there
	device   bool // a code can be typed in elsewhere (RFC 8628)
	browser  bool // there is a page to be sent to
	alone    bool // an address is enough: Authtray registers itself

	scopesFirst bool // the steps name the scopes, which are chosen before
}

// needsOf reads an entry. An empty client.secret means "required".
func needsOf(e api.Provider) needs {
	n := needs{vars: slices.Sorted(maps.Keys(e.Vars)), mcp: e.ID == "mcp", device: e.Device != "",
		browser: e.Authorize != "" || e.Issuer != "" || e.ID == "mcp"}
	n.clientID, n.secret = always, always
	if !e.NeedsApp() {
		n.clientID = maybe
	}
	switch {
	case e.Client.Secret == "none":
		n.secret = never
	case e.Client.Secret == "optional", e.Client.Secret == "web_only", n.clientID == maybe:
		n.secret = maybe
	}
	n.register = n.clientID == always
	n.alone = n.clientID == maybe
	n.scopesFirst = e.StepsNameScopes()
	n.redirect = n.browser && e.RedirectURI != "" && (len(e.Steps) == 0 || slices.ContainsFunc(e.Steps, wantsRedirect))
	return n
}

// wantsRedirect reports whether our redirect URI is entered in a step of the
// entry's. Where no step says so, the provider asks for none (Google's desktop apps).
func wantsRedirect(step string) bool { return strings.Contains(step, "{redirect_uri}") }

// A field's name says where an error belongs.
const (
	fieldName   = "name"
	fieldMCP    = "mcp"
	fieldID     = "client_id"
	fieldSecret = "client_secret"
	fieldScopes = "scopes"
	fieldAPI    = "api.base" // in the connection's [override]
	fieldHosts  = "hosts"
	fieldVar    = "vars." // and the variable
)

// fieldOf is the field of the form that an answer of the agent concerns; "" where it
// is none in particular. A state has a reason, and no field.
func fieldOf(p *client.Problem) string {
	if p.Field != "" {
		return p.Field
	}
	switch tokens.Reason(p.Reason) {
	case tokens.ReasonClientRefused:
		return fieldID
	case tokens.ReasonRequestRefused:
		return fieldScopes
	}
	return ""
}

// checkName says in a sentence why a connection may not be called that.
func checkName(called string, taken func(string) bool) error {
	switch {
	case called == "":
		return errors.New(tr("Give the connection a name: your tools will ask for it."))
	case len(called) > name.MaxLength:
		return errors.New(tr("A name has at most 64 letters."))
	case name.Reserved(called):
		return errors.New(tr("{{.Name}} is a device's name on Windows. Choose another name.", "Name", plain(called)))
	case !name.Valid(called):
		return errors.New(tr("A name has lower-case letters, digits, dots, dashes and underscores, and begins with a letter or digit."))
	case taken(called):
		return errors.New(tr("There is a connection {{.Name}} already. Choose another name.", "Name", called))
	}
	return nil
}

// freeName is a name for another connection at a provider.
func freeName(id string, taken func(string) bool) string {
	name := id
	for n := 2; taken(name); n++ {
		name = id + "-" + strconv.Itoa(n)
	}
	return name
}

// pasted is what a person pasted, without the spaces and line breaks that came
// with it.
func pasted(s string) string { return strings.TrimSpace(s) }

// checkCredential refuses what cannot be a client id or secret.
func checkCredential(s string, need asked, missing string) error {
	switch {
	case s == "" && need == always:
		return errors.New(missing)
	case strings.ContainsAny(s, " \t\r\n"):
		return errors.New(tr("There is a space or a line break in the middle. Copy it again, alone."))
	case len(s) > 4096:
		return errors.New(tr("That is too long. Copy it again, alone."))
	}
	return nil
}

// cleanVar makes of what was pasted what a variable wants: of a host's address,
// the host.
func cleanVar(v catalog.Var, s string) string {
	return v.FromURL(pasted(s))
}

// checkVar says in a sentence what a variable should look like.
func checkVar(v catalog.Var, s string) error {
	if s == "" {
		if v.Default != "" {
			return nil
		}
		return errors.New(tr("This is needed."))
	}
	if v.Takes(s) {
		return nil
	}
	switch v.Pattern {
	case "hostname", "hostpath":
		return errors.New(tr("Enter a host name, like git.example.org."))
	case "port":
		return errors.New(tr("Enter a port number."))
	case "url":
		return errors.New(tr("Enter an address that begins with https://."))
	}
	return errors.New(tr("Only letters, digits, dots, dashes and underscores."))
}
