package cli

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// setAll writes each FIELD=VALUE into a connection: vars.NAME fills a template
// variable, anything else goes into [override], nested as in an entry and with
// the type that the entry's field has.
func setAll(conn *catalog.Connection, sets []string) error {
	for _, set := range sets {
		field, value, ok := strings.Cut(set, "=")
		if !ok || field == "" {
			return usage("--set %q: write FIELD=VALUE, such as redirect.port=any", set)
		}
		path := strings.Split(field, ".")
		if path[0] == "vars" && len(path) == 2 && path[1] != "" {
			if conn.Vars == nil {
				conn.Vars = map[string]string{}
			}
			conn.Vars[path[1]] = value
			continue
		}
		typed, err := typedValue(field, path, value)
		if err != nil {
			return err
		}
		if conn.Override == nil {
			conn.Override = map[string]any{}
		}
		nest(conn.Override, path, typed)
	}
	return nil
}

// nest sets a value below tables, which it makes.
func nest(table map[string]any, path []string, value any) {
	for ; len(path) > 1; path = path[1:] {
		below, ok := table[path[0]].(map[string]any)
		if !ok {
			below = map[string]any{}
			table[path[0]] = below
		}
		table = below
	}
	table[path[0]] = value
}

// typedValue reads value as the entry's field wants it.
func typedValue(field string, path []string, value string) (any, error) {
	kind, ok := fieldType(reflect.TypeFor[catalog.Entry](), path)
	if !ok {
		if meant := text.Near(field, entryFields("", reflect.TypeFor[catalog.Entry]())); len(meant) > 0 {
			return nil, usage("--set: %q is no field of a provider's entry; did you mean %s?", field, text.OrList(meant))
		}
		return nil, usage("--set: %q is no field of a provider's entry; authtray providers ID shows them", field)
	}
	switch kind.Kind() {
	case reflect.String:
		return value, nil
	case reflect.Bool:
		on, err := strconv.ParseBool(value)
		if err != nil {
			return nil, usage("--set %s: it is true or false, not %q", field, value)
		}
		return on, nil
	case reflect.Int:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, usage("--set %s: it is a number, not %q", field, value)
		}
		return n, nil
	case reflect.Slice:
		return list(value), nil
	}
	return nil, usage("--set %s: it is a table; set one of its fields, as in %s.NAME=VALUE", field, field)
}

func list(value string) []any {
	all := []any{}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// fieldType finds the type at a path of TOML names. Any name is a field of a
// map.
func fieldType(t reflect.Type, path []string) (reflect.Type, bool) {
	if len(path) == 0 {
		return t, true
	}
	if path[0] == "" {
		return nil, false
	}
	switch t.Kind() {
	case reflect.Map:
		return fieldType(t.Elem(), path[1:])
	case reflect.Struct:
		for f := range t.Fields() {
			if tomlName(f) == path[0] {
				return fieldType(f.Type, path[1:])
			}
		}
	}
	return nil, false
}

func tomlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	return name
}

// entryFields are the paths of all plain fields.
func entryFields(prefix string, t reflect.Type) []string {
	var all []string
	for f := range t.Fields() {
		path := prefix + tomlName(f)
		if f.Type.Kind() == reflect.Struct {
			all = append(all, entryFields(path+".", f.Type)...)
			continue
		}
		all = append(all, path)
	}
	return all
}

// namesIssuer reports whether --issuer was given, or a --set that may be about the
// issuer; which variable stands for it only the provider's entry says.
func (t adding) namesIssuer() bool {
	return t.issuer != nil || slices.ContainsFunc(t.sets, func(set string) bool {
		return strings.HasPrefix(set, "issuer=") || strings.HasPrefix(set, "vars.")
	})
}

// oneIssuer leaves a connection with the one issuer that was told, in whichever
// form it had one before: a value of a template variable, or an override.
func (s *shell) oneIssuer(ctx context.Context, a client.Agent, told adding, conn *catalog.Connection) error {
	id := cmp.Or(conn.Provider, "mcp") // a file may name an MCP server alone
	var p api.Provider
	if err := a.Do(ctx, http.MethodGet, "/v1/providers/"+escape(id), nil, &p); err != nil {
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
func (t adding) issuerSets(variable string, used map[string]catalog.Var) (fields []string) {
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
