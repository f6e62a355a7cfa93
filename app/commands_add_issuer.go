package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/providers"
)

// namesIssuer reports whether --issuer was given, or a --set that may be about the
// issuer; which variable stands for it only the provider's entry says.
func (t adding) namesIssuer() bool {
	return t.issuer != nil || slices.ContainsFunc(t.sets, func(set string) bool {
		return strings.HasPrefix(set, "issuer=") || strings.HasPrefix(set, "vars.")
	})
}

// oneIssuer leaves a connection with the one issuer that was told, in whichever
// form it had one before: a value of a template variable, or an override.
func (s *shell) oneIssuer(ctx context.Context, a remote, told adding, conn *providers.Connection) error {
	id := cmp.Or(conn.Provider, "mcp") // a file may name an MCP server alone
	var p socket.Provider
	if err := a.get(ctx, "/v1/providers/"+escape(id), &p); err != nil {
		return s.explain(ctx, a, id, err)
	}
	variable, err := conn.IssuerVar(p.Entry)
	if err != nil {
		return usage("%v", err)
	}
	sets := told.issuerSets(variable, p.VarsFor(conn.Override))
	switch {
	case told.issuer != nil && len(sets) > 0:
		return usage("--issuer and --set %s both name the issuer: give one of them", sets[0])
	case told.issuer != nil:
		if err := conn.SetIssuer(p.Entry, *told.issuer); err != nil {
			return usage("%v", err)
		}
	case len(sets) == 0 || variable == "":
	case !slices.Contains(sets, "issuer"):
		delete(conn.Override, "issuer") // it would outweigh the variable
	case len(sets) == 1:
		delete(conn.Vars, variable) // nothing would use it
	}
	return nil
}

// issuerSets are the fields given with --set that name the issuer, each once.
// vars.issuer does unless it is a variable for something else.
func (t adding) issuerSets(variable string, used map[string]providers.Var) (fields []string) {
	names := []string{"issuer", "vars." + variable, "vars." + variable + ".default"}
	if _, other := used["issuer"]; !other {
		names = append(names, "vars.issuer")
	}
	for _, set := range t.sets {
		field, _, _ := strings.Cut(set, "=")
		if slices.Contains(names, field) && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return fields
}
