package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/client"
)

// checkProvider compares an entry with its issuer's documents.
func (s *shell) checkProvider(ctx context.Context, a client.Agent, id string, sets []string, asJSON bool) error {
	catalogue, _ := catalog.LoadCatalogue(s.paths.Providers())
	id = providerID(catalogue.Names(), id)
	e, ok := catalogue.Entry(id)
	if !ok {
		return s.explain(ctx, a, id, failed("authtray providers", "there is no provider %q", id))
	}
	conn := catalog.Connection{Name: "check", Provider: id}
	if err := setAll(&conn, sets); err != nil {
		return err
	}
	c, err := providers.NewClient(catalogue, conn, providers.ClientOptions{Version: s.build.Version})
	if err != nil {
		return usage("%v", err)
	}
	list, err := c.Compare(ctx)
	if err != nil {
		return failed("", "%v", err)
	}
	if asJSON {
		return s.printJSON(map[string][]providers.Comparison{"comparisons": list})
	}
	differs := 0
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, one := range list {
		word := "agrees"
		switch {
		case one.Differs:
			word = "DIFFERS"
			differs++
		case one.Note != "":
			word = "–"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", oneLine(one.Field), word, oneLine(comparisonWord(one)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if differs > 0 {
		return failed("", "%d of the facts of %s differ from its issuer's documents: override them in a connection (--set), and tell us", differs, oneLine(e.Name))
	}
	return nil
}

func comparisonWord(one providers.Comparison) string {
	word := one.Entry
	if one.Differs || one.Entry == "" {
		word = one.Document
	}
	if one.Differs && one.Entry != "" {
		word = one.Entry + " here, " + one.Document + " there"
	}
	if one.Note != "" {
		word += " (" + one.Note + ")"
	}
	return word
}

// exportCommand prints an entry as a file of one's own holds it.
func (s *shell) exportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export ID",
		Short: "Print a provider's entry as a TOML file",
		Long: `Print a provider's entry, whole, with what it extends in place: as a beginning for
an entry of your own in the folder providers of the configuration, or to send us one.`,
		Example:           `  authtray providers export gitlab > gitlab-at-work.toml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: onlyFirst(s.providerIDs),
	}
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		return s.here(ctx, withFiles, func(a client.Agent) error {
			catalogue, _ := catalog.LoadCatalogue(s.paths.Providers())
			e, ok := catalogue.Entry(providerID(catalogue.Names(), args[0]))
			if !ok {
				return s.explain(ctx, a, args[0], failed("authtray providers", "there is no provider %q", args[0]))
			}
			e.Extends = ""
			return toml.NewEncoder(s.out).SetArraysMultiline(true).Encode(e)
		})
	})
	return c
}
