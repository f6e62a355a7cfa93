package catalog

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// problem is a fault of one field, by its dotted path.
type problem struct{ path, text string }

// FieldOf is the field that an error of Check, Resolve or ReadCertificates is about,
// as it stands in a connection's file; "" where it is about none.
func FieldOf(err error) string {
	var p problem
	errors.As(err, &p)
	return p.path
}

func (p problem) Error() string {
	if p.path == "" {
		return p.text
	}
	return p.path + ": " + p.text
}

// overlay writes a decoded TOML or JSON table over a struct, strictly: a name
// that the struct does not have is a problem. Tables are merged, lists replaced.
// A number or a flag may stand where a string is wanted, and the other way
// round, so that `--set redirect.port=8080` needs no quoting rules.
func overlay(dst any, table map[string]any) error {
	return overlayValue(reflect.ValueOf(dst).Elem(), table, "")
}

func overlayValue(dst reflect.Value, v any, path string) error {
	if v == nil { // JSON
		return problem{path, "must not be null"}
	}
	switch dst.Kind() {
	case reflect.Struct:
		return overlayStruct(dst, v, path)
	case reflect.Map:
		return overlayMap(dst, v, path)
	case reflect.Slice:
		return overlayList(dst, v, path)
	case reflect.Interface:
		dst.Set(reflect.ValueOf(v))
		return nil
	}
	return overlayScalar(dst, v, path)
}

func overlayStruct(dst reflect.Value, v any, path string) error {
	table, ok := v.(map[string]any)
	if !ok {
		return problem{path, "must be a table"}
	}
	for _, key := range sortedKeys(table) {
		field, ok := fieldByKey(dst, key)
		if !ok {
			return problem{join(path, key), "there is no such field" + suggestion(dst.Type(), key)}
		}
		if err := overlayValue(field, table[key], join(path, key)); err != nil {
			return err
		}
	}
	return nil
}

func overlayMap(dst reflect.Value, v any, path string) error {
	table, ok := v.(map[string]any)
	if !ok {
		return problem{path, "must be a table"}
	}
	if dst.IsNil() {
		dst.Set(reflect.MakeMap(dst.Type()))
	}
	for _, key := range sortedKeys(table) {
		elem := reflect.New(dst.Type().Elem()).Elem()
		if old := dst.MapIndex(reflect.ValueOf(key)); old.IsValid() {
			elem.Set(old)
		}
		if err := overlayValue(elem, table[key], join(path, key)); err != nil {
			return err
		}
		dst.SetMapIndex(reflect.ValueOf(key), elem)
	}
	return nil
}

func overlayList(dst reflect.Value, v any, path string) error {
	if s, ok := v.(string); ok {
		v = []any{s}
	}
	list, ok := v.([]any)
	if !ok {
		return problem{path, "must be a list"}
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, item := range list {
		if err := overlayValue(out.Index(i), item, path); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}

func overlayScalar(dst reflect.Value, v any, path string) error {
	s, ok := scalarText(v)
	if !ok {
		return problem{path, "must be a single value"}
	}
	switch dst.Kind() {
	case reflect.String:
		dst.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return problem{path, "must be true or false"}
		}
		dst.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return problem{path, "must be a whole number"}
		}
		dst.SetInt(n)
	}
	return nil
}

func scalarText(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case bool:
		return strconv.FormatBool(t), true
	case int64:
		return strconv.FormatInt(t, 10), true
	case int:
		return strconv.Itoa(t), true
	case float64: // JSON
		return strconv.FormatFloat(t, 'f', -1, 64), !math.IsInf(t, 0) && !math.IsNaN(t)
	}
	return "", false
}

func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if key != "" && tomlKey(v.Type().Field(i)) == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// tomlKey is a field's name in files; "" for one that is not in them.
func tomlKey(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	return strings.Trim(name, "-")
}

// hasField says whether a dotted path names a field of a type.
func hasField(t reflect.Type, path string) bool {
	head, rest, more := strings.Cut(path, ".")
	switch t.Kind() {
	case reflect.Map:
		return head != "" && (!more || hasField(t.Elem(), rest))
	case reflect.Struct:
		for i := range t.NumField() {
			if tomlKey(t.Field(i)) == head && head != "" {
				return !more || hasField(t.Field(i).Type, rest)
			}
		}
	}
	return false
}

// suggestion names the field that was probably meant, or all there are.
func suggestion(t reflect.Type, key string) string {
	var names []string
	for i := range t.NumField() {
		if name := tomlKey(t.Field(i)); name != "" {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if d := text.Distance(name, key); d <= 2 && d < len(key)-1 {
			return fmt.Sprintf("; did you mean %s?", name)
		}
	}
	return "; there are " + strings.Join(names, ", ")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
