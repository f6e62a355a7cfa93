package providers

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// readAnswer reads a token answer. It is false for anything that brings no
// usable access token, or that the entry's ok_field calls a failure.
//
// Lifetimes count from sentAt.
func readAnswer(e Entry, status int, body []byte, sentAt time.Time) (Answer, bool) {
	root := parseBody(body)
	if status < 200 || status > 299 || failed(e.Errors, root) {
		return Answer{}, false
	}
	m := root
	if nested := lookup(root, e.Tokens.Path); usableToken(member(nested, "access_token")) {
		m = nested
	}
	if !usableToken(member(m, "access_token")) {
		return Answer{}, false
	}
	a := Answer{
		AccessToken:      tokenText(member(m, "access_token")),
		TokenType:        tokenType(text(member(m, "token_type"))),
		RefreshToken:     tokenText(member(m, "refresh_token")),
		IDToken:          tokenText(member(m, "id_token")),
		Scopes:           readScopes(m),
		RefreshExpiresIn: refreshLifetime(e.Tokens, m),
		Extra:            keptMembers(e.Tokens.Keep, m, root),
		SentAt:           sentAt,
	}
	a.ExpiresIn, a.Never = expiry(e.Tokens, m, sentAt)
	return a, true
}

// member is a member of the answer by its name, else by the same name in another
// spelling (accessToken).
func member(m any, name string) any {
	if v := lookup(m, name); v != nil {
		return v
	}
	for _, key := range keysWhere(m, func(key string, _ any) bool { return plainName(key) == plainName(name) }) {
		return m.(map[string]any)[key]
	}
	return nil
}

// usableToken: a token that can stand in a header.
func usableToken(v any) bool {
	s := tokenText(v)
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
}

func tokenText(v any) string { return strings.TrimSpace(text(v)) }

// tokenType: whatever a provider calls it ("bearer", Slack's "user"), it is used
// as a bearer token, unless it is one of the types that are not.
func tokenType(s string) string {
	switch strings.ToLower(s) {
	case "dpop":
		return "DPoP"
	case "mac":
		return "MAC"
	}
	return "Bearer"
}

// readScopes takes a list or a string, separated by spaces or commas; GitHub
// answers with commas to a request with spaces. Bitbucket called it scopes.
func readScopes(m any) []string {
	for _, name := range []string{"scope", "scopes"} {
		switch v := member(m, name).(type) {
		case []any:
			if list := splitScopes(strings.Join(textList(v), " ")); len(list) > 0 {
				return list
			}
		case string:
			if list := splitScopes(v); len(list) > 0 {
				return list
			}
		}
	}
	return nil
}

func splitScopes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
}

// expiry is the access token's lifetime: as stated, else the moment stated
// (Strava and Sentry give expires_at too), else the entry's default. A lifetime
// of zero, a negative one or one that is no number states nothing.
func expiry(t TokenRules, m any, sentAt time.Time) (in time.Duration, never bool) {
	unit := time.Second
	if t.ExpiresUnit == "ms" {
		unit = time.Millisecond
	}
	if d, ok := lifetime(member(m, first(t.ExpiresIn, "expires_in")), unit); ok {
		return d, false
	}
	if at, ok := moment(member(m, "expires_at")); ok && at.After(sentAt) {
		return min(at.Sub(sentAt), maxLifetime), false
	}
	if t.DefaultExpiresIn > 0 {
		return time.Duration(t.DefaultExpiresIn) * time.Second, false
	}
	return 0, true
}

// moment reads seconds since 1970 or RFC 3339.
func moment(v any) (time.Time, bool) {
	s := strings.TrimSpace(text(v))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 && n < 1<<33 {
		return time.Unix(n, 0), true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

// A lifetime in an answer is bounded by a century.
const maxLifetime = 100 * 365 * 24 * time.Hour

func refreshLifetime(t TokenRules, m any) time.Duration {
	for _, name := range t.RefreshExpiresIn {
		if d, ok := lifetime(lookup(m, name), time.Second); ok {
			return d
		}
	}
	return 0
}

// lifetime reads a positive number of units, in whatever dress.
func lifetime(v any, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text(v)), 64)
	if math.IsInf(n, 1) {
		err = nil
	}
	if err != nil || !(n > 0) {
		return 0, false
	}
	return time.Duration(min(n*float64(unit), float64(maxLifetime))), true
}

// keptMembers takes the entry's extra members, from beside the token or from the top.
func keptMembers(paths []string, m, root any) map[string]json.RawMessage {
	var extra map[string]json.RawMessage
	for _, path := range paths {
		v := lookup(m, path)
		if v == nil {
			v = lookup(root, path)
		}
		raw, err := json.Marshal(v)
		if v == nil || err != nil {
			continue
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[path] = raw
	}
	return extra
}
