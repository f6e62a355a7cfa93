package mcp

import (
	"net/http"
	"strings"
	"testing"
)

// What people complain of most in today's clients and bridges, and the tests:
//
//	many processes race one refresh token      e2e/tools: TestAHundredBridgesAreSmallAndShareOneSignIn
//	sign in again at each start                TestSignInAgainAtEachSessionStart
//	a failure throws the sign-in away          TestFailureThatPassesThrowsTheSignInAway
//	no way back after a dead grant             TestDeadGrantHasNoWayBackWithoutARestart
//	callback ports clash                       e2e/tools: TestCallbackPortClashesAndASignInGoesToAnotherProcess
//	the server forgot the client               agent: TestAnIssuerThatForgotOurClientIsRegisteredWithAgainAtTheFirstReconnect
//	a flood of browser windows                 cli: TestMCPFloodOfBrowserWindowsAtStart
//	tokens in plain files                      e2e/tools: TestBridgeWritesNoTokenToFilesOrStderr
//	no registration at the server              agent: TestAnIssuerThatRegistersNobodySaysWhatToDo, e2e/tools: TestReleaseUsesItsClientDocumentWhereTheIssuerTakesThem
//	a step-up is ignored                       TestMissingScopeIsAskedForAndTheSameRequestSentOnceMore
//	offline_access never asked for, or always  agent: TestOfflineAccessIsNeverAskedForOrAlways
//	ssh and containers                         cli: TestMCPOverTheForwardedSocketHasTheSignInAtTheDesk
//	a header frozen at the start               TestHeaderIsFrozenAtStart
//	calls fail after a server's restart        TestServerRestartIsReplayed
//	orphan processes                           e2e/tools: TestBridgeEndsWithItsParentThoughStdinStaysOpen

const echoX = `{"name":"echo","arguments":{"text":"x"}}`

func TestSignInAgainAtEachSessionStart(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	for range 3 {
		r := w.start(w.bridge())
		r.begin()
		if l := r.call(1, "tools/call", echoX); l.Error != nil {
			t.Error(l.text)
		}
		w.agent.revoke() // the token has ended, and the agent has another
		if l := r.call(2, "tools/call", echoX); l.Error != nil {
			t.Error(l.text)
		}
		r.in.Close()
	}
	if w.asked.Load() != 0 {
		t.Errorf("the user was asked %d times", w.asked.Load())
	}
}

func TestFailureThatPassesThrowsTheSignInAway(t *testing.T) {
	for _, o := range outages {
		if o.name == "the grant is dead" {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			w := newWorld(t, stateful(notes()))
			r := w.start(w.impatient())
			r.begin()
			o.begin(w)
			if l := r.call(1, "tools/call", echoX); l.Error == nil || !strings.Contains(l.Error.Message, o.says) {
				t.Error(l.text)
			}
			o.end(w)
			r.works(2, echoX)
			if w.asked.Load() != 0 {
				t.Error("the user was asked to sign in")
			}
		})
	}
}

func TestDeadGrantHasNoWayBackWithoutARestart(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.impatient())
	r.begin()
	w.agent.set(dead)
	if l := r.call(1, "tools/call", echoX); l.Error == nil || !strings.Contains(l.Error.Message, "authtray connect notes") {
		t.Error(l.text)
	}
	w.agent.set(nil)
	r.works(2, echoX)
}

func TestHeaderIsFrozenAtStart(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	r := w.start(w.bridge())
	r.begin()
	r.call(0, "ping", "{}")
	var sent []string
	w.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			sent = append(sent, r.Header.Get("Authorization"))
		}
		return false
	})
	for id := range 3 {
		w.agent.revoke()
		if l := r.call(id+1, "tools/call", echoX); l.Error != nil {
			t.Error(l.text)
		}
	}
	if strings.Join(sent, " ") != "Bearer token-2 Bearer token-3 Bearer token-4" {
		t.Errorf("%q", sent)
	}
}

func TestEmptyListIsCachedWhileTheServerIsAway(t *testing.T) {
	w := newWorld(t, stateful(notes()))
	w.agent.set(dead)
	r := w.start(w.impatient())
	r.begin()
	for i, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		if l := r.call(i, method, "{}"); l.Error == nil || l.Result != nil {
			t.Errorf("%s: %s", method, l.text)
		}
	}
}
