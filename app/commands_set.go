package app

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/authtray/authtray/providers"
)

// setAll writes each FIELD=VALUE into a connection: vars.NAME fills a template
// variable, anything else goes into [override], nested as in an entry and with
// the type that the entry's field has.
func setAll(conn *providers.Connection, sets []string) error {
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
	kind, ok := fieldType(reflect.TypeFor[providers.Entry](), path)
	if !ok {
		if meant := near(field, entryFields("", reflect.TypeFor[providers.Entry]())); len(meant) > 0 {
			return nil, usage("--set: %q is no field of a provider's entry; did you mean %s?", field, orList(meant))
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
