package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
)

// This file is what `authtray providers ID` says of each part of an entry.

// describeProvider tells what a person needs before the first connection.
func describeProvider(w io.Writer, p api.Provider) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(label string, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", label, oneLine(filled(p, value)))
		}
	}
	guide := p.Guide(catalog.Connection{})
	fmt.Fprintf(w, "%s (%s)\n\n%s", oneLine(p.Name), oneLine(p.ID), guideText(p, guide))
	row("register at", guide.Register)
	row("redirect URI", redirectWord(p))
	row("client id", clientWord(p.Entry))
	row("client secret", secretWords[p.Client.Secret])
	for _, name := range sortedKeys(p.VarsFor(nil)) {
		row(varFlag(p, name), varWord(p.Vars[name]))
	}
	row("scopes", strings.Join(p.AuthorizeOpts.Scopes, " "))
	for _, set := range p.ScopeSets {
		row("  "+oneLine(set.Name), scopeSetWord(set))
	}
	row("sign in with", flowWord(p.Entry))
	row("issuer", p.Issuer)
	row("API", p.API.Base)
	row("token lasts", lifetime(p.Tokens))
	row("grant", grantWord(p.Tokens))
	row("disconnecting", disconnectWord(p.Entry))
	row("remove access at", p.Links.UserRevoke)
	row("documentation", p.Links.Docs)
	if err := t.Flush(); err != nil {
		return err
	}
	notes := text.Lines(p.Notes)
	switch {
	case p.Replaces:
		notes += "\n\nThis is your own entry, in place of the one that comes with Authtray: " + oneLine(p.Origin)
	case p.Origin != "":
		notes += "\n\nThis is your own entry: " + oneLine(p.Origin)
	}
	if p.VerifiedOn != "" {
		notes += "\n\nCompared with its sources on " + oneLine(p.VerifiedOn) + "."
	}
	if len(p.Unverified) > 0 {
		notes += " Not read in the provider's own documents: " + oneLine(strings.ReplaceAll(strings.Join(p.Unverified, ", "), "steps.", "step ")) + "."
	}
	if notes = strings.TrimSpace(notes); notes != "" {
		_, err := fmt.Fprintf(w, "\n%s\n", notes)
		return err
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// guideText is what a person does, in order: at the provider, and then here.
func guideText(p api.Provider, g catalog.Guide) string {
	var b strings.Builder
	for _, line := range guideLines(p.Entry, g) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	b.WriteString("\nThen here, with a NAME of your choice:\n")
	for _, line := range commandLines(p) {
		fmt.Fprintf(&b, "     %s\n", oneLine(line))
	}
	b.WriteString("\n")
	return b.String()
}

// commandLines are the commands from a registered app to the first API call.
func commandLines(p api.Provider) []string {
	lines := []string{addWord(p)}
	if p.Client.Secret == "" || p.Client.Secret == "required" || p.Client.Secret == "web_only" {
		lines = append(lines, "authtray secret set NAME")
	}
	connect := "authtray connect NAME"
	if p.Redirect.Host == "https_only" {
		connect += " --paste"
	}
	lines = append(lines, connect)
	if p.API.Try != "" {
		lines = append(lines, "authtray request NAME "+filled(p, p.API.Try))
	}
	return lines
}

// scopeSetWord is how a set of scopes is asked for.
func scopeSetWord(set catalog.ScopeSet) string {
	return "--scope " + strings.Join(set.Scopes, " --scope ") + "  (" + set.About + ")"
}

// addWord is the command that adds a connection, with everything that has to be
// said.
func addWord(p api.Provider) string {
	words := "authtray add NAME --provider " + p.ID
	isMCP := slices.Contains(p.Quirks, "mcp_bootstrap")
	if isMCP && p.MCP == "" {
		return "authtray add NAME --mcp URL"
	}
	if p.NeedsApp() || p.AnyServer() && !isMCP {
		words += " --client-id ID"
	}
	for _, name := range sortedKeys(p.VarsFor(nil)) {
		switch {
		case p.Vars[name].Default != "":
		case name == p.IssuerVar():
			words += " --issuer URL"
		default:
			words += " --set vars." + name + "=…"
		}
	}
	return words
}

// varFlag is how a variable is given.
func varFlag(p api.Provider, name string) string {
	if name == p.IssuerVar() {
		return "--issuer"
	}
	return "--set vars." + name
}

// redirectWord is the redirect URI to register, and whether it has to be that one.
func redirectWord(p api.Provider) string {
	switch {
	case p.RedirectURI == "":
		return ""
	case p.Redirect.Host == "https_only":
		return p.RedirectURI + "  (what it ends on is pasted: authtray connect NAME --paste)"
	case p.Redirect.Port == "" || p.Redirect.Port == "any":
		return p.RedirectURI + "  (as it stands: any port is taken)"
	}
	return p.RedirectURI + "  (exactly; for another port: --set redirect.port=N)"
}

var secretWords = map[string]string{
	"":         "needed: authtray secret set NAME",
	"required": "needed: authtray secret set NAME",
	"optional": "only if the app has one: authtray secret set NAME",
	"web_only": "needed in the browser, not with --device: authtray secret set NAME",
	"none":     "none",
}

func clientWord(e catalog.Entry) string {
	switch {
	case e.Client.ID != "":
		return e.Client.ID + " (everyone's), or your own: --client-id"
	case e.NeedsApp():
		return "of the app that you register: --client-id"
	case e.AnyServer() && !slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "of the app that you register: --client-id (left out: registered by itself, where the issuer does that)"
	}
	return "registered by itself, where the issuer does that; or your own: --client-id"
}

// discovered: the issuer says where everything is.
func discovered(e catalog.Entry) bool { return e.Issuer != "" && e.Authorize == "" }

func varWord(v catalog.Var) string {
	word := v.Label
	if v.Default != "" {
		return strings.TrimSpace(word + " [" + v.Default + "]")
	}
	return strings.TrimSpace(word + " (to be given)")
}

// lifetime is how long a token is good.
func lifetime(t catalog.TokenRules) string {
	if t.DefaultExpiresIn == 0 {
		return "as long as the provider says; where it says nothing, for ever"
	}
	return text.Duration(time.Duration(t.DefaultExpiresIn)*time.Second) + ", where the provider does not say"
}

// grantWord is how long one can go on without signing in again.
func grantWord(t catalog.TokenRules) string {
	var words []string
	if t.RefreshAbsolute != "" {
		words = append(words, "ends "+text.Duration(catalog.Span(t.RefreshAbsolute))+" after you signed in")
	}
	if t.RefreshIdle != "" {
		words = append(words, "ends after "+text.Duration(catalog.Span(t.RefreshIdle))+" without use")
	}
	if t.NeverNarrows {
		words = append(words, "no token for less than was granted")
	}
	if t.SingleGrant {
		words = append(words, "one for each user and app: connecting the same account again ends the one before")
	}
	return strings.Join(words, "; ")
}

// disconnectWord is what disconnecting does at the provider.
func disconnectWord(e catalog.Entry) string {
	switch {
	case e.Revoke.Style == "github_app":
		return "revokes the token where there is a client secret, else only forgets it"
	case e.Revoke.Style == "none" || e.Revoke.URL == "" && !discovered(e) && !slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "only forgets it here"
	case e.Revoke.URL == "":
		return "revokes the grant, where the issuer offers it"
	}
	return "revokes the grant"
}

func flowWord(e catalog.Entry) string {
	flows := []string{"the browser"}
	if e.Redirect.Host == "https_only" {
		flows = []string{"--paste"}
	}
	switch {
	case e.Device != "":
		flows = append(flows, "--device")
	case discovered(e) || slices.Contains(e.Quirks, "mcp_bootstrap"):
		flows = append(flows, "--device where the issuer offers it")
	}
	return strings.Join(flows, ", ")
}

// filled puts the defaults of an entry's variables into a text, and a word in
// the place of what is not known yet: {host} becomes HOST.
func filled(p api.Provider, text string) string {
	return catalog.Placeholder().ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		return cmp.Or(p.Vars[name].Default, strings.ToUpper(name))
	})
}
