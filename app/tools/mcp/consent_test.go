package mcp

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/shellquote"
)

// wantScope has the server want a scope for calls of tools until it is granted.
func wantScope(w *world, granted func() bool) (calls *int) {
	calls = new(int)
	w.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.Header.Get("Mcp-Session-Id") == "" && r.Header.Get("Mcp-Method") != "tools/call" {
			return false
		}
		*calls++
		if granted() {
			return false
		}
		rw.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="notes:read notes:write"`)
		rw.WriteHeader(http.StatusForbidden)
		return true
	})
	return calls
}

const echoParams = `{"name":"echo","arguments":{"text":"written"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test-client","version":"1"}}}`

func TestMissingScopeIsAskedForAndTheSameRequestSentOnceMore(t *testing.T) {
	for _, era := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(era, func(t *testing.T) {
			serve, params := stateful, `{"name":"echo","arguments":{"text":"written"}}`
			if era == "2026-07-28" {
				serve, params = stateless, echoParams
			}
			w := newWorld(t, serve(notes()))
			r := w.start(w.bridge())
			if era != "2026-07-28" {
				r.begin()
				r.call(0, "ping", "{}")
			}
			granted := false
			allow := func(scopes []string) bool {
				granted = slices.Equal(scopes, []string{"notes:read", "notes:write"})
				return granted
			}
			w.allow.Store(&allow)
			calls := wantScope(w, func() bool { return granted })
			if l := r.call(1, "tools/call", params); !strings.Contains(string(l.Result), "written") || *calls != 2 {
				t.Errorf("%s after %d requests", l.text, *calls)
			}
		})
	}
}

func TestRefusedConsentNamesTheScopes(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	calls := wantScope(w, func() bool { return false })
	l := r.call(1, "tools/call", `{"name":"echo","arguments":{"text":"x"}}`)
	if l.Error == nil || !strings.Contains(l.Error.Message, "notes:read, notes:write") ||
		!strings.Contains(l.Error.Message, "authtray connect notes --scope notes:read --scope notes:write") || *calls != 1 {
		t.Errorf("%s after %d requests", l.text, *calls)
	}
}

func TestScopesAreQuotedInTheCommandToType(t *testing.T) {
	hostile := &trouble{kind: missingScopes, scopes: []string{"a;touch", "$(x)"}, sentence: "it lacks a scope"}
	said := hostile.wire("notes").Message
	if want := "run: authtray connect notes --scope " + shellquote.Word(shellquote.Local(), "a;touch") + " --scope " + shellquote.Word(shellquote.Local(), "$(x)"); !strings.HasSuffix(said, want) {
		t.Errorf("%s, want %s at the end", said, want)
	}
}

func TestScopesThatNeverSufficeAreAskedForOnce(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	allow := func([]string) bool { return true }
	w.allow.Store(&allow)
	calls := wantScope(w, func() bool { return false })
	if l := r.call(1, "tools/call", `{"name":"echo","arguments":{"text":"x"}}`); l.Error == nil || *calls != 2 || w.asked.Load() != 1 {
		t.Errorf("%s after %d requests and %d questions", l.text, *calls, w.asked.Load())
	}
}
