package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/socket"
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
		return s.here(ctx, withFiles, func(a remote) error {
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

func (s *shell) listProviders(ctx context.Context, a remote, asJSON bool) error {
	var all struct {
		Providers []socket.Brief `json:"providers"`
	}
	if err := a.get(ctx, "/v1/providers", &all); err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(all)
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME")
	for _, p := range all.Providers {
		fmt.Fprintf(t, "%s\t%s\n", oneLine(p.ID), oneLine(p.Name))
	}
	return t.Flush()
}

func (s *shell) showProvider(ctx context.Context, a remote, id string, asJSON bool) error {
	var p socket.Provider
	if err := a.get(ctx, "/v1/providers/"+escape(id), &p); err != nil {
		return s.explain(ctx, a, id, err)
	}
	if asJSON {
		return s.printJSON(p)
	}
	return describeProvider(s.out, p)
}

// describeProvider tells what a person needs before the first connection.
func describeProvider(w io.Writer, p socket.Provider) error {
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
	notes := paragraph(p.Notes)
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
