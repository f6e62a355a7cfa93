package refusal

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// The rows of Classify's table, for a provider of whom nothing is known.
func TestClassifyRows(t *testing.T) {
	for _, row := range []struct {
		name string
		want Class
		code string
		of   []string // status, a blank, body
	}{
		{"3xx, never followed", Transient, "redirect", []string{`302 {"error":"invalid_grant"}`, `307 `, `399 <html>`}},
		{"a passing status outweighs the standard's word", Transient, "invalid_grant", []string{
			`429 {"error":"invalid_grant"}`, `500 {"error":"invalid_grant"}`, `503 {"error":"invalid_grant"}`, `408 {"error":"invalid_grant"}`, `407 error=invalid_grant`}},
		{"a passing status", Transient, "not_oauth", []string{`503 `, `408 `, `425 `, `407 <html>`, `429 `, `520 error code: 520`, `511 <html>`}},

		{"invalid_grant", Dead, "invalid_grant", []string{
			`400 {"error":"invalid_grant"}`, `200 {"error":"invalid_grant"}`, `401 {"error":"invalid_grant"}`, `403 {"error":"invalid_grant"}`,
			`404 {"error":"invalid_grant"}`, `422 {"error":"invalid_grant"}`, `400 error=invalid_grant&error_description=gone`,
			"400 \xef\xbb\xbf{\"error\":\"invalid_grant\"}", `400 {"error":"invalid_grant","error_description":{"text":["x"]}}`,
			`400 {"error":"invalid_grant"}<!-- 12 -->`, `400 {"error":"INVALID_GRANT"}`, `400 {"error":" invalid_grant "}`}},

		{"invalid_client", Misconfigured, "invalid_client", []string{`401 {"error":"invalid_client"}`, `400 {"error":"invalid_client"}`, `200 error=invalid_client`}},
		{"unauthorized_client", Misconfigured, "unauthorized_client", []string{`400 {"error":"unauthorized_client","error_description":"unable to parse refresh token"}`}},
		{"unsupported_grant_type", Misconfigured, "unsupported_grant_type", []string{`400 {"error":"unsupported_grant_type"}`}},
		{"invalid_scope", Misconfigured, "invalid_scope", []string{`400 {"error":"invalid_scope"}`}},
		{"invalid_target", Misconfigured, "invalid_target", []string{`400 {"error":"invalid_target"}`}},
		{"use_dpop_nonce", Misconfigured, "use_dpop_nonce", []string{`400 {"error":"use_dpop_nonce"}`}},
		{"invalid_dpop_proof", Misconfigured, "invalid_dpop_proof", []string{`400 {"error":"invalid_dpop_proof"}`}},

		{"temporarily_unavailable", Transient, "temporarily_unavailable", []string{`400 {"error":"temporarily_unavailable"}`, `403 {"error":"temporarily_unavailable"}`}},
		{"server_error", Transient, "server_error", []string{`200 {"error":"server_error"}`, `400 {"error":"server_error"}`}},
		{"slow_down", Transient, "slow_down", []string{`400 {"error":"slow_down"}`}},
		{"authorization_pending", Transient, "authorization_pending", []string{`400 {"error":"authorization_pending"}`, `403 {"error":"authorization_pending"}`, `428 {"error":"authorization_pending"}`}},

		{"404 and 405", Misconfigured, "not_oauth", []string{`404 <html>not found`, `405 `, `404 {"message":"Service unavailable"}`}},

		{"400 and 401 in JSON", Suspect, "no_code", []string{
			`400 {"message":"Invalid refresh token"}`, `401 {"message":"Login required"}`, `400 {"error":{"code":"invalid_grant"}}`, `400 {"errors":["invalid_grant"]}`,
			`400 [{"errorCode":"INVALID_GRANT"}]`, `400 "invalid_grant"`, `400 {"error":true}`, `400 {}`}},
		{"400 and 401 without a body", Suspect, "no_code", []string{`400 `, `401 `, "400 \r\n"}},
		{"400 and 401 with a word that nobody knows", Suspect, "weird_thing", []string{`400 {"error":"weird_thing"}`, `401 {"error":"weird_thing"}`, `400 error=weird_thing`}},
		{"400 and 401 with a sentence about the refresh token", Suspect, "the_refresh_token_is_invalid", []string{`400 {"error":"The refresh token is invalid"}`}},
		{"400 and 401 with a word that is not the standard's", Suspect, "invalid_refresh_token", []string{`400 {"error":"invalid_refresh_token"}`}},
		{"400 and 401 with HTTP's own word", Suspect, "unauthorized", []string{`401 {"error":"Unauthorized","message":"Refresh token expired"}`}},
		{"400 and 401 with a number", Suspect, "190", []string{`400 {"error":190,"message":"Bad Request"}`}},
		{"markup in a code", Suspect, "scriptxscript", []string{`400 {"error":"<script>x</script>"}`}},
		{"any other status with a code", Suspect, "weird_thing", []string{`200 {"error":"weird_thing"}`, `403 {"error":"weird_thing"}`, `422 error=weird_thing`}},

		{"HTTP's own word for the status", Transient, "forbidden", []string{`403 {"error":"Forbidden","message":"x"}`, `403 {"status":403,"error":"Forbidden","path":"/token"}`}},
		{"another status with a sentence", Transient, "access_denied", []string{`403 {"error":"Access Denied"}`}},
		{"another status, in JSON without a code", Transient, "not_oauth", []string{
			`403 {"message":"Forbidden"}`, `403 {"title":"Error 1020: Access denied","status":403,"error_code":1020}`, `403 {"error":{"code":403}}`,
			`403 {"error":""}`, `403 {"error":null}`, `403 {"error":true}`, `451 {}`}},
		{"a page", Transient, "not_oauth", []string{`403 <html><title>Blocked</title>`, `400 <html>`, `401 <html>`, `200 <html>Welcome to the airport`, `403 a=b&c=d`}},
		{"a 2xx that is no token answer", Transient, "not_oauth", []string{`200 `, `204 `, `200 {"access_token":"abc","expires_in":36`, `200 {"hello":"world"}`, `200 {"status":"login_required"}`}},
		{"JSON that was cut short", Transient, "not_oauth", []string{`400 {"error":"invalid_gr`, `401 [{"error":`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, s := range row.of {
				status, _ := strconv.Atoi(s[:3])
				f := Classify(ErrorRules{}, status, http.Header{}, []byte(s[4:]), testNow)
				if f.Class != row.want || f.Code != row.code {
					t.Errorf("%s\n got %s %s\nwant %s %s", s, f.Class, f.Code, row.want, row.code)
				}
				if f.Status != status || !strings.HasPrefix(f.Detail, "The p") {
					t.Errorf("%s: status %d, detail %q", s, f.Status, f.Detail)
				}
			}
		})
	}
}

func TestClassifyReadsTheBearerChallenge(t *testing.T) {
	for _, tt := range []struct {
		challenge, body string
		want            Class
		code            string
	}{
		{`Bearer error="invalid_grant"`, "<html>", Dead, "invalid_grant"},
		{`Bearer realm="x", error="invalid_client"`, "", Misconfigured, "invalid_client"},
		{`Bearer error="invalid_token"`, "<html>", Suspect, "invalid_token"},
		{`bearer realm=x,error=invalid_token`, "<html>", Suspect, "invalid_token"},
		{`Bearer error="invalid_grant"`, `{"error":"weird_thing"}`, Suspect, "weird_thing"},
		{`Basic realm="error=invalid_grant"`, "<html>", Transient, "not_oauth"},
		{`Negotiate`, "<html>", Transient, "not_oauth"},
	} {
		t.Run(tt.challenge, func(t *testing.T) {
			f := Classify(ErrorRules{}, 401, http.Header{"Www-Authenticate": {tt.challenge}}, []byte(tt.body), testNow)
			if f.Class != tt.want || f.Code != tt.code {
				t.Errorf("got %s %s, want %s %s", f.Class, f.Code, tt.want, tt.code)
			}
		})
	}
}

func TestEntryRulesComeBeforeTheStandard(t *testing.T) {
	rules := ErrorRules{
		OKField:   "ok",
		CodePaths: []string{"status", "error"},
		Refused:   []RefusedRule{{"400 error=invalid_grant error_description=ip restricted*", "renewals from this network"}},
		Reconnect: []string{"400 error=invalid_request error_description=Value passed*", "* status=BAD_HUB", "400 gone"},
		Misconfig: []string{"* access_denied", "400 gone"},
		Transient: []string{"400 invalid_scope", "* access_denied"},
	}
	for _, tt := range []struct {
		name, body string
		want       Class
	}{
		{"refused comes before invalid_grant", `{"error":"invalid_grant","error_description":"IP restricted or so"}`, RefusedForNow},
		{"invalid_grant of which refused says nothing", `{"error":"invalid_grant","error_description":"expired"}`, Dead},
		{"reconnect", `{"error":"invalid_request","error_description":"Value passed for the token was invalid."}`, Dead},
		{"reconnect by its form only", `{"error":"invalid_request","error_description":"Missing parameter"}`, Suspect},
		{"reconnect comes before misconfig", `{"error":"gone"}`, Dead},
		{"a code under a path of the entry's", `{"error":"access_denied","status":"BAD_HUB"}`, Dead},
		{"misconfig comes before transient", `{"error":"access_denied"}`, Misconfigured},
		{"transient comes before the standard", `{"error":"invalid_scope"}`, Transient},
		{"the standard's word beside one of the entry's", `{"error":"invalid_client","status":"error"}`, Misconfigured},
		{"ok_field", `{"ok":false}`, Suspect},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if f := Classify(rules, 400, nil, []byte(tt.body), testNow); f.Class != tt.want {
				t.Errorf("%s: %s, want %s", tt.body, f.Class, tt.want)
			}
		})
	}
}

// The sentence names the policy, and nothing of what the provider said.
func TestRefusedForNowSaysWhatIsRefused(t *testing.T) {
	rules := ErrorRules{Refused: []RefusedRule{{"400 error_description=ip restricted*", "renewals from this network"}}}
	f := Named(Classify(rules, 400, nil, []byte(`{"error":"invalid_client","error_description":"ip restricted 192.0.2.7"}`), testNow), "Salesforce")
	if f.Class != RefusedForNow || f.Class.String() != "refused_for_now" || f.Policy != "renewals from this network" || f.Detail != "Salesforce refuses renewals from this network." {
		t.Errorf("%+v", f)
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

// Whatever a provider or a gateway answers: no panic, nothing that could not be
// shown, and an end only where the standard's word stands in the answer.
func FuzzClassify(f *testing.F) {
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"ip restricted"}`), `Bearer error="invalid_token"`)
	f.Add(200, []byte("error=bad_refresh_token&error_description=x"), "")
	f.Add(401, []byte(`[{"errors":{"0":{"code":[null,true,1e999]}}}]`), "")
	f.Add(403, []byte("<html>"), "Basic")
	rules := ErrorRules{OKField: "ok", CodePaths: []string{"errors.0.code", "error"}, Refused: []RefusedRule{{"4xx error=limited", "so many renewals"}}}
	shown := regexp.MustCompile(`^[a-z0-9_.-]{1,64}$`)
	f.Fuzz(func(t *testing.T, status int, body []byte, challenge string) {
		got := Classify(rules, status, http.Header{"Www-Authenticate": {challenge}}, body, testNow)
		if !shown.MatchString(got.Code) || strings.ContainsAny(got.Detail, "<>\x00\n") || got.Class.String() == "" {
			t.Errorf("%+v", got)
		}
		if got.Class == Dead && got.Code != "invalid_grant" {
			t.Errorf("an end without the standard's word: %+v", got)
		}
		if (got.Class == RefusedForNow) != (got.Policy != "") || got.Proof && !got.Lost {
			t.Errorf("%+v", got)
		}
		TokenGone(rules, status, body)
	})
}
