package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

func TestEveryRouteAnswers(t *testing.T) {
	for _, c := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "/v1/connections", "", 200, `"connections":[{"name":"work"`},
		{"GET", "/v1/connections/work", "", 200, `"state":"connected"`},
		{"GET", "/v1/connections/none", "", 404, `"unknown_connection"`},
		{"PUT", "/v1/connections/work", `{"provider":"practice"}`, 200, `"name":"work"`},
		{"PUT", "/v1/connections/work", `{"name":"other","provider":"practice"}`, 400, `"bad_request"`},
		{"DELETE", "/v1/connections/work", "", 200, `"revoked":true`},
		{"PUT", "/v1/connections/work/secret", `{"client_secret":"x"}`, 204, ""},
		{"PUT", "/v1/connections/work/secret", `{"client_secret":" "}`, 400, "is empty"},
		{"GET", "/v1/connections/work/token", "", 200, `"access_token":"at-1"`},
		{"GET", "/v1/connections/work/token?min_valid=60", "", 400, "with its unit"},
		{"GET", "/v1/connections/work/token?timeout=-1s", "", 400, "with its unit"},
		{"POST", "/v1/connections/work/rejected", `{"access_token":"at-1"}`, 200, `"at-2"`},
		{"POST", "/v1/connections/work/rejected", `{}`, 400, "access_token"},
		{"POST", "/v1/connections/work/refresh", "", 200, `"name":"work"`},
		{"POST", "/v1/connections/work/connect", "", 200, `"mode":"browser"`},
		{"POST", "/v1/connections/work/connect?wait=true", `{"mode":"url"}`, 200, `"name":"work"`},
		{"POST", "/v1/connections/work/connect?wait=maybe", "", 400, "true or false"},
		{"POST", "/v1/connections/work/connect/redirect", `{"url":"http://127.0.0.1/callback"}`, 200, `"name":"work"`},
		{"POST", "/v1/connections/work/connect/redirect", `{}`, 400, "whole address"},
		{"DELETE", "/v1/connections/work/connect", "", 204, ""},
		{"DELETE", "/v1/connections/work/grant", "", 200, `"revoked":false`},
		{"GET", "/v1/hosts/git.example.org:8443?user=ada&path=acme%2Fx.git", "", 200, `"name":"git.example.org:8443 acme/x.git ada"`},
		{"POST", "/v1/hosts/github.com", "", 400, "takes GET"},
		{"GET", "/v1/hosts/", "", 404, `"not_found"`},
		{"GET", "/v1/connections/work/api/user?a=b%20c", "", 200, `work user?a=b%20c`},
		{"PATCH", "/v1/connections/work/api//a//", "", 200, `work /a//`},
		{"GET", "/v1/connections/work/api", "", 200, `work `},
		{"GET", "/v1/connections//api/user", "", 404, `"not_found"`},
		{"GET", "/v1/providers", "", 200, `"providers":[{"id":"practice"`},
		{"GET", "/v1/providers?for=gitlab.example.org", "", 200, `{"guesses":[{"provider":"gitlab","vars":{"host":"gitlab.example.org"}`},
		{"GET", "/v1/providers?for=example.org", "", 200, `{"guesses":[]}`},
		{"GET", "/v1/providers?for=a%20b", "", 400, `"Write a host."`},
		{"GET", "/v1/providers/practice", "", 200, `"redirect_uri"`},
		{"GET", "/v1/settings", "", 200, `"notifications"`},
		{"PATCH", "/v1/settings", `{"reminders":true}`, 200, `"reminders"`},
		{"GET", "/v1/health", "", 200, `"notes":[]`},
		{"POST", "/v1/window", "", 204, ""},
		{"POST", "/v1/quit", "", 204, ""},
		{"POST", "/v1/connections", "", 400, "takes GET"},
		{"HEAD", "/v1/connections/work/token", "", 400, "takes GET"},
		{"GET", "/v1/connections/", "", 404, `"not_found"`},
		{"GET", "/v1/connections/work/token/", "", 404, `"not_found"`},
		{"GET", "/v1//connections", "", 404, `"not_found"`},
		{"GET", "/v1/connections/../connections", "", 404, `"not_found"`},
		{"GET", "/", "", 404, `"not_found"`},
	} {
		w := ask(newFake(), c.method, c.target, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.method, c.target, w.Code, w.Body, c.status, c.want)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s: Cache-Control is %q", c.method, c.target, got)
		}
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 5, 0, time.UTC)
	for code, status := range statuses {
		f := newFake()
		f.err = fmt.Errorf("wrapped: %w", &tokens.Error{Code: code, Reason: tokens.ReasonNetwork, Detail: "A sentence.", Hint: "authtray status", RetryAt: at})
		w := ask(f, "GET", "/v1/connections/work/token", "")
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		want := Problem{Code: string(code), Title: http.StatusText(status), Status: status, Detail: "A sentence.",
			Hint: "authtray status", Reason: "network", RetryAt: at}
		if w.Code != status || p != want {
			t.Errorf("%s is answered %d %+v", code, w.Code, p)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type is %q", code, got)
		}
	}
	for _, c := range []struct {
		err    error
		ending bool
		want   Problem
	}{
		{context.DeadlineExceeded, false, Problem{Code: "timeout", Status: 504,
			Detail: "It took longer than the caller had. Try again, or allow more time.", Hint: "authtray status"}},
		{context.Canceled, true, Problem{Code: "temporarily_unavailable", Status: 503,
			Detail: "Authtray is ending. Start it again.", Hint: "authtray run"}},
		{&tokens.Error{Code: tokens.CodeTimeout, Detail: "The provider did not answer in time."}, true, Problem{Code: "temporarily_unavailable", Status: 503,
			Detail: "Authtray is ending. Start it again.", Hint: "authtray run"}},
		{&tokens.Error{Code: tokens.CodeReconnectRequired, Detail: "Reconnect."}, true, Problem{Code: "reconnect_required", Status: 409, Detail: "Reconnect."}},
		{context.Canceled, false, Problem{Code: "bad_request", Status: 400,
			Detail: "The caller hung up before there was an answer. Keep the connection open until it has come."}},
		{errors.New("write connections/work.toml: no space left on device"), false, Problem{Code: "failed", Status: 500,
			Detail: "Something on this computer does not work: write connections/work.toml: no space left on device.", Hint: "authtray doctor"}},
		{errors.New("two\nlines."), false, Problem{Code: "failed", Status: 500,
			Detail: "Something on this computer does not work: two lines.", Hint: "authtray doctor"}},
	} {
		c.want.Title = http.StatusText(c.want.Status)
		if p := problem(fmt.Errorf("%w", c.err), c.ending); p != c.want {
			t.Errorf("%v is %+v", c.err, p)
		}
	}
}

func TestBrowsersAreRefusedAndHostIsIgnored(t *testing.T) {
	for _, origin := range []string{"https://evil.example", "null", ""} {
		f := newFake()
		w := ask(f, "GET", "/v1/connections/work/token", "", "Origin", origin)
		if w.Code != 403 || strings.Contains(w.Body.String(), "at-1") {
			t.Errorf("Origin %q is answered %d %s", origin, w.Code, w.Body)
		}
	}
	address := listening(t, newFake())
	c := dial(t, address)
	io.WriteString(c, "GET /v1/health HTTP/1.1\r\nHost: anything.example:99\r\n\r\n")
	if resp := answerTo(t, c); resp.StatusCode != 200 {
		t.Errorf("a strange Host is answered %d", resp.StatusCode)
	}
}

func TestWhoWantsTextGetsTheBareToken(t *testing.T) {
	for accept, text := range map[string]bool{
		"text/plain": true, "Text/Plain;q=0.9": true, "text/html, text/plain": true,
		"": false, "*/*": false, "application/json": false, "application/json, text/plain": false,
	} {
		w := ask(newFake(), "GET", "/v1/connections/work/token", "", "Accept", accept)
		if got := w.Body.String() == "at-1\n"; got != text {
			t.Errorf("Accept %q is answered %q", accept, w.Body)
		}
	}
}

func TestWhatACallerWants(t *testing.T) {
	f := newFake()
	ask(f, "GET", "/v1/connections/work/token?min_valid=90s&scope=a+b&resource=https%3A%2F%2Fr.example", "")
	if f.wanted.MinValid != 90*time.Second || len(f.wanted.Scopes) != 2 || f.wanted.Resource != "https://r.example" {
		t.Errorf("wanted %+v", f.wanted)
	}
	if ask(f, "GET", "/v1/connections/work/token", ""); f.wanted.MinValid != 0 {
		t.Error("who says nothing does not get the default")
	}
	if ask(f, "GET", "/v1/connections/work/token?min_valid=0s", ""); f.wanted.MinValid <= 0 || f.wanted.MinValid > time.Millisecond {
		t.Error("who says 0s gets the default")
	}
}

func TestATokenThatLastsTooShortIsSaidInEveryForm(t *testing.T) {
	for _, accept := range []string{"", "application/json", "text/plain"} {
		for _, request := range [][2]string{{"GET", "token"}, {"POST", "rejected"}} {
			t.Run(request[1]+" "+accept, func(t *testing.T) {
				f := newFake()
				body := ""
				if request[0] == "POST" {
					body = `{"access_token":"at-0"}`
				}
				path := "/v1/connections/work/" + request[1]
				const said = "Authtray-Min-Valid-Met"
				if w := ask(f, request[0], path, body, "Accept", accept); w.Header().Get(said) != "" || strings.Contains(w.Body.String(), "min_valid_met") {
					t.Errorf("said of a token that lasts: %v %s", w.Header(), w.Body)
				}
				f.short = true
				w := ask(f, request[0], path, body, "Accept", accept)
				if w.Header().Get(said) != "false" {
					t.Errorf("not in the head: %v", w.Header())
				}
				if accept != "text/plain" && !strings.Contains(w.Body.String(), `"min_valid_met":false`) {
					t.Errorf("not in the object: %s", w.Body)
				}
			})
		}
	}
}

func TestACallersTimeoutIsObeyed(t *testing.T) {
	f := newFake()
	f.wait = make(chan struct{})
	if w := ask(f, "GET", "/v1/connections/work/token?timeout=1ms", ""); w.Code != 504 {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func TestNumbersInAnOverrideStayWhole(t *testing.T) {
	f := newFake()
	ask(f, "PUT", "/v1/connections/work", `{"provider":"p","override":{"tokens":{"default_expires_in":3600},"x":[1,2.5,"s"]}}`)
	if got := fmt.Sprintf("%#v", f.put.Override["tokens"]); !strings.Contains(got, "3600") || strings.Contains(got, "json.Number") {
		t.Errorf("arrived as %s", got)
	}
	if x := f.put.Override["x"].([]any); x[0] != int64(1) || x[1] != 2.5 || x[2] != "s" {
		t.Errorf("arrived as %#v", x)
	}
}

func TestURLsAreWrittenAsPeopleCopyThem(t *testing.T) {
	f := newFake()
	f.err = &tokens.Error{Code: CodeConnectFailed, Detail: "See https://p.example/?a=1&b=<2>."}
	if w := ask(f, "POST", "/v1/connections/work/connect", ""); !strings.Contains(w.Body.String(), "a=1&b=<2>") {
		t.Errorf("answered %s", w.Body)
	}
}

func TestQuitIsAnsweredBeforeTheEnd(t *testing.T) {
	f := newFake()
	if w := ask(f, "POST", "/v1/quit", ""); w.Code != 204 || f.quits != 1 {
		t.Errorf("answered %d, %d quits", w.Code, f.quits)
	}
}

func TestEventsAreOneLineOfDataEach(t *testing.T) {
	f := newFake()
	resp, err := httpClient(listening(t, f)).Get("http://agent/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	f.set([]Connection{{Status: tokens.Status{Name: "work", State: tokens.Retrying, Detail: "two\nlines, event: forged"}}})
	f.changes <- []string{"work"}
	lines := bufio.NewScanner(resp.Body)
	read := func() string {
		if !lines.Scan() {
			t.Fatal("the stream ended")
		}
		return lines.Text()
	}
	for _, want := range []string{"event: connection", `data: {"name":"work"`, "", "event: connection", `data: {"name":"work"`, ""} {
		if got := read(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("line %q, want %q", got, want)
		}
	}
	f.set(nil, "work")
	f.changes <- []string{"work"}
	if a, b := read(), read(); a != "event: removed" || b != `data: {"name":"work"}` {
		t.Errorf("removed is told as %q %q", a, b)
	}
}

func TestEventsTellTheLastStateOfEachChangeInOrder(t *testing.T) {
	f := newFake()
	resp, err := httpClient(listening(t, f)).Get("http://agent/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var names, want []string
	for i := range 100 {
		name := fmt.Sprintf("c%03d", 99-i)
		names = append(names, name)
		if i%2 == 0 {
			f.set([]Connection{{
				Status: tokens.Status{Name: name, State: tokens.Connected, Note: "A note.", Account: "ada", Events: []tokens.Event{{What: "connected"}}},
				Config: &catalog.Connection{Provider: "practice"}, ConfigError: "work.toml:1: no",
			}})
			want = append(want, "event: connection", `data: {"name":"`+name+`","provider":"","state":"connected","note":"A note.","account":"ada","config_error":"work.toml:1: no"}`, "")
		} else {
			want = append(want, "event: removed", `data: {"name":"`+name+`"}`, "")
		}
	}
	f.changes <- names
	lines := bufio.NewScanner(resp.Body)
	for range 3 { // how work is
		lines.Scan()
	}
	for i, line := range want {
		if !lines.Scan() || lines.Text() != line {
			t.Fatalf("line %d is %q, want %q", i, lines.Text(), line)
		}
	}
}

// TestAnswersHoldNothingThatATerminalObeys: people pipe them to one.
func TestAnswersHoldNothingThatATerminalObeys(t *testing.T) {
	f := newFake()
	f.now["work"] = Connection{Status: tokens.Status{Name: "work", Account: "a\u009bd\u202ea\x7f\x1b\u2066"}}
	w := ask(f, "GET", "/v1/connections/work", "")
	if body := w.Body.String(); strings.ContainsAny(body, "\u009b\u202e\x7f\x1b\u2066") || !strings.Contains(body, `\u202e`) {
		t.Errorf("it holds %+q", body)
	}
}
