package mcp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestPolicyDeniesAndAsksForTools(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Policy
		allow  bool
		asked  string
		lets   bool
	}{
		{"no policy", Policy{}, false, "", true},
		{"denied", Policy{Deny: []string{"echo"}}, true, "", false},
		{"denied by a pattern", Policy{Deny: []string{"del*", "e*"}}, true, "", false},
		{"another denied", Policy{Deny: []string{"delete_*"}}, false, "", true},
		{"asked and allowed", Policy{Ask: []string{"e?ho"}}, true, "test-client: echo", true},
		{"asked and not allowed", Policy{Ask: []string{"*"}}, false, "test-client: echo", false},
		{"denied before it is asked", Policy{Deny: []string{"*"}, Ask: []string{"*"}}, true, "", false},
		{"a pattern that is none", Policy{Deny: []string{"["}}, true, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			b, asked := w.bridge(), ""
			b.Policy = c.policy
			b.AskTool = func(_ context.Context, client, tool string) error {
				asked = client + ": " + tool
				if c.allow {
					return nil
				}
				return errors.New("no")
			}
			r := w.start(b)
			r.begin()
			l := r.call(1, "tools/call", echoX)
			if (l.Error == nil) != c.lets || asked != c.asked {
				t.Errorf("%s, asked for %q", l.text, asked)
			}
			if !c.lets && w.seen(func(r *http.Request) bool { return r.Header.Get("Mcp-Name") == "echo" }) != 0 {
				t.Error("the server was asked")
			}
			if l := r.call(2, "tools/list", "{}"); l.Error != nil {
				t.Error(l.text)
			}
		})
	}
}

func TestPolicyReadsNamesToTheirEnd(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	b := w.bridge()
	b.Policy = Policy{Deny: []string{"*_delete"}}
	r := w.start(b)
	r.begin()
	long := strings.Repeat("x", 100) + "_delete"
	if l := r.call(1, "tools/call", `{"name":"`+long+`","arguments":{}}`); l.Error == nil || !strings.Contains(l.Error.Message, "is denied") || strings.Contains(l.Error.Message, long) {
		t.Error(l.text)
	}
}

// Servers differ in which of two names they read, and in whether they mind its case.
func TestPolicyRefusesACallThatServersCouldReadOtherwise(t *testing.T) {
	for params, tool := range map[string]string{
		`{"name":"echo","arguments":{"name":"x"}}`: "echo",
		`{"arguments":{},"name":"a/b_delete"}`:     "a/b_delete",
		`{"name":"echo","name":"delete"}`:          "",
		`{"name":"echo","Name":"delete"}`:          "",
		`{"NAME":"delete"}`:                        "",
		`{"name":"echo","n\u0061me":"delete"}`:     "",
		`{"name":["delete"]}`:                      "",
		`{"arguments":{}}`:                         "",
		`[]`:                                       "",
		"{\"name\":\"a\\u0000b\"}":                 "",
	} {
		t.Run(params, func(t *testing.T) {
			got, plain := toolName([]byte(params))
			if plain != (tool != "") || plain && got != tool {
				t.Errorf("%q, %v", got, plain)
			}
		})
	}
	if !matches([]string{"*_delete"}, "a/b_delete") {
		t.Error("a slash hides a tool from the policy")
	}
}

func TestAgentKnowsTheClientWhileTheBridgeLives(t *testing.T) {
	for _, era := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(era, func(t *testing.T) {
			serve, params := stateful, `{"name":"echo","arguments":{"text":"x"}}`
			if era == "2026-07-28" {
				serve, params = stateless, echoParams
			}
			w := newWorld(t, serve(notes()))
			r := w.start(w.bridge())
			if era != "2026-07-28" {
				r.begin()
			}
			r.call(1, "tools/call", params)
			eventually(t, "it is shown", func() bool { return w.agent.connected("notes test-client") == 1 })
			r.in.Close()
			eventually(t, "it is shown no more", func() bool { return w.agent.connected("notes test-client") == 0 })
		})
	}
}

func TestAgentIsToldTheClientAndTheToolAndNoArguments(t *testing.T) {
	for _, era := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(era, func(t *testing.T) {
			serve, params := stateful, `{"name":"echo","arguments":{"text":"secret"}}`
			if era == "2026-07-28" {
				serve, params = stateless, strings.Replace(echoParams, "written", "secret", 1)
			}
			w := newWorld(t, serve(notes()))
			r := w.start(w.bridge())
			if era != "2026-07-28" {
				r.begin()
			}
			r.call(1, "tools/call", params)
			if got := w.agent.purposes(); !strings.Contains(got, "test-client: echo") || strings.Contains(got, "secret") {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestTokensOfABridgeAreForItsScopesAlone(t *testing.T) {
	for want, scopes := range map[string][]string{"": nil, "notes.read profile": {"notes.read", "profile"}} {
		w := newWorld(t, stateful(notes()))
		b := w.bridge()
		b.Scopes = scopes
		r := w.start(b)
		r.begin()
		if l := r.call(1, "tools/call", echoX); l.Error != nil {
			t.Error(l.text)
		}
		w.agent.mu.Lock()
		for _, scope := range w.agent.scopes {
			if scope != want {
				t.Errorf("a token for %q was asked for, want %q", scope, want)
			}
		}
		w.agent.mu.Unlock()
	}
}
