package refusal

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ParseBody reads a provider's answer into members, whatever its Content-Type
// says: proxies relabel JSON, and GitHub answers in form encoding by default.
// It returns nil for anything else: HTML, XML, nothing, JSON cut short.
func ParseBody(body []byte) any {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return nil
	}
	if strings.IndexByte(`{["`, body[0]) >= 0 {
		return ParseJSON(body)
	}
	return parseForm(string(body))
}

// ParseJSON reads the first JSON value and keeps numbers as they were written.
func ParseJSON(body []byte) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// parseForm takes only what can be an OAuth answer for form encoding: a page of
// text parses as a query too.
func parseForm(body string) any {
	q, err := url.ParseQuery(body)
	if err != nil || !q.Has("access_token") && !q.Has("error") && !q.Has("device_code") {
		return nil
	}
	m := make(map[string]any, len(q))
	for k := range q {
		m[k] = q.Get(k)
	}
	return m
}

// Lookup follows a dotted path ("error.code", "errors.0.resource") and returns
// nil where it leads nowhere. A member whose own name holds the dots wins.
func Lookup(v any, path string) any {
	if path == "" {
		return v
	}
	if m, ok := v.(map[string]any); ok && m[path] != nil {
		return m[path]
	}
	head, rest, _ := strings.Cut(path, ".")
	switch t := v.(type) {
	case map[string]any:
		return Lookup(t[head], rest)
	case []any:
		if i, err := strconv.Atoi(head); err == nil && i >= 0 && i < len(t) {
			return Lookup(t[i], rest)
		}
	}
	return nil
}

// TextAt is the text at a path; "" where there is none.
func TextAt(v any, path string) string { return Text(Lookup(v, path)) }

// Text is the value of a scalar member; "" for null, objects and lists.
func Text(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case json.Number:
		return t.String()
	case bool:
		return strconv.FormatBool(t)
	}
	return ""
}

// Member is an object's member by its name, else by the same name in another
// spelling (accessToken for access_token).
func Member(v any, name string) any {
	if found := Lookup(v, name); found != nil {
		return found
	}
	m, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if plainName(key) == plainName(name) {
			return m[key]
		}
	}
	return nil
}

// plainName is a member's name without what makes no difference.
func plainName(key string) string { return joiners.Replace(strings.ToLower(key)) }

// joiners make no difference in a name. Made once: a body may have a megabyte of names.
var joiners = strings.NewReplacer("_", "", "-", "")
