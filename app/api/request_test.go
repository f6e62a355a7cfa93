package api

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestABadBodyIsOneSentenceThatRepeatsNoValue(t *testing.T) {
	for body, want := range map[string]string{
		``:                                   "needs a JSON object",
		`{`:                                  "ends too early",
		`{"access_token":"hush}`:             "ends too early",
		`hush`:                               "goes wrong at byte 1",
		`"hush"`:                             "must be a JSON object",
		`[]`:                                 "must be a JSON object",
		`{"access_token":7}`:                 `"access_token" holds the wrong kind of value (number)`,
		`{"access_token":{"a":"hush"}}`:      `"access_token" holds the wrong kind of value (object)`,
		`{"token":"hush"}`:                   `a field "token" that is not known`,
		`{"access_token":"x"}{}`:             "more than one",
		`{"access_token":"x"} hush`:          "more than one",
		strings.Repeat("[", 20000):           "JSON",
		strings.Repeat(" ", maxBody) + "   ": "larger than 64 KB",
	} {
		w := ask(newFake(), "POST", "/v1/connections/work/rejected", body)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != 400 || !strings.Contains(p.Detail, want) {
			t.Errorf("%.40q is answered %d %s, want %q", body, w.Code, w.Body, want)
		}
		if strings.Contains(p.Detail, "hush") {
			t.Errorf("%.40q: the answer repeats a value: %s", body, p.Detail)
		}
	}
}

// FuzzRequest sends any body to every endpoint that reads one: nothing panics,
// every answer is JSON, and a refusal is a problem.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"`, `{"access_token":"x"}`, `{"access_token":1e999}`,
		`{"provider":"gitlab","client_id":"x","scopes":["a"],"vars":{"host":"h"},"override":{"token":"https://h/t","tokens":{"default_expires_in":1}}}`,
		`{"client_secret":"s"}`, `{"mode":"device","switch_account":true}`, `{"url":"http://127.0.0.1:1/callback?code=c&state=s"}`,
		`{"reminders":null}`, "\xff\xfe{}", `{"a":{"a":{"a":{}}}}`, `{"mode":"url"}{"mode":"url"}`,
	} {
		for i := range bodies {
			f.Add(i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		to := bodies[uint(i)%uint(len(bodies))]
		w := ask(newFake(), to.method, to.target, string(body))
		switch {
		case w.Code == 204:
		case w.Code == 200 && json.Valid(w.Body.Bytes()):
		default:
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Detail == "" || p.Code != "bad_request" {
				t.Errorf("%s %s is answered %d %s", to.method, to.target, w.Code, w.Body)
			}
		}
	})
}

var bodies = []struct{ method, target string }{
	{"PUT", "/v1/connections/work"},
	{"PUT", "/v1/connections/work/secret"},
	{"POST", "/v1/connections/work/rejected"},
	{"POST", "/v1/connections/work/connect"},
	{"POST", "/v1/connections/work/connect/redirect"},
	{"PATCH", "/v1/settings"},
}
