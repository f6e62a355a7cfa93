package providers

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// oauthError is what an answer's body says about an error, whatever its shape.
type oauthError struct {
	members any
	own     []string // the values under the entry's code paths, first hit first
	codes   []string // those, then the other places of codes
	texts   []string // the values of textPlaces
	shaped  bool     // it speaks as an OAuth server does (RFC 6749 §5.2), more or less
}

func readError(rules ErrorRules, body []byte) oauthError {
	e := readOwn(rules, body)
	e.codes = append(slices.Clip(e.own), valuesOf(e.members, codeNames)...)
	e.texts = valuesOf(e.members, textNames)
	e.shaped = e.isShaped(rules)
	return e
}

// readOwn is readError for an entry's own rules alone.
func readOwn(rules ErrorRules, body []byte) oauthError {
	e := oauthError{members: parseBody(body)}
	for _, path := range codePaths(rules) {
		e.own = appendText(e.own, memberValue(e.members, path))
	}
	return e
}

var bearerErrorParam = regexp.MustCompile(`(?i)\berror="?([a-z_]{1,64})`)

// bearerError is the error in a WWW-Authenticate header (RFC 6750 §3).
func bearerError(h http.Header) string {
	if m := bearerErrorParam.FindStringSubmatch(h.Get("WWW-Authenticate")); m != nil {
		return m[1]
	}
	return ""
}

func codePaths(rules ErrorRules) []string {
	if len(rules.CodePaths) == 0 {
		return []string{"error"}
	}
	return rules.CodePaths
}

// valuesOf collects the scalars under these names, outer ones before inner ones,
// in the order of the names, down to the depth and number that any honest answer
// stays within.
func valuesOf(members any, names []string) (values []string) {
	level := []any{members}
	for depth := 0; depth < 5 && len(level) > 0 && len(level) < 64; depth++ {
		var inner []any
		for _, name := range names {
			for _, v := range level {
				values = append(values, scalarsUnder(v, name)...)
			}
		}
		for _, v := range level {
			inner = append(inner, containersIn(v)...)
		}
		level = inner
	}
	return values
}

// scalarsUnder are an object's scalars of that name; a list's count as its own.
func scalarsUnder(v any, name string) (values []string) {
	for _, key := range keysWhere(v, func(key string, _ any) bool { return plainName(key) == name }) {
		item := v.(map[string]any)[key]
		list, ok := item.([]any)
		if !ok {
			list = []any{item}
		}
		for _, item := range list[:min(len(list), 8)] {
			values = appendText(values, text(item))
		}
	}
	return values
}

func containersIn(v any) (inner []any) {
	items, _ := v.([]any)
	for _, key := range keysWhere(v, func(_ string, item any) bool { return isContainer(item) }) {
		items = append(items, v.(map[string]any)[key])
	}
	return slices.DeleteFunc(slices.Clone(items), func(item any) bool { return !isContainer(item) })
}

func isContainer(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// keysWhere are an object's keys that fit, sorted.
func keysWhere(v any, fits func(key string, item any) bool) (keys []string) {
	m, _ := v.(map[string]any)
	for key, item := range m {
		if fits(key, item) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func plainName(key string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
}

func memberValue(members any, path string) string { return text(lookup(members, path)) }

func appendText(list []string, s string) []string {
	if s == "" || s == "false" {
		return list
	}
	return append(list, s)
}

func (e oauthError) matches(rules []string, status int) bool {
	return anyRule(rules, status, e.own, e.members)
}

// code is the provider's own word for the error, safe to show: what the entry
// points at, else the first that reads as a code, else the first there is.
func (e oauthError) code(rules ErrorRules) string {
	if len(rules.CodePaths) > 0 && len(e.own) > 0 && e.own[0] != "true" {
		return SafeCode(e.own[0])
	}
	for _, c := range e.codes {
		if isWord(c) {
			return SafeCode(c)
		}
	}
	if len(e.codes) > 0 {
		return SafeCode(e.codes[0])
	}
	return "not_oauth"
}

// isWord: a code rather than a number, a flag or a sentence.
func isWord(s string) bool {
	return s != "true" && len(s) <= 64 && strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsAny(s, " \t\r\n<")
}

// isShaped tells an OAuth server's refusal from a firewall's or a web
// framework's page in JSON: it has a non-empty error (any JSON type), a false
// ok_field, a value under one of the entry's code paths, or a worded code where
// providers put one. An error that only repeats the HTTP reason ("Forbidden")
// is a framework's, unless the text beside it speaks of tokens.
func (e oauthError) isShaped(rules ErrorRules) bool {
	if failed(rules, e.members) {
		return true
	}
	if s, ok := lookup(e.members, "error").(string); ok && isReasonPhrase(s) {
		return e.mentionsToken()
	}
	if len(e.own) > 0 || hasError(e.members) {
		return true
	}
	return slices.ContainsFunc(valuesOf(e.members, []string{"errorcode", "code", "errors", "error"}), isWord)
}

func hasError(members any) bool {
	switch v := lookup(members, "error").(type) {
	case nil:
		return false
	case string:
		return v != ""
	case bool:
		return v
	case json.Number:
		return v != "0"
	}
	return true
}

// failed: the entry's ok_field says so.
func failed(rules ErrorRules, members any) bool {
	return rules.OKField != "" && memberValue(members, rules.OKField) == "false"
}

func isReasonPhrase(s string) bool {
	for status := 400; status < 600; status++ {
		if t := http.StatusText(status); t != "" && canonical(t) == canonical(s) {
			return true
		}
	}
	return canonical(s) == "access_denied" && s != "access_denied"
}

func (e oauthError) mentionsToken() bool {
	for _, path := range []string{"message", "error_description", "error_message", "detail", "reason"} {
		s := strings.ToLower(memberValue(e.members, path))
		if strings.Contains(s, "token") || strings.Contains(s, "grant") {
			return true
		}
	}
	return false
}

// canonical brings a code to one spelling: lower case, words joined by "_".
func canonical(s string) string {
	var b strings.Builder
	lower := false // the rune before was lower case: an upper-case one begins a word
	for _, r := range strings.TrimRight(strings.TrimSpace(s), ".!") {
		switch {
		case r == '-' || r == ' ' || r == '.':
			r = '_'
		case unicode.IsUpper(r) && lower:
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// isPlain: letters, digits and "_" only, and no longer than a code is.
func isPlain(code string) bool {
	return len(code) <= 64 && !strings.ContainsFunc(code, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// SafeCode reduces a foreign error code to [a-z0-9_.-]{1,64}, so that it can be
// shown and logged: no markup, no escape sequences, no length. What is not a
// code becomes "unknown".
func SafeCode(s string) string {
	safe := safeText(s[:min(len(s), 256)])
	if safe = safe[:min(len(safe), 64)]; safe == "" {
		return "unknown"
	}
	return safe
}

// safeText is SafeCode without its bounds.
func safeText(s string) string {
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		case r == ' ':
			return '_'
		}
		return -1
	}, strings.TrimSpace(s))
}
