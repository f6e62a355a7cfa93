package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// edited is the text of a file with the values of another: keys that have another
// value are changed where they stand, those that are gone are taken out, new ones are
// added behind the others of their table. Comments, order and quoting of all the rest
// stay. The result says the same as want; where it would not, it is want.
func edited(text, want []byte) []byte {
	var old, new, got map[string]any
	if toml.Unmarshal(text, &old) != nil || toml.Unmarshal(want, &new) != nil {
		return want
	}
	out := edit(statements(string(text)), leaves(old), leaves(new))
	if toml.Unmarshal([]byte(out), &got) != nil || !reflect.DeepEqual(leaves(got), leaves(new)) {
		return want
	}
	return []byte(out)
}

// statement is a piece of a TOML file: a key with its value, a table's header, or
// the blank lines and comments between them. A text is the sum of its statements.
type statement struct {
	text  string
	table string   // the one that it stands in; of a header its own
	head  bool     // a table's header
	paths []string // of the values that it holds
}

// leaves are the values of a table by their dotted, quoted paths.
func leaves(table map[string]any) map[string]any {
	out := map[string]any{}
	flatten(out, "", table)
	return out
}

func flatten(out map[string]any, prefix string, table map[string]any) {
	for key, value := range table {
		path := dotted(prefix, key)
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			flatten(out, path, inner)
			continue
		}
		out[path] = value
	}
}

// dotted is a path with one more key, which is quoted where it has to be.
func dotted(prefix, key string) string {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || key == "" {
		quoted, _ := toml.Marshal(map[string]string{key: ""}) // "key = ''"
		key, _, _ = strings.Cut(string(quoted), " = ")
	}
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// statements cuts a text into its statements. What cannot be read as one alone ends
// up as a statement that holds nothing; edited finds out.
func statements(text string) (all []statement) {
	table := ""
	for text != "" {
		n := statementEnd(text)
		s := statement{text: text[:n], table: table}
		text = text[n:]
		body := strings.TrimSpace(s.text)
		switch {
		case body == "" || body[0] == '#':
		case body[0] == '[':
			s.head = true
			var holds map[string]any
			if toml.Unmarshal([]byte(body), &holds) == nil {
				table = emptyTable("", holds)
			}
			s.table = table
		default:
			var holds map[string]any
			if toml.Unmarshal([]byte(body), &holds) == nil {
				out := map[string]any{}
				flatten(out, table, holds)
				s.paths = slices.Sorted(maps.Keys(out))
			}
		}
		all = append(all, s)
	}
	return all
}

// emptyTable is the path of the table that a header alone makes.
func emptyTable(prefix string, holds map[string]any) string {
	for key, value := range holds {
		if inner, ok := value.(map[string]any); ok {
			return emptyTable(dotted(prefix, key), inner)
		}
	}
	return prefix
}

// statementEnd is where the statement at the beginning of a text ends: behind the
// first line break that is in no text and no list.
func statementEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case rest[0] == '#':
			if i = lineEnd(text, i); depth == 0 {
				return i
			}
		case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, `'''`):
			i = quoteEnd(text, i+3, rest[:3], rest[0] == '"')
		case rest[0] == '"', rest[0] == '\'':
			i = quoteEnd(text, i+1, rest[:1], rest[0] == '"')
		case rest[0] == '\n' && depth == 0:
			return i + 1
		default:
			depth += strings.Count("[{", rest[:1]) - strings.Count("]}", rest[:1])
			i++
		}
	}
	return len(text)
}

func lineEnd(text string, i int) int {
	if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(text)
}

// quoteEnd is where a text in quotes, which begins at i, ends.
func quoteEnd(text string, i int, quote string, escapes bool) int {
	for i < len(text) {
		switch {
		case escapes && text[i] == '\\':
			i += 2
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		default:
			i++
		}
	}
	return len(text)
}

// edit is the text of the statements with new values.
func edit(all []statement, old, new map[string]any) string {
	var out []string
	ends := map[string]int{"": 0} // where a table's own statements end, in out
	placed := map[string]bool{}
	for _, s := range all {
		text := s.changed(old, new, placed)
		out = append(out, text)
		if s.head || len(s.paths) > 0 && text != "" {
			ends[s.table] = len(out)
		}
	}
	var added []string
	for path := range new {
		if !placed[path] {
			added = append(added, path)
		}
	}
	slices.Sort(added)
	for _, path := range slices.Backward(added) {
		table, key := parent(path)
		line := key + " = " + literal(new[path]) + "\n"
		at, there := ends[table]
		if !there {
			continue
		}
		placed[path] = true
		out = slices.Insert(out, at, line)
		for name, end := range ends {
			if end > at {
				ends[name] = end + 1
			}
		}
	}
	text := strings.Join(out, "")
	for _, path := range added {
		table, key := parent(path)
		if placed[path] {
			continue
		}
		if _, there := ends[table]; !there {
			ends[table] = 0
			text = strings.TrimRight(text, "\n") + "\n\n[" + table + "]\n"
		}
		text += key + " = " + literal(new[path]) + "\n"
	}
	return text
}

// changed is the statement with the values that its keys have now, and marks those as
// placed; "" where they are gone.
func (s statement) changed(old, new map[string]any, placed map[string]bool) string {
	if len(s.paths) == 0 {
		return s.text
	}
	same := true
	for _, path := range s.paths {
		value, there := new[path]
		same = same && there && reflect.DeepEqual(value, old[path])
	}
	path := s.paths[0]
	value, there := new[path]
	switch {
	case same:
		for _, path := range s.paths {
			placed[path] = true
		}
		return s.text
	case len(s.paths) > 1 || !there: // an inline table comes back key by key, below its own header
		return ""
	}
	placed[path] = true
	at := equalsSign(s.text)
	end := at + valueEnd(s.text[at:])
	return s.text[:at] + " " + literal(value) + s.text[end:]
}

// equalsSign is the place behind the sign between key and value.
func equalsSign(text string) int {
	for i := 0; i < len(text); {
		switch text[i] {
		case '=':
			return i + 1
		case '"', '\'':
			i = quoteEnd(text, i+1, text[i:i+1], text[i] == '"')
		default:
			i++
		}
	}
	return len(text)
}

// valueEnd is where a value ends, before the blanks and the comment behind it.
func valueEnd(text string) int {
	depth, end := 0, 0
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case rest[0] == '#' && depth == 0:
			return end
		case rest[0] == '#':
			i = lineEnd(text, i)
		case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, `'''`):
			i = quoteEnd(text, i+3, rest[:3], rest[0] == '"')
			end = i
		case rest[0] == '"', rest[0] == '\'':
			i = quoteEnd(text, i+1, rest[:1], rest[0] == '"')
			end = i
		default:
			depth += strings.Count("[{", rest[:1]) - strings.Count("]}", rest[:1])
			if i++; strings.TrimSpace(rest[:1]) != "" {
				end = i
			}
		}
	}
	return end
}

// parent splits a path into its table and its key.
func parent(path string) (table, key string) {
	for i := 0; i < len(path); {
		switch path[i] {
		case '.':
			table, key = path[:i], path[i+1:]
			i++
		case '"', '\'':
			i = quoteEnd(path, i+1, path[i:i+1], path[i] == '"')
		default:
			i++
		}
	}
	if key == "" {
		return "", path
	}
	return table, key
}

// literal is a value as TOML writes it.
func literal(value any) string {
	text, err := toml.Marshal(map[string]any{"x": value})
	if err != nil {
		return ""
	}
	_, text2, ok := strings.Cut(string(text), "=")
	if !ok { // an empty table has a header
		return "{}"
	}
	return strings.TrimSpace(text2)
}
