package providers

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

func TestNoOddMemberCostsTheTokens(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for _, rest := range []string{
		``, `,"expires_in":null`, `,"expires_in":""`, `,"expires_in":{}`, `,"expires_in":[1]`, `,"expires_in":true`,
		`,"expires_in":-5`, `,"expires_in":1e400`, `,"expires_in":"soon"`, `,"scope":17`, `,"scope":{}`, `,"scope":[1,null,"a"]`,
		`,"token_type":7`, `,"token_type":null`, `,"id_token":{}`, `,"error":null`, `,"error":""`, `,"error":false`,
		`,"refresh_token_expires_in":"x"`, `,"extra":` + deep, `,"access_token":"a"`,
	} {
		body := `{"access_token":"a","refresh_token":"r"` + rest + `}`
		a, ok := readAnswer(catalog.Entry{}, 200, []byte(body), testNow)
		if !ok || a.AccessToken != "a" || a.RefreshToken != "r" || a.TokenType != "Bearer" || a.ExpiresIn < 0 {
			t.Errorf("%s: %v %+v", body, ok, a)
		}
	}
}

func TestTokensAreFoundInWhateverDress(t *testing.T) {
	for name, body := range map[string]string{
		"JSON":            `{"access_token":"a","refresh_token":"r"}`,
		"byte-order mark": "\xef\xbb\xbf" + `{"access_token":"a","refresh_token":"r"}`,
		"camel case":      `{"accessToken":"a","refreshToken":"r"}`,
		"form encoding":   "access_token=a&refresh_token=r&scope=",
		"blanks around":   "\r\n  {\"access_token\":\" a \",\"refresh_token\":\"r\"}\n",
		"text after it":   `{"access_token":"a","refresh_token":"r"}` + "\n<!-- cached -->",
	} {
		if a, ok := readAnswer(catalog.Entry{}, 200, []byte(body), testNow); !ok || a.AccessToken != "a" || a.RefreshToken != "r" {
			t.Errorf("%s: %v %+v", name, ok, a)
		}
	}
}

// What stands in the place of a refresh token and is none must not replace the
// good one.
func TestOnlyAStringReplacesTheRefreshToken(t *testing.T) {
	for raw, want := range map[string]string{
		`"new"`: "new", `" new "`: "new", `"a b"`: "a b", `""`: "", `null`: "", `false`: "", `true`: "", `0`: "", `17`: "", `{}`: "", `["r"]`: "",
		`"r\u0000"`: "", `"a\nb"`: "", `"r\u001b[31m"`: "",
	} {
		a, ok := readAnswer(catalog.Entry{}, 200, []byte(`{"access_token":"a","id_token":`+raw+`,"refresh_token":`+raw+`}`), testNow)
		if !ok || a.RefreshToken != want || a.IDToken == "true" || a.IDToken == "17" {
			t.Errorf("%s: %v, refresh token %q, ID token %q", raw, ok, a.RefreshToken, a.IDToken)
		}
	}
}

func TestWhatIsNoTokenAnswer(t *testing.T) {
	slack := catalog.Entry{Errors: refusal.ErrorRules{OKField: "ok"}}
	for _, tt := range []struct {
		entry  catalog.Entry
		status int
		body   string
	}{
		{catalog.Entry{}, 200, ``}, {catalog.Entry{}, 200, `<html>`}, {catalog.Entry{}, 200, `null`}, {catalog.Entry{}, 200, `[]`}, {catalog.Entry{}, 200, `{"access_token":"a"`},
		{catalog.Entry{}, 200, `{"access_token":""}`}, {catalog.Entry{}, 200, `{"access_token":null}`}, {catalog.Entry{}, 200, `{"access_token":{}}`},
		{catalog.Entry{}, 200, `{"access_token":true}`}, {catalog.Entry{}, 200, `{"access_token":false}`}, {catalog.Entry{}, 200, `{"access_token":0}`}, {catalog.Entry{}, 200, `{"access_token":12}`},
		{catalog.Entry{}, 200, `{"access_token":"a\r\nX-Evil: 1"}`}, {catalog.Entry{}, 200, `{"access_token":"a b"}`},
		{catalog.Entry{}, 400, `{"access_token":"a"}`}, {catalog.Entry{}, 302, `{"access_token":"a"}`}, {slack, 200, `{"ok":false,"access_token":"a"}`},
	} {
		if a, ok := readAnswer(tt.entry, tt.status, []byte(tt.body), testNow); ok {
			t.Errorf("%d %s: taken for %+v", tt.status, tt.body, a)
		}
	}
}

func TestScopesAreReadFromStringsAndLists(t *testing.T) {
	for body, want := range map[string][]string{
		`"scope":"repo,gist"`:           {"repo", "gist"},
		`"scope":"openid  profile"`:     {"openid", "profile"},
		`"scope":["a:b","c"]`:           {"a:b", "c"},
		`"scope":["a b"]`:               {"a", "b"},
		`"scopes":"my scopes here"`:     {"my", "scopes", "here"},
		`"scope":""`:                    nil,
		`"scope":null`:                  nil,
		`"scope":[]`:                    nil,
		`"scope":"","scopes":["later"]`: {"later"},
	} {
		a, _ := readAnswer(catalog.Entry{}, 200, []byte(`{"access_token":"a",`+body+`}`), testNow)
		if !reflect.DeepEqual(a.Scopes, want) {
			t.Errorf("%s: %q, want %q", body, a.Scopes, want)
		}
	}
}

func TestANestedTokenIsPreferredAndATopLevelOneTaken(t *testing.T) {
	e := catalog.Entry{Tokens: catalog.TokenRules{Path: "authed_user", Keep: []string{"team.id"}}, Errors: refusal.ErrorRules{OKField: "ok"}}
	for body, want := range map[string]string{
		`{"ok":true,"access_token":"bot","authed_user":{"access_token":"user"},"team":{"id":"T1"}}`: "user",
		`{"ok":true,"access_token":"xoxe","team":{"id":"T1"}}`:                                      "xoxe",
		`{"ok":true,"access_token":"bot","authed_user":{"id":"U1"},"team":{"id":"T1"}}`:             "bot",
	} {
		a, ok := readAnswer(e, 200, []byte(body), testNow)
		if !ok || a.AccessToken != want || string(a.Extra["team.id"]) != `"T1"` {
			t.Errorf("%s: %+v", body, a)
		}
	}
}

func TestKeptMembersKeepTheirTypeAndPrecision(t *testing.T) {
	e := catalog.Entry{Tokens: catalog.TokenRules{Keep: []string{"user_id", "instance_url", "absent", "owner"}}}
	a, _ := readAnswer(e, 200, []byte(`{"access_token":"a","user_id":12345678901234567890,"instance_url":"https://x","owner":{"b":1}}`), testNow)
	want := map[string]json.RawMessage{"user_id": json.RawMessage("12345678901234567890"), "instance_url": json.RawMessage(`"https://x"`), "owner": json.RawMessage(`{"b":1}`)}
	if !reflect.DeepEqual(a.Extra, want) {
		t.Errorf("%s", a.Extra)
	}
}

func TestHowLongTheRefreshTokenLasts(t *testing.T) {
	e := catalog.Entry{Tokens: catalog.TokenRules{RefreshExpiresIn: []string{"refresh_expires_in", "refresh_token_expires_in"}}}
	for body, want := range map[string]time.Duration{
		`"refresh_expires_in":1800`:                            30 * time.Minute,
		`"refresh_token_expires_in":"60"`:                      time.Minute,
		`"refresh_expires_in":0`:                               0,
		`"refresh_expires_in":0,"refresh_token_expires_in":60`: time.Minute,
		`"x":1`: 0,
	} {
		if a, _ := readAnswer(e, 200, []byte(`{"access_token":"a",`+body+`}`), testNow); a.RefreshExpiresIn != want {
			t.Errorf("%s: %s", body, a.RefreshExpiresIn)
		}
	}
}

func FuzzTokenAnswer(f *testing.F) {
	for _, s := range []string{
		`{"access_token":"a","expires_in":"3600","scope":["x"]}`, "access_token=a&scope=x%2Cy", "\xef\xbb\xbf{}", `[{"errorCode":"X"}]`,
		`{"ok":true,"authed_user":{"access_token":"a"}}`, `{"error":{"code":190}}`, `{"access_token":"a","expires_in":1e999}`, `{"error":`, "%zz",
		`{"access_token":"a","expires_in":1e-10}`, `{"access_token":"a","refresh_token":false,"expires_at":1795431600000.5}`,
	} {
		f.Add(200, []byte(s))
		f.Add(400, []byte(s))
	}
	e := catalog.Entry{Tokens: catalog.TokenRules{Path: "authed_user", Keep: []string{"a.b", "0"}, RefreshExpiresIn: []string{"r"}}, Errors: refusal.ErrorRules{OKField: "ok", CodePaths: []string{"status", "error.code"}, Reconnect: []string{"* a=*"}}}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, ok := readAnswer(e, status, body, testNow)
		if ok && (a.AccessToken == "" || strings.ContainsAny(a.AccessToken, "\r\n ") || a.ExpiresIn < 0 || a.ExpiresIn > catalog.MaxLifetime || strings.ContainsFunc(a.RefreshToken, unicode.IsControl) || a.Never != (a.ExpiresIn == 0)) {
			t.Fatalf("%+v", a)
		}
		c := refusal.Classify(e.Errors, status, nil, body, testNow)
		if !isSafeCode(c.Code) || c.Detail == "" {
			t.Fatalf("%+v", c)
		}
	})
}

func isSafeCode(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == ""
}
