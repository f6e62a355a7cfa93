package providers

import (
	"encoding/json"
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
		RefreshToken:     refreshTokenIn(m),
		IDToken:          tokenText(member(m, "id_token")),
		Scopes:           readScopes(m),
		RefreshExpiresIn: refreshLifetime(e.Tokens, m, sentAt),
		Extra:            keptMembers(e.Tokens.Keep, m, root),
		SentAt:           sentAt,
	}
	a.ExpiresIn, a.Never, a.unclear = expiry(e.Tokens, m, sentAt)
	if a.RefreshToken != "" {
		a = a.renewable()
	}
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

// refreshTokenIn is the new refresh token; "" where there is none, or one that no
// provider can mean (RFC 6749 §A.17): the old one stays.
func refreshTokenIn(m any) string {
	s := tokenText(member(m, "refresh_token"))
	if strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// tokenText: only a string is a token. "refresh_token": false says that there is
// none, and must not replace the one there is.
func tokenText(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

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
