package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
)

// guide is what a person does at a provider, once, before a connection can sign in.
type guide struct {
	Register    string   // the page where an app is registered; "" where there is none
	RedirectURI string   // what to register there
	Steps       []string // in order
	Scopes      []string // what will be asked for
}

// guideOf is the guide of an entry for a connection, which need not be complete.
func guideOf(e catalog.Entry, conn catalog.Connection) guide {
	fill := func(text string) string {
		return catalog.Placeholder.ReplaceAllStringFunc(text, func(name string) string {
			name = strings.Trim(name, "{}")
			if name == "client_id" {
				return cmp.Or(conn.ClientID, "CLIENT_ID")
			}
			return cmp.Or(conn.Vars[name], e.Vars[name].Default, strings.ToUpper(name))
		})
	}
	g := guide{Register: fill(e.Links.Register), RedirectURI: fill(e.RedirectURI()), Scopes: conn.Scopes}
	if len(g.Scopes) == 0 {
		g.Scopes = slices.Clone(e.AuthorizeOpts.Scopes)
	}
	for line := range strings.Lines(e.Notes) {
		g.Steps = append(g.Steps, oneLine(line))
	}
	return g
}

// registers reports whether a person has to register an app first: nobody's id is
// there, and the provider registers none by itself as far as is known.
func registers(e catalog.Entry, conn catalog.Connection) bool {
	return conn.ClientID == "" && e.Client.ID == "" && e.Registration == "" && !e.AnyServer()
}

// wantsSecret reports whether the browser's sign-in needs a client secret.
func wantsSecret(e catalog.Entry) bool {
	return slices.Contains([]string{"", "required", "web_only"}, e.Client.Secret) && e.Client.Auth != "basic_empty"
}

// nextSteps are the lines that lead from a new connection to a token.
func nextSteps(e catalog.Entry, conn catalog.Connection) []string {
	var steps []string
	g := guideOf(e, conn)
	settings := "redirect URI " + g.RedirectURI
	if len(g.Scopes) > 0 {
		settings += ", scopes to allow " + strings.Join(g.Scopes, " ")
	}
	switch {
	case registers(e, conn):
		steps = append(steps, fmt.Sprintf("Register an app at %s (%s), and tell its id: authtray add %s --client-id ID", cmp.Or(g.Register, e.Name), settings, conn.Name))
	case conn.ClientID != "":
		steps = append(steps, fmt.Sprintf("The app's settings at %s: %s", cmp.Or(g.Register, e.Name), settings))
	}
	if wantsSecret(e) {
		line := "Keep its secret in the keychain: authtray secret set " + conn.Name
		if e.Client.Secret == "web_only" && e.Device != "" {
			line += " (not needed with --device)"
		}
		steps = append(steps, line)
	}
	if e.API.Base == "" && conn.MCP == "" {
		steps = append(steps, "To call an API with it, say where that is: authtray add "+conn.Name+" --api URL")
	}
	sign := "Then sign in: authtray connect " + conn.Name
	if e.Redirect.Host == "https_only" {
		sign += " --paste"
	}
	return append(steps, sign)
}
