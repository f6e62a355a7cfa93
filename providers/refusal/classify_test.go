package refusal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// The general table, for a provider of whom nothing is known.
func TestClassOfAnAnswerWithoutToken(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // class and code
	}{
		{"the standard", 400, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"whatever the status", 200, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"whatever the status", 401, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"whatever the status", 403, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"whatever the status", 404, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"whatever the status", 422, `{"error":"invalid_grant"}`, "dead invalid_grant"},
		{"form encoding", 400, "error=invalid_grant&error_description=gone", "dead invalid_grant"},
		{"byte-order mark", 400, "\xef\xbb\xbf{\"error\":\"invalid_grant\"}", "dead invalid_grant"},
		{"description is no string", 400, `{"error":"invalid_grant","error_description":{"text":["x"]}}`, "dead invalid_grant"},
		{"text after the object", 400, `{"error":"invalid_grant"}<!-- 12 -->`, "dead invalid_grant"},
		{"error is an object", 400, `{"error":{"code":"invalid_grant","message":"gone"}}`, "dead invalid_grant"},
		{"error is an object with a type", 400, `{"error":{"type":"invalid_grant","code":17}}`, "dead invalid_grant"},
		{"error is true, code in code", 400, `{"error":true,"code":"invalid_grant"}`, "dead invalid_grant"},
		{"error is a number, code in message", 400, `{"error":400,"message":"invalid_grant"}`, "dead invalid_grant"},
		{"in code", 400, `{"code":"invalid_grant"}`, "dead invalid_grant"},
		{"in error_code", 401, `{"error_code":"invalid_grant"}`, "dead invalid_grant"},
		{"in errorCode", 400, `{"errorCode":"invalid_grant"}`, "dead invalid_grant"},
		{"in errors[0].code", 400, `{"errors":[{"code":"invalid_grant"}]}`, "dead invalid_grant"},
		{"in errors[0]", 400, `{"errors":["invalid_grant"]}`, "dead invalid_grant"},
		{"in a list", 400, `[{"errorCode":"INVALID_GRANT"}]`, "dead invalid_grant"},
		{"in ErrorCode", 400, `{"ErrorCode":"invalid_grant"}`, "dead invalid_grant"},
		{"deep down", 400, `{"fault":{"faultstring":"x","detail":{"errorcode":"oauth.v2.InvalidRefreshToken"}}}`, "dead oauth_v2_invalid_refresh_token"},
		{"deep down", 400, `{"response":{"errors":[{"meta":1},{"code":"invalid_grant"}]}}`, "dead invalid_grant"},
		{"the outer one counts", 400, `{"error":"invalid_client","details":{"error":"invalid_grant"}}`, "misconfigured invalid_client"},
		{"too deep to be meant", 400, `{"a":{"a":{"a":{"a":{"a":{"error":"invalid_grant"}}}}}}`, "transient not_oauth"},
		{"vague error, clear code", 400, `{"error":"bad_request","error_code":"invalid_grant"}`, "dead invalid_grant"},
		{"upper case", 400, `{"error":"INVALID_GRANT"}`, "dead invalid_grant"},
		{"camel case", 400, `{"error":"InvalidGrant"}`, "dead invalid_grant"},
		{"a refresh token called bad", 400, `{"error":"invalid_refresh_token"}`, "dead invalid_refresh_token"},
		{"a refresh token called bad", 401, `{"error":"RefreshTokenExpired"}`, "dead refresh_token_expired"},
		{"a refresh token called bad", 400, `{"error":"refresh-token-not-found"}`, "dead refresh_token_not_found"},
		{"a refresh token called bad", 400, `{"message":"Invalid refresh token"}`, "dead invalid_refresh_token"},
		{"but not our request", 400, `{"error":"invalid_request","message":"Invalid parameter refresh_token"}`, "suspect invalid_request"},
		{"but not our request", 400, `{"error":"missing_refresh_token"}`, "suspect missing_refresh_token"},
		{"a limiter that names the refresh token", 403, `{"error":"refresh_token_reuse_rate_limited"}`, "transient refresh_token_reuse_rate_limited"},
		{"a limiter that names the refresh token", 400, `{"error":"TooManyInvalidRefreshTokens"}`, "suspect toomanyinvalidrefreshtokens"},
		{"a firewall that names the refresh token", 403, `{"error":"waf_refresh_token_invalid"}`, "transient waf_refresh_token_invalid"},
		{"a gateway's cookie", 401, `{"error":"refresh_token_cookie_expired"}`, "suspect refresh_token_cookie_expired"},
		{"a portal's word", 200, `{"status":"login_required","login_url":"https://portal.example"}`, "transient not_oauth"},
		{"a portal's word", 403, `{"type":"login_required"}`, "transient not_oauth"},
		{"the browser is needed", 400, `{"error":"interaction_required"}`, "dead interaction_required"},
		{"the account is disabled", 400, `{"error":"inactive_user"}`, "dead inactive_user"},

		{"our client", 401, `{"error":"invalid_client"}`, "misconfigured invalid_client"},
		{"our client", 400, `{"error":"invalid_client"}`, "misconfigured invalid_client"},
		{"our client", 200, `{"error":"incorrect_client_credentials"}`, "misconfigured incorrect_client_credentials"},
		{"our client, in other words", 401, `{"code":"UNKNOWN_CLIENT"}`, "misconfigured unknown_client"},
		{"our scope", 400, `{"error":"invalid_scope"}`, "misconfigured invalid_scope"},
		{"our grant type", 400, `{"error":"unsupported_grant_type"}`, "misconfigured unsupported_grant_type"},
		{"nothing there", 404, "<html>not found", "misconfigured not_oauth"},
		{"nothing there", 405, "", "misconfigured not_oauth"},

		{"a word we do not know", 400, `{"error":"weird_thing"}`, "suspect weird_thing"},
		{"access_denied has no class of its own", 400, `{"error":"access_denied"}`, "suspect access_denied"},
		{"a number", 400, `{"error":190,"message":"Bad Request"}`, "suspect 190"},
		{"the status over again", 400, `{"error":400,"message":"Bad Request"}`, "transient not_oauth"},
		{"the status over again, beside a word on tokens", 400, `{"error":400,"message":"Token gone"}`, "suspect 400"},
		{"a flag", 400, `{"error":true,"message":"Parameter missing"}`, "suspect true"},
		{"an object", 400, `{"error":{"code":190}}`, "suspect 190"},
		{"markup in a code", 400, `{"error":"<script>x</script>"}`, "suspect scriptxscript"},
		{"in a 200", 200, `{"error":"weird_thing"}`, "suspect weird_thing"},
		{"the reason phrase, beside a word on tokens", 401, `{"error":"Unauthorized","message":"The token has gone."}`, "suspect unauthorized"},

		{"the reason phrase, beside a word on a form's token", 403, `{"error":"Forbidden","message":"CSRF token missing"}`, "transient not_oauth"},
		{"a code like the reason phrase", 401, `{"error":"unauthorized","error_description":"Bad credentials"}`, "suspect unauthorized"},

		{"the refresh token, in other words", 401, `{"error":"invalid_token","error_description":"Invalid refresh token (expired): eyJ.eyJ"}`, "dead invalid_refresh_token"},
		{"the refresh token, not the client", 400, `{"error":"unauthorized_client","error_description":"refresh_token is invalid"}`, "dead unauthorized_client"},
		{"the client, not the refresh token", 400, `{"error":"unauthorized_client","error_description":"The \"refresh_token\" grant type is unauthorized for this client"}`, "misconfigured unauthorized_client"},
		{"a sentence for people", 401, `{"message":"Login required"}`, "transient not_oauth"},
		{"a sentence for people", 403, `{"title":"Login Required","status":403}`, "transient not_oauth"},
		{"a sentence for people", 200, `{"message":"Login required","url":"https://portal.example"}`, "transient not_oauth"},
		{"a sentence for people", 401, `{"error":"Unauthorized","message":"Login required"}`, "transient not_oauth"},
		{"a sentence for people", 403, `{"error":"Login required"}`, "transient not_oauth"},
		{"a sentence for people", 403, `{"detail":"Consent required"}`, "transient not_oauth"},
		{"a sentence for people", 400, `{"message":"Interaction required."}`, "transient not_oauth"},
		{"a sentence for people", 401, `{"name":"Inactive user"}`, "transient not_oauth"},
		{"a sentence for people", 401, `{"error":"Login required"}`, "suspect login_required"},
		{"not our client", 403, `{"message":"Unknown client IP"}`, "transient blocked"},
		{"not our client", 403, `{"error":"Forbidden","message":"Client certificate expired"}`, "transient not_oauth"},
		{"there, and not now", 404, `{"message":"Service unavailable"}`, "transient temporarily_unavailable"},
		{"a limit", 403, `{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}`, "transient user_rate_limit_exceeded"},
		{"a limit, in words", 403, `{"type":"error","error":{"message":"Rate limit for this resource has been exceeded"}}`, "transient temporarily_unavailable"},
		{"a text after the code", 400, `{"error":"invalid_grant: refresh token expired"}`, "dead invalid_grant"},
		{"a text after the code", 400, `{"error":"invalid_client: no such client"}`, "misconfigured invalid_client"},
		{"a key", 400, `{"error":{"invalid_grant":"expired"}}`, "dead invalid_grant"},
		{"a key that says no", 400, `{"error":{"invalid_grant":false,"code":"odd"}}`, "suspect odd"},
		{"a string", 400, `"invalid_grant"`, "dead invalid_grant"},
		{"an answer in a string", 400, `{"error":"{\"error\":\"invalid_grant\"}"}`, "dead invalid_grant"},

		{"rate limit", 429, `{"error":"invalid_grant"}`, "transient invalid_grant"},
		{"trouble", 500, `{"error":"invalid_grant"}`, "transient invalid_grant"},
		{"trouble", 503, "", "transient not_oauth"},
		{"time-out", 408, "", "transient not_oauth"},
		{"too early", 425, "", "transient not_oauth"},
		{"proxy", 407, "<html>", "transient not_oauth"},
		{"says so", 400, `{"error":"temporarily_unavailable"}`, "transient temporarily_unavailable"},
		{"says so", 400, `{"error":"slow_down"}`, "transient slow_down"},
		{"says so in a 200", 200, `{"error":"server_error"}`, "transient server_error"},
		{"redirect", 302, `{"error":"invalid_grant"}`, "transient redirect"},
		{"a firewall's page", 403, "<html><title>Blocked</title>", "transient not_oauth"},
		{"a firewall's JSON", 403, `{"message":"Forbidden"}`, "transient not_oauth"},
		{"a framework's JSON", 403, `{"status":403,"error":"Forbidden","path":"/token"}`, "transient not_oauth"},
		{"an edge's JSON", 403, `{"title":"Error 1020: Access denied","status":403,"error_code":1020}`, "transient not_oauth"},
		{"a login page", 200, "<html>Welcome to the airport", "transient not_oauth"},
		{"nothing", 200, "", "transient not_oauth"},
		{"cut short", 200, `{"access_token":"abc","expires_in":36`, "transient not_oauth"},
		{"neither token nor error", 200, `{"hello":"world"}`, "transient not_oauth"},
		{"empty error", 403, `{"error":""}`, "transient not_oauth"},
		{"no error", 403, `{"error":null}`, "transient not_oauth"},
		{"text that parses as a query", 403, "a=b&c=d", "transient not_oauth"},
	} {
		f := Classify(ErrorRules{}, tt.status, http.Header{}, []byte(tt.body), testNow)
		if got := f.Class.String() + " " + f.Code; got != tt.want {
			t.Errorf("%s: %d %s\n got %s\nwant %s", tt.name, tt.status, tt.body, got, tt.want)
		}
		if f.Status != tt.status || !strings.HasPrefix(f.Detail, "The p") {
			t.Errorf("%s: status %d, detail %q", tt.name, f.Status, f.Detail)
		}
	}
}

func TestProviderRulesComeFirst(t *testing.T) {
	rules := ErrorRules{
		Reconnect: []string{"400 error=invalid_request error_description=Value passed*", "* status=BAD_HUB"},
		Misconfig: []string{"* access_denied"},
		Transient: []string{"400 invalid_grant"},
	}
	for body, want := range map[string]Class{
		`{"error":"invalid_request","error_description":"Value passed for the token was invalid."}`: Dead,
		`{"error":"invalid_request","error_description":"Missing parameter"}`:                       Suspect,
		`{"error":"access_denied","status":"BAD_HUB"}`:                                              Dead,
		`{"error":"access_denied"}`:                                                                 Misconfigured,
		`{"error":"invalid_grant"}`:                                                                 Transient,
	} {
		if f := Classify(rules, 400, nil, []byte(body), testNow); f.Class != want {
			t.Errorf("%s: %s, want %s", body, f.Class, want)
		}
	}
}

// A limiter's or a gateway's answer may hold anything, so a rule must name it to
// speak of it.
func TestARuleForAnyStatusIsNotForNotNow(t *testing.T) {
	for rule, want := range map[string]map[int]Class{
		"* odd":   {200: Dead, 400: Dead, 403: Dead, 404: Dead, 407: Transient, 408: Transient, 425: Transient, 429: Transient, 500: Transient, 503: Transient},
		"4xx":     {200: Suspect, 400: Dead, 403: Dead, 429: Transient, 500: Transient},
		"5xx":     {400: Suspect, 429: Transient, 500: Dead, 503: Dead},
		"429":     {400: Suspect, 429: Dead, 500: Transient},
		"500 odd": {400: Suspect, 500: Dead, 503: Transient},
	} {
		for status, class := range want {
			f := Classify(ErrorRules{Reconnect: []string{rule}}, status, nil, []byte(`{"error":"odd"}`), testNow)
			if f.Class != class {
				t.Errorf("%q of %d: %s, want %s", rule, status, f.Class, class)
			}
		}
	}
}

func TestAnswersThatMayHaveBeenLostSaySo(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		lost   bool
	}{
		{502, "", true}, {504, "<html>", true}, {200, `{"access_token":"a`, true}, {200, "", true},
		{500, "", false}, {503, "", false}, {429, "", false}, {403, "<html>", false}, {200, `{"error":"server_error"}`, false},
	} {
		if f := Classify(ErrorRules{}, tt.status, nil, []byte(tt.body), testNow); f.Lost != tt.lost {
			t.Errorf("%d %q: lost %v", tt.status, tt.body, f.Lost)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	skewed := testNow.Add(-3 * time.Hour).Format(http.TimeFormat)
	for _, tt := range []struct {
		name, value, date string
		want              time.Duration
	}{
		{"none", "", "", 0},
		{"seconds", "120", "", 2 * time.Minute},
		{"a date", testNow.Add(90 * time.Second).Format(http.TimeFormat), "", 90 * time.Second},
		{"a date by the provider's own clock", testNow.Add(-3*time.Hour + time.Minute).Format(http.TimeFormat), skewed, time.Minute},
		{"a week", "604800", "", time.Hour},
		{"a date next year", testNow.AddDate(1, 0, 0).Format(http.TimeFormat), "", time.Hour},
		{"the past", testNow.Add(-time.Minute).Format(http.TimeFormat), "", 0},
		{"negative", "-5", "", 0},
		{"nonsense", "soon", "", 0},
		{"NaN", "NaN", "", 0},
		{"endless", "Inf", "", time.Hour},
	} {
		h := http.Header{"Retry-After": {tt.value}, "Date": {tt.date}}
		if got := retryAfter(h, testNow); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSafeCodeShowsNothingButACode(t *testing.T) {
	for in, want := range map[string]string{
		"invalid_grant":           "invalid_grant",
		"Bad Request":             "bad_request",
		"\x1b[31mred\x07":         "31mred",
		"":                        "unknown",
		"<>":                      "unknown",
		strings.Repeat("é", 500):  "unknown",
		strings.Repeat("a", 500):  strings.Repeat("a", 64),
		"a\nb\r\nSet-Cookie: c=d": "abset-cookie_cd",
	} {
		if got := SafeCode(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A body is read on the way of every refresh, and may be a megabyte of names.
func BenchmarkClassifyAMegabyteOfNames(b *testing.B) {
	var body strings.Builder
	body.WriteString("{")
	for i := 0; body.Len() < 1<<20-64; i++ {
		fmt.Fprintf(&body, `"name_%d":%d,`, i, i)
	}
	body.WriteString(`"error":"invalid_grant"}`)
	for b.Loop() {
		Classify(ErrorRules{}, 400, nil, []byte(body.String()), testNow)
	}
}
