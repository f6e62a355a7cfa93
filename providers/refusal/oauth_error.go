package refusal

import (
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
	texts   []string // the values of textNames
}

func readError(rules ErrorRules, body []byte) oauthError {
	e := readOwn(rules, body)
	e.codes = append(slices.Clip(e.own), valuesOf(e.members, codeNames)...)
	e.texts = valuesOf(e.members, textNames)
	return e
}

// readOwn is readError for an entry's own rules alone.
func readOwn(rules ErrorRules, body []byte) oauthError {
	e := oauthError{members: ParseBody(body)}
	if s, ok := e.members.(string); ok {
		e.members = map[string]any{"error": s} // the whole answer is the code, in quotes
	}
	for _, path := range codePaths(rules) {
		e.own = appendText(e.own, TextAt(e.members, path))
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
			values = append(appendText(values, Text(item)), codeKeys(item)...)
		}
	}
	return values
}

// codeKeys are an object's members that have a code for a name: the errors of
// {"error": {"invalid_grant": "expired"}}.
func codeKeys(v any) []string {
	return keysWhere(v, func(key string, item any) bool {
		_, known := knownCodes[canonical(key)]
		return known && item != nil && item != false
	})
}

// containersIn are the objects and lists in one; a gateway may have put the
// provider's answer into a string.
func containersIn(v any) (inner []any) {
	items, _ := v.([]any)
	items = slices.Clone(items)
	for _, key := range keysWhere(v, func(string, any) bool { return true }) {
		items = append(items, v.(map[string]any)[key])
	}
	for _, item := range items {
		if s := strings.TrimSpace(Text(item)); strings.HasPrefix(s, "{") {
			item = ParseJSON([]byte(s))
		}
		if isContainer(item) {
			inner = append(inner, item)
		}
	}
	return inner
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

// plainName is a member's name without what makes no difference.
func plainName(key string) string { return joiners.Replace(strings.ToLower(key)) }

// joiners make no difference in a name. Made once: a body may have a megabyte of names.
var joiners = strings.NewReplacer("_", "", "-", "")

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
	return !isFlag(s) && len(s) <= 64 && strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsAny(s, " \t\r\n<")
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

// SafeCode reduces a foreign error code to [a-z0-9_.-]{1,64}, so that it can be
// shown and logged: no markup, no escape sequences, no length. What is not a
// code becomes "unknown".
func SafeCode(s string) string {
	safe := SafeText(s[:min(len(s), 256)])
	if safe = safe[:min(len(safe), 64)]; safe == "" {
		return "unknown"
	}
	return safe
}

// SafeText is SafeCode without its bounds.
func SafeText(s string) string {
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

func (e oauthError) saysUnknownToken(rules ErrorRules, status int) bool {
	if status >= 300 && (status < 400 || PassingStatus(status)) {
		return false
	}
	if e.matches(rules.Reconnect, status) {
		return true
	}
	return slices.ContainsFunc(e.codes, func(s string) bool {
		class, _, known := codeClass(s)
		return slices.Contains(goneCodes, canonical(s)) || known && class == Dead
	})
}

var goneCodes = []string{"invalid_token", "token_revoked", "token_expired", "token_not_found", "invalid_auth"}

// TokenGone reports whether an answer to a revocation (RFC 7009) says that the
// token is revoked now, or that the provider does not know it.
func TokenGone(rules ErrorRules, status int, body []byte) bool {
	e := readError(rules, body)
	ok := status >= 200 && status < 300 && !rules.Failed(e.members) && !hasError(e.members)
	return ok || e.saysUnknownToken(rules, status)
}
