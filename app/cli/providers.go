package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

func (s *shell) providersCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "providers [ID]",
		Short: "List the providers, or tell what one of them needs",
		Example: `  authtray providers
  authtray providers github`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		return s.here(ctx, withFiles, func(a client.Agent) error {
			switch {
			case len(args) == 0:
				return s.listProviders(ctx, a, asJSON)
			default:
				return s.showProvider(ctx, a, args[0], asJSON)
			}
		})
	})
	return c
}

func (s *shell) listProviders(ctx context.Context, a client.Agent, asJSON bool) error {
	all, err := s.providers(ctx, a)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(map[string]any{"providers": all})
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME")
	for _, p := range all {
		fmt.Fprintf(t, "%s\t%s\n", oneLine(p.ID), oneLine(p.Name))
	}
	return t.Flush()
}

func (s *shell) showProvider(ctx context.Context, a client.Agent, id string, asJSON bool) error {
	var p api.Provider
	if err := a.Do(ctx, http.MethodGet, "/v1/providers/"+escape(id), nil, &p); err != nil {
		return s.explain(ctx, a, id, err)
	}
	if asJSON {
		return s.printJSON(p)
	}
	return describeProvider(s.out, p)
}

// describeProvider tells what a person needs before the first connection.
func describeProvider(w io.Writer, p api.Provider) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(label string, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", label, oneLine(filled(p, value)))
		}
	}
	fmt.Fprintf(w, "%s (%s)\n\n", oneLine(p.Name), oneLine(p.ID))
	row("register at", p.Links.Register)
	row("redirect URI", redirectWord(p))
	row("add it", addWord(p))
	row("client id", clientWord(p.Entry))
	row("client secret", secretWords[p.Client.Secret])
	for _, name := range sortedKeys(p.VarsFor(nil)) {
		row(varFlag(p, name), varWord(p.Vars[name]))
	}
	row("scopes", strings.Join(p.AuthorizeOpts.Scopes, " "))
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
	if len(p.Unverified) > 0 {
		notes += "\n\nNot read in the provider's own documents: " + oneLine(strings.Join(p.Unverified, ", "))
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

// This file is what `authtray providers ID` says of each part of an entry: what
// a person does, in the order in which they do it.

// addWord is the command that adds a connection, with everything that has to be
// said.
func addWord(p api.Provider) string {
	words := "authtray add NAME --provider " + p.ID
	if slices.Contains(p.Quirks, "mcp_bootstrap") {
		return "authtray add NAME --mcp URL"
	}
	if p.Client.ID == "" {
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
	case e.Registration != "" || slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "registered by itself, where the issuer does that; or your own: --client-id"
	case discovered(e):
		return "of the app that you register: --client-id (left out: registered by itself, where the issuer does that)"
	}
	return "of the app that you register: --client-id"
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
		return "gives the token back where there is a client secret, else only forgets it"
	case e.Revoke.Style == "none" || e.Revoke.URL == "" && !discovered(e) && !slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "only forgets it here"
	case e.Revoke.URL == "":
		return "gives the grant back, where the issuer takes it"
	}
	return "gives the grant back"
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
// the place of the client id.
func filled(p api.Provider, text string) string {
	for name, v := range p.Vars {
		if v.Default != "" {
			text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
		}
	}
	return strings.ReplaceAll(text, "{client_id}", "CLIENT_ID")
}
