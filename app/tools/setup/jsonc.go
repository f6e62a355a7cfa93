package setup

import (
	"encoding/json"
	"errors"
	"strings"
)

// errNotJSONC: a file is no JSON object, with comments and trailing commas or
// without.
var errNotJSONC = errors.New("it is no JSON object")

// jsonc finds its way through JSON with comments, as editors keep their settings, so
// that a member can be added and every other byte stays.
type jsonc struct {
	text string
	at   int
}

// member is where a member stands: its name, and its value.
type member struct {
	name         string
	at, from, to int
}

// members lists an object's members; at stands before the object, and after it then.
func (j *jsonc) members() (all []member, inside int, err error) {
	j.space()
	if !j.skip('{') {
		return nil, 0, errNotJSONC
	}
	inside = j.at
	for {
		j.space()
		if j.skip('}') {
			return all, inside, nil
		}
		if len(all) > 0 && j.skip(',') {
			j.space()
			if j.skip('}') {
				return all, inside, nil
			}
		}
		from := j.at
		if j.peek() != '"' || !j.value() {
			return nil, 0, errNotJSONC
		}
		m := member{at: from}
		if json.Unmarshal([]byte(j.text[from:j.at]), &m.name) != nil {
			return nil, 0, errNotJSONC
		}
		j.space()
		if !j.skip(':') {
			return nil, 0, errNotJSONC
		}
		j.space()
		m.from = j.at
		if !j.value() {
			return nil, 0, errNotJSONC
		}
		m.to = j.at
		all = append(all, m)
	}
}

func (j *jsonc) peek() byte {
	if j.at < len(j.text) {
		return j.text[j.at]
	}
	return 0
}

func (j *jsonc) skip(c byte) bool {
	if j.peek() != c {
		return false
	}
	j.at++
	return true
}

// space skips blanks and comments.
func (j *jsonc) space() {
	for j.at < len(j.text) {
		rest := j.text[j.at:]
		switch {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			j.at++
		case strings.HasPrefix(rest, "\ufeff"):
			j.at += len("\ufeff")
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			j.at += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				j.at = len(j.text)
				return
			}
			j.at += end + len("*/")
		default:
			return
		}
	}
}

// value skips a value.
func (j *jsonc) value() bool {
	depth := 0
	for {
		j.space()
		switch c := j.peek(); c {
		case 0:
			return false
		case '"':
			if !j.str() {
				return false
			}
		case '{', '[':
			j.at++
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return false
			}
			j.at++
			depth--
		case ',', ':':
			if depth == 0 {
				return false
			}
			j.at++
			continue
		default:
			for !strings.ContainsRune(" \t\r\n,:]}/\"", rune(j.peek())) && j.peek() != 0 {
				j.at++
			}
			if j.peek() == '/' && !strings.HasPrefix(j.text[j.at:], "//") && !strings.HasPrefix(j.text[j.at:], "/*") {
				return false
			}
		}
		if depth == 0 {
			return true
		}
	}
}

func (j *jsonc) str() bool {
	for j.at++; j.at < len(j.text); j.at++ {
		switch j.text[j.at] {
		case '\\':
			j.at++
		case '"':
			j.at++
			return true
		}
	}
	return false
}

// plain is JSON without comments and trailing commas.
func plain(text string) string {
	j := &jsonc{text: text}
	var out strings.Builder
	comma := false
	for {
		j.space()
		if j.at >= len(text) {
			return out.String()
		}
		from := j.at
		switch c := j.peek(); c {
		case '"':
			if !j.str() {
				return ""
			}
		default:
			j.at++
			if c == ',' {
				comma = true
				continue
			}
			if comma && (c == '}' || c == ']') {
				comma = false
			}
		}
		if comma {
			out.WriteByte(',')
			comma = false
		}
		out.WriteString(text[from:j.at])
	}
}

// addMember puts a member into the object that a member of the root is. has is the
// value that is there already, and nothing is changed then.
func addMember(text, object, name, value string) (changed, has string, err error) {
	if strings.TrimSpace(text) == "" {
		text = "{}\n"
	}
	root := &jsonc{text: text}
	all, inside, err := root.members()
	if err != nil {
		return "", "", err
	}
	if root.space(); root.at != len(text) {
		return "", "", errNotJSONC
	}
	at, indent, entry, empty := inside, "  ", "", len(all) == 0
	entry = quoted(object) + ": {\n    " + quoted(name) + ": " + value + "\n  }"
	for _, m := range all {
		if m.name != object {
			continue
		}
		inner := &jsonc{text: text, at: m.from}
		entries, begin, err := inner.members()
		if err != nil {
			return "", "", err
		}
		for _, e := range entries {
			if e.name == name {
				return text, plain(text[e.from:e.to]), nil
			}
		}
		at, indent, entry, empty = begin, "    ", quoted(name)+": "+value, len(entries) == 0
	}
	switch {
	case !empty:
		entry += ","
	case strings.TrimSpace(text[at:])[0] == '}':
		entry += "\n" + indent[2:]
		text = text[:at] + strings.TrimLeft(text[at:], " \t\r\n")
	}
	return text[:at] + "\n" + indent + entry + text[at:], "", nil
}

// removeMember takes a member out of the object that a member of the root is, with its
// line and the one comma that it leaves over. has is its value; "" where there is none.
func removeMember(text, object, name string) (changed, has string, err error) {
	root := &jsonc{text: text}
	all, _, err := root.members()
	if err != nil {
		return "", "", err
	}
	for _, m := range all {
		if m.name != object {
			continue
		}
		entries, _, err := (&jsonc{text: text, at: m.from}).members()
		if err != nil {
			return "", "", err
		}
		for i, e := range entries {
			if e.name == name {
				return without(text, entries, i), plain(text[e.from:e.to]), nil
			}
		}
	}
	return text, "", nil
}

// without is the text without the ith member.
func without(text string, all []member, i int) string {
	from := strings.TrimRight(text[:all[i].at], " \t")
	from = strings.TrimSuffix(strings.TrimSuffix(from, "\n"), "\r")
	rest := &jsonc{text: text, at: all[i].to}
	if rest.space(); rest.skip(',') {
		return from + text[rest.at:]
	}
	if i > 0 { // the last one, and the one before has a comma for it
		before := &jsonc{text: text, at: all[i-1].to}
		if before.space(); before.peek() == ',' && before.at < len(from) {
			from = from[:before.at] + from[before.at+1:]
		}
	}
	return from + text[all[i].to:]
}

func quoted(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(out)
}
