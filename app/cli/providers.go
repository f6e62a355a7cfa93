package cli

import (
	"context"
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
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
