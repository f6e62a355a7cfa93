package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

func (s *shell) providersCommand() *cobra.Command {
	var asJSON, check bool
	var host string
	var sets []string
	c := &cobra.Command{
		Use:   "providers [ID]",
		Short: "List or find providers, or tell what one of them needs",
		Long: `List the providers, or those that a word fits: a part of the name, another name
for it ("jira", "codeberg"), or nearly so. With an ID, tell what one of them needs,
from signing in to its developer console to the first request.

--for guesses from a host or its URL who issues its tokens. --check compares an
entry with the discovery document and the keys of its issuer; it only reads.`,
		Example: `  authtray providers
  authtray providers github
  authtray providers jira
  authtray providers --for https://git.example.org
  authtray providers gitlab --check --set vars.host=git.example.org`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.Flags().StringVar(&host, "for", "", "guess the provider of a host or URL")
	c.Flags().BoolVar(&check, "check", false, "compare the entry with its issuer's documents")
	c.Flags().StringArrayVar(&sets, "set", nil, "with --check: FIELD=VALUE of the entry, or vars.NAME=VALUE (may be repeated)")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		return s.here(ctx, withFiles, func(a client.Agent) error {
			switch {
			case check && len(args) == 0:
				return usage("--check: say which provider, as in authtray providers gitlab --check")
			case len(sets) > 0 && !check:
				return usage("--set is for --check alone")
			case check:
				return s.checkProvider(ctx, a, args[0], sets, asJSON)
			case c.Flags().Changed("for") && len(args) > 0:
				return usage("--for guesses a provider: leave out the ID")
			case c.Flags().Changed("for"):
				return s.providersFor(host, asJSON)
			case len(args) == 0:
				return s.listProviders(ctx, a, asJSON)
			default:
				return s.showProvider(ctx, a, args[0], asJSON)
			}
		})
	})
	c.AddCommand(s.exportCommand())
	return c
}

func (s *shell) listProviders(ctx context.Context, a client.Agent, asJSON bool) error {
	all, err := s.providers(ctx, a)
	if err != nil {
		return err
	}
	return s.tableOf(all, asJSON)
}

func (s *shell) tableOf(all []catalog.Name, asJSON bool) error {
	if asJSON {
		return s.printJSON(map[string][]catalog.Name{"providers": all})
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME")
	for _, p := range all {
		name := oneLine(p.Name)
		switch {
		case p.Replaces:
			name += " (your own entry, in place of the one that comes with Authtray)"
		case p.Own:
			name += " (your own entry)"
		}
		fmt.Fprintf(t, "%s\t%s\n", oneLine(p.ID), name)
	}
	return t.Flush()
}

// showProvider tells of one provider, named by its id or an alias; else it lists
// those that the word fits.
func (s *shell) showProvider(ctx context.Context, a client.Agent, word string, asJSON bool) error {
	var p api.Provider
	err := a.Do(ctx, http.MethodGet, "/v1/providers/"+escape(word), nil, &p)
	if err == nil {
		return s.describe(p, asJSON)
	}
	all, listing := s.providers(ctx, a)
	if listing != nil {
		return err
	}
	if one, ok := catalog.Exact(word, all); ok && one.ID != word {
		if err := a.Do(ctx, http.MethodGet, "/v1/providers/"+escape(one.ID), nil, &p); err != nil {
			return err
		}
		return s.describe(p, asJSON)
	}
	if found, near := catalog.Find(word, all); len(found) > 0 && !near && strings.TrimSpace(word) != "" {
		return s.tableOf(found, asJSON)
	}
	return s.explain(ctx, a, word, err)
}

func (s *shell) describe(p api.Provider, asJSON bool) error {
	if asJSON {
		return s.printJSON(p)
	}
	return describeProvider(s.out, p)
}

// providersFor lists the guesses for a host, each with the command that adds a
// connection to it.
func (s *shell) providersFor(host string, asJSON bool) error {
	catalogue, found, err := s.guess(host)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(map[string][]catalog.Connection{"connections": found})
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME\tADD IT WITH")
	for _, conn := range found {
		e, _ := catalogue.Entry(conn.Provider)
		fmt.Fprintf(t, "%s\t%s\t%s\n", oneLine(e.ID), oneLine(e.Name), oneLine(addFor(e, conn)))
	}
	return t.Flush()
}

// guess is catalog.ForHost, over the user's own entries too. That there is no
// guess is an error, which says how to go on.
func (s *shell) guess(host string) (*catalog.Catalogue, []catalog.Connection, error) {
	catalogue, _ := catalog.LoadCatalogue(s.paths.Providers()) // a fault elsewhere is not this host's
	found, err := catalogue.ForHost(host)
	if err != nil {
		return nil, nil, usage("--for: %v", err)
	}
	if len(found) == 0 {
		return nil, nil, failed("authtray providers", "%s does not tell who issues its tokens: choose a provider, oidc where the server has a discovery document, or --mcp URL for an MCP server", oneLine(host))
	}
	return catalogue, found, nil
}

// addFor is the command that adds a connection that was guessed.
func addFor(e catalog.Entry, conn catalog.Connection) string {
	if conn.MCP != "" {
		return "authtray add NAME --mcp " + conn.MCP
	}
	words := "authtray add NAME --provider " + e.ID
	if e.NeedsApp() || e.AnyServer() && e.MCP == "" {
		words += " --client-id ID"
	}
	for _, name := range sortedKeys(e.VarsFor(nil)) {
		switch {
		case conn.Vars[name] != "":
			words += " --set vars." + name + "=" + conn.Vars[name]
		case e.Vars[name].Default == "":
			words += " --set vars." + name + "=…"
		}
	}
	return words
}

// isPreset: what extends another entry is meant only where it is named.
func isPreset(catalogue *catalog.Catalogue, conn catalog.Connection) bool {
	e, _ := catalogue.Entry(conn.Provider)
	return e.Extends != ""
}

// guessInto fills in what a host tells of the connection to add: the provider, if
// none was named, its variables, and an MCP server's URL.
func (s *shell) guessInto(told *adding) error {
	catalogue, found, err := s.guess(told.host)
	if err != nil {
		return err
	}
	var ids []string
	for _, conn := range found {
		if conn.Provider == told.conn.Provider {
			found = []catalog.Connection{conn}
			break
		}
		ids = append(ids, conn.Provider)
	}
	if told.conn.Provider != "" && found[0].Provider != told.conn.Provider {
		return usage("%s is no host of %s: leave out --for or --provider", oneLine(told.host), told.conn.Provider)
	}
	if len(found) > 1 && !isPreset(catalogue, found[1]) {
		return usage("%s may be %s: say which with --provider", oneLine(told.host), text.OrList(ids))
	}
	told.conn.Provider = found[0].Provider
	if told.conn.MCP == "" {
		told.conn.MCP = found[0].MCP
	}
	for _, name := range sortedKeys(found[0].Vars) {
		told.sets = append([]string{"vars." + name + "=" + found[0].Vars[name]}, told.sets...)
	}
	return nil
}
