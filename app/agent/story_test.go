package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

func TestAGrantLivesItsLifeOverTheSocket(t *testing.T) {
	w := newWorld(t)
	w.call("GET", "/connections/work/token", nil).problem(tokens.CodeUnknownConnection, 404)

	w.add("work")
	w.call("GET", "/connections/work/token", nil).problem(tokens.CodeDisconnected, 409)

	c := w.connect("work", "ada")
	if c.Account != "ada" || !c.Refreshable || c.ExpiresAt == nil || c.Config == nil || c.Config.Provider != "practice" {
		t.Fatalf("connected as %+v", c)
	}

	first := w.call("GET", "/connections/work/token", nil).token()
	if first.AccessToken == "" || first.TokenType != "Bearer" || first.Account != "ada" {
		t.Fatalf("token is %+v", first)
	}
	plain := w.call("GET", "/connections/work/token", nil, "Accept", "text/plain").ok()
	if string(plain.body) != first.AccessToken+"\n" || !strings.HasPrefix(plain.header.Get("Content-Type"), "text/plain") {
		t.Errorf("text/plain is answered %q", plain.header.Get("Content-Type"))
	}
	if got := plain.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}

	w.clock.pass(11 * time.Second) // a token is not just renewed any more
	w.provider.RejectAccess(first.AccessToken)
	second := w.call("POST", "/connections/work/rejected", map[string]string{"access_token": first.AccessToken}).token()
	if second.AccessToken == first.AccessToken {
		t.Error("a rejected token was handed out again")
	}
	if got := w.call("POST", "/connections/work/rejected", map[string]string{"access_token": first.AccessToken}).token(); got.AccessToken != second.AccessToken {
		t.Error("a rejected older token was not answered with the current one")
	}

	w.call("POST", "/connections/work/refresh", nil).ok()
	third := w.call("GET", "/connections/work/token", nil).token()
	if third.AccessToken == second.AccessToken {
		t.Error("a refresh brought no new token")
	}

	w.provider.Revoke("ada")
	w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
	p := w.call("GET", "/connections/work/token", nil).problem(tokens.CodeReconnectRequired, 409)
	if p.Reason != string(tokens.ReasonRevoked) || !strings.Contains(p.Hint, "authtray connect work") {
		t.Errorf("a dead grant is told as %+v", p)
	}
	eventually(t, "the dead grant's tokens are erased", func() bool {
		b, err := w.store.Get(context.Background(), "work")
		return err == nil && !strings.Contains(string(b), third.AccessToken) && !strings.Contains(string(b), "refresh_token")
	})
	eventually(t, "the death is announced", func() bool { n, up := w.notes.state("work"); return n == 1 && up != nil })

	w.connect("work", "ada")
	eventually(t, "the notification is withdrawn", func() bool { _, up := w.notes.state("work"); return up == nil })

	var removed api.Removed
	w.call("DELETE", "/connections/work/grant", nil).ok().into(&removed)
	if !removed.Revoked {
		t.Errorf("disconnecting says %+v", removed)
	}
	for _, g := range w.provider.Grants() {
		if g.Alive() {
			t.Errorf("grant %s lives on at the provider", g.ID)
		}
	}
	w.call("GET", "/connections/work/token", nil).problem(tokens.CodeDisconnected, 409)

	w.call("DELETE", "/connections/work", nil).ok()
	w.call("GET", "/connections/work", nil).problem(tokens.CodeUnknownConnection, 404)
}

func TestNoSecretReachesTheLog(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	at := w.begin("work", nil)
	w.consent(at, "ada")
	tok := w.call("GET", "/connections/work/token?timeout=20s", nil)
	eventually(t, "connected", func() bool {
		tok = w.call("GET", "/connections/work/token", nil)
		return tok.status == 200
	})
	w.call("PUT", "/connections/work/secret", map[string]string{"client_secret": "hush-hush"}).ok()
	w.call("POST", "/connections/work/rejected", `{"access_token": 12}`)
	log := w.logText()
	for _, secret := range []string{tok.token().AccessToken, "hush-hush", "code=", "state=", "code_challenge"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log at debug level holds %.10q…", secret)
		}
	}
}

func TestADeathIsAnnouncedOnceAlsoOverARestart(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	w.provider.Revoke("ada")
	w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
	eventually(t, "announced", func() bool { n, _ := w.notes.state("work"); return n == 1 })
	eventually(t, "the record says so", func() bool { return w.told("work") == tokens.ReasonRevoked })
	hits := w.provider.TokenHits()
	w.stop()
	w.start()
	if st := w.call("GET", "/connections/work", nil).connection(); st.State != tokens.ReconnectRequired {
		t.Errorf("after a restart the state is %s", st.State)
	}
	w.call("GET", "/connections/work/token", nil).problem(tokens.CodeReconnectRequired, 409)
	if n, _ := w.notes.state("work"); n != 1 {
		t.Errorf("announced %d times", n)
	}
	if got := w.provider.TokenHits(); got != hits {
		t.Errorf("%d requests to the token endpoint after the end", got-hits)
	}
}

func TestAnnouncePolicyThatRefusesForADayIsAWarning(t *testing.T) {
	w := newWorld(t)
	st := tokens.Status{Name: "work", State: tokens.Retrying, Reason: tokens.ReasonRefusedForNow, Detail: "Work refuses renewals from this network."}
	w.agent.announcements.announce(st)
	if text := w.notes.text(); strings.Contains(text, st.Detail) {
		t.Errorf("before the day is over: %q", text)
	}
	st.Announce = true
	w.agent.announcements.announce(st)
	if text := w.notes.text(); strings.Count(text, "work is refused for now: "+st.Detail) != 1 {
		t.Errorf("told: %q", text)
	}
	if n, _ := w.notes.state("work"); n != 0 {
		t.Errorf("%d notifications with Reconnect", n)
	}
}

func TestTheNotificationsButtonReconnects(t *testing.T) {
	opened := make(chan string, 4)
	w := newWorld(t, func(o *Options) {
		o.Open = func(_ context.Context, url string) error { opened <- url; return nil }
	})
	w.add("work")
	w.connect("work", "ada")
	w.provider.Revoke("ada")
	w.call("POST", "/connections/work/refresh", nil).problem(tokens.CodeReconnectRequired, 409)
	var press func()
	eventually(t, "announced", func() bool { _, press = w.notes.state("work"); return press != nil })
	go press()
	w.consent(api.Attempt{URL: <-opened}, "ada")
	eventually(t, "withdrawn", func() bool { _, up := w.notes.state("work"); return up == nil })
	if st := w.call("GET", "/connections/work", nil).connection(); st.State != tokens.Connected {
		t.Errorf("state is %s", st.State)
	}
}

func TestConnectedAgainAfterARestartWithoutABrowser(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	before := w.call("GET", "/connections/work/token", nil).token()
	w.stop()
	w.start()
	if after := w.call("GET", "/connections/work/token", nil).token(); after.AccessToken != before.AccessToken {
		t.Error("another token after a restart")
	}
}

func TestEventsTellEveryConnectionFirstAndThenChanges(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://agent/v1/events", nil)
	resp, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type is %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	await := func(want ...string) {
		t.Helper()
		for lines.Scan() {
			if !strings.Contains(lines.Text(), want[0]) {
				continue
			}
			if want = want[1:]; len(want) == 0 {
				return
			}
		}
		t.Fatalf("the stream ended before %q", want)
	}
	await("event: connection", `"state":"disconnected"`)
	w.connect("work", "ada")
	await(`"state":"connected"`) // that it was connecting may be over before it is told
	w.call("DELETE", "/connections/work", nil).ok()
	await("event: removed", `"name":"work"`)
}

// follower is a client that knows the connections from the event stream alone.
type follower struct {
	mu  sync.Mutex
	all map[string]string // their objects
}

func (w *world) follow() *follower {
	w.t.Helper()
	r, _ := http.NewRequestWithContext(w.t.Context(), "GET", "http://agent/v1/events", nil)
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	f := &follower{all: map[string]string{}}
	go func() {
		kind := ""
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				f.take(kind, data)
			} else if now, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				kind = now
			}
		}
	}()
	return f
}

func (f *follower) take(kind, data string) {
	var c struct{ Name string }
	json.Unmarshal([]byte(data), &c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all[c.Name] = data; kind == "removed" {
		delete(f.all, c.Name)
	}
}

// knows reports whether the follower has what the list says.
func (f *follower) knows(w *world) bool {
	var list struct{ Connections []json.RawMessage }
	w.call("GET", "/connections", nil).ok().into(&list)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, now := range list.Connections {
		var c struct{ Name string }
		json.Unmarshal(now, &c)
		if f.all[c.Name] != string(now) {
			return false
		}
	}
	return len(f.all) == len(list.Connections)
}

func TestEventsTellWhatTheListSays(t *testing.T) {
	w := newWorld(t)
	w.addSingle("first")
	w.addSingle("second")
	f := w.follow()
	for _, step := range []struct {
		what string
		do   func()
		list string // is in it then
	}{
		{"connected", func() { w.connect("first", "ada") }, `"account":"ada"`},
		{"connected under another name too", func() { w.connect("second", "ada") }, `second is the same account`},
		{"disconnected, and its account remembered", func() { w.call("DELETE", "/connections/second/grant", nil).ok() }, `"account":"ada"`},
		{"the provider has another grant for each", func() { w.add("first") }, ""},
		{"a broken file", func() { w.edit("first", "provider = ") }, `first.toml:1`},
		{"broken otherwise", func() { w.edit("first", "\n\nprovider = ") }, `first.toml:3`},
		{"fixed", func() { w.add("first") }, ""},
		{"a new one", func() { w.add("third") }, `"third"`},
		{"removed", func() { w.call("DELETE", "/connections/first", nil).ok() }, ""},
	} {
		step.do()
		eventually(t, step.what+": in the list", func() bool {
			return strings.Contains(string(w.call("GET", "/connections", nil).ok().body), step.list)
		})
		eventually(t, step.what+": told", func() bool { return f.knows(w) })
	}
}

func TestAttemptModesAreKnown(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.call("POST", "/connections/work/connect", map[string]string{"mode": "telepathy"}).problem(tokens.CodeBadRequest, 400)
	var at api.Attempt
	w.call("POST", "/connections/work/connect", nil).ok().into(&at)
	if at.Mode != providers.Browser || at.BrowserError == "" || at.URL == "" {
		t.Errorf("without a browser the attempt is %+v", at)
	}
	w.call("DELETE", "/connections/work/connect", nil).ok()
	if st := w.call("GET", "/connections/work", nil).connection(); st.State != tokens.Disconnected {
		t.Errorf("after cancel the state is %s", st.State)
	}
}

// TestRecordOfANewerVersionIsToldAndKept: who went back to an older version loses no
// grant by it.
func TestRecordOfANewerVersionIsToldAndKept(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	w.stop()
	kept, err := w.store.Get(t.Context(), "work")
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Replace(kept, []byte(`"v":1`), []byte(`"v":9`), 1)
	if bytes.Equal(newer, kept) {
		t.Fatal("the record has another version by now")
	}
	if err := w.store.Set(t.Context(), "work", newer); err != nil {
		t.Fatal(err)
	}
	w.start()
	eventually(t, "the record is read", func() bool {
		return w.call("GET", "/connections/work", nil).connection().Reason == tokens.ReasonRecordDamaged
	})
	if now := w.call("GET", "/connections/work", nil).connection(); !strings.Contains(now.Detail, "install the newer Authtray again") {
		t.Errorf("told as %s: %s", now.State, now.Detail)
	}
	if p := w.call("GET", "/connections/work/token?timeout=1s", nil); p.status == 200 {
		t.Error("a token is served")
	}
	w.stop()
	if now, err := w.store.Get(t.Context(), "work"); err != nil || !bytes.Equal(now, newer) {
		t.Errorf("the record is not as it was (%v)", err)
	}
	if err := w.store.Set(t.Context(), "work", kept); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.call("GET", "/connections/work/token", nil).token()
}
