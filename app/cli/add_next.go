package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
)

// registers reports whether a person has to register an app first: nobody's id is
// there, and the provider registers none by itself as far as is known.
func registers(e catalog.Entry, conn catalog.Connection) bool {
	return conn.ClientID == "" && e.NeedsApp()
}

// wantsSecret reports whether the browser's sign-in needs a client secret.
func wantsSecret(e catalog.Entry) bool {
	return slices.Contains([]string{"", "required", "web_only"}, e.Client.Secret) && e.Client.Auth != "basic_empty"
}

// guideLines are what a person does at the provider, once: the same lines wherever a
// command shows them.
func guideLines(e catalog.Entry, g catalog.Guide) []string {
	var lines []string
	if g.Cost != "" {
		lines = append(lines, "Needs: "+oneLine(g.Cost), "")
	}
	if len(g.Steps) > 0 {
		lines = append(lines, fmt.Sprintf("At %s, once:", oneLine(e.Name)))
	}
	for i, step := range g.Steps {
		lines = append(lines, fmt.Sprintf("%3d. %s", i+1, oneLine(step)))
	}
	return lines
}

// needsGuide reports whether the entry's steps are still to be done: no client is
// there, and none that an MCP server's issuer registers by itself.
func needsGuide(e catalog.Entry, conn catalog.Connection) bool {
	byItself := slices.Contains(e.Quirks, "mcp_bootstrap") && !e.NeedsApp()
	return conn.ClientID == "" && e.Client.ID == "" && !byItself
}

// nextSteps are the lines that lead from a new connection to a token.
func nextSteps(e catalog.Entry, conn catalog.Connection) []string {
	var steps []string
	g := e.Guide(conn)
	settings := "redirect URI " + g.RedirectURI
	if len(g.Scopes) > 0 {
		settings += ", scopes to allow " + strings.Join(g.Scopes, " ")
	}
	if needsGuide(e, conn) {
		steps = guideLines(e, g)
	}
	switch {
	case registers(e, conn) && len(g.Steps) > 0:
		steps = append(steps, fmt.Sprintf("Then tell the app's client id: authtray add %s --client-id ID", conn.Name))
	case registers(e, conn):
		steps = append(steps, fmt.Sprintf("Register an app at %s (%s), and tell its id: authtray add %s --client-id ID", cmp.Or(g.Register, e.Name), settings, conn.Name))
	case conn.ClientID != "":
		steps = append(steps, fmt.Sprintf("The app's settings at %s: %s", cmp.Or(g.Register, e.Name), settings))
	}
	steps = append(steps, moreScopes(e, conn)...)
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

// moreScopes are the commands that take the entry's ready choices of scopes, where
// none were named.
func moreScopes(e catalog.Entry, conn catalog.Connection) (lines []string) {
	if len(conn.Scopes) > 0 {
		return nil
	}
	for _, set := range e.ScopeSets {
		lines = append(lines, fmt.Sprintf("Or ask for other scopes (%s): authtray add %s --scope %s", oneLine(set.About), conn.Name, oneLine(strings.Join(set.Scopes, " --scope "))))
	}
	return lines
}
