package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/tokens"
)

// waiting begins a flow, or takes up the pending one, in one request that is
// also told the end of it.
func (w *world) waiting(name string, more map[string]any) (at api.Attempt, end <-chan reply) {
	w.t.Helper()
	in := map[string]any{"mode": "url"}
	for k, v := range more {
		in[k] = v
	}
	body, _ := json.Marshal(in)
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", "http://agent/v1/connections/"+name+"/connect?wait=true", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/x-ndjson")
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := json.NewDecoder(resp.Body)
	var first struct{ Attempt api.Attempt }
	if err := lines.Decode(&first); err != nil {
		w.t.Fatal(err)
	}
	out := make(chan reply, 1)
	go func() {
		defer resp.Body.Close()
		out <- w.lastLine(lines)
	}()
	return first.Attempt, out
}

// lastLine is how a flow ended, as a request of its own would have been told.
func (w *world) lastLine(lines *json.Decoder) reply {
	var last struct{ Connection, Problem json.RawMessage }
	if err := lines.Decode(&last); err != nil {
		w.t.Errorf("the end of a flow: %v", err)
	}
	if last.Problem == nil {
		return reply{w.t, 200, http.Header{}, last.Connection}
	}
	var p api.Problem
	json.Unmarshal(last.Problem, &p)
	return reply{w.t, p.Status, http.Header{"Content-Type": {"application/problem+json"}}, last.Problem}
}

func TestASecondConnectTakesUpTheFirst(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	first := w.begin("work", nil)
	if second := w.begin("work", nil); second.URL != first.URL {
		t.Error("a second connect began another flow")
	}
	third, end := w.waiting("work", nil)
	w.consent(third, "ada")
	if c := (<-end).connection(); c.State != tokens.Connected || c.Account != "ada" {
		t.Errorf("wait=true is answered with %+v", c)
	}
}

func TestADeviceFlowTakesThePlaceOfARedirectFlow(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	_, end := w.waiting("work", nil)
	at := w.begin("work", map[string]any{"mode": "device"})
	if at.UserCode == "" || at.Mode != providers.Device || at.RedirectURI != "" {
		t.Errorf("the device flow is %+v", at)
	}
	(<-end).problem(api.CodeConnectFailed, 409)
	if st := w.call("GET", "/connections/work", nil).connection(); st.State != tokens.Connecting {
		t.Errorf("the flow that was replaced took the state %s with it", st.State)
	}
}

func TestReconnectingAsSomeoneElseAsksFirst(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	before := w.call("GET", "/connections/work/token", nil).token()

	at, end := w.waiting("work", nil)
	w.consent(at, "grace")
	p := (<-end).problem(api.CodeOtherAccount, 409)
	if p.Account != "grace" || !strings.Contains(p.Detail, "ada") {
		t.Errorf("the question is %+v", p)
	}
	if got := w.call("GET", "/connections/work/token", nil).token(); got.AccessToken != before.AccessToken || got.Account != "ada" {
		t.Error("tools act as someone else without the user's word")
	}
	c := w.call("POST", "/connections/work/connect", map[string]any{"accept_account": true}).connection()
	if c.Account != "grace" || c.State != tokens.Connected {
		t.Errorf("after accepting it is %+v", c)
	}
	w.call("POST", "/connections/work/connect", map[string]any{"accept_account": true}).problem(api.CodeConnectFailed, 409)
}

func TestAnotherAccountsGrantIsHeldTenMinutesOnly(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	at, end := w.waiting("work", nil)
	w.consent(at, "grace")
	(<-end).problem(api.CodeOtherAccount, 409)
	w.clock.pass(holdTime + time.Second)
	w.call("POST", "/connections/work/connect", map[string]any{"accept_account": true}).problem(api.CodeConnectFailed, 409)
}

func TestTheAccountIsRememberedWhenTheGrantIsGone(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	w.call("DELETE", "/connections/work/grant", nil).ok()
	w.stop()
	w.start()
	if c := w.call("GET", "/connections/work", nil).connection(); c.Account != "ada" {
		t.Errorf("the account of the grant that is gone is %q", c.Account)
	}
	at, end := w.waiting("work", nil)
	w.consent(at, "grace")
	(<-end).problem(api.CodeOtherAccount, 409)
}

func TestSwitchingTheAccountOnPurposeAsksNothing(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	w.connect("work", "ada")
	at, end := w.waiting("work", map[string]any{"switch_account": true})
	w.consent(at, "grace")
	if c := (<-end).connection(); c.Account != "grace" {
		t.Errorf("account is %q", c.Account)
	}
}

func TestWhichAccountsAreSurelyNotTheSame(t *testing.T) {
	for _, c := range []struct {
		was, is providers.Account
		other   bool
	}{
		{providers.Account{}, providers.Account{ID: "1", Label: "ada"}, false},
		{providers.Account{ID: "1", Label: "ada"}, providers.Account{}, false},
		{providers.Account{ID: "1", Label: "ada"}, providers.Account{ID: "1", Label: "ada.l"}, false},
		{providers.Account{ID: "1", Label: "ada"}, providers.Account{ID: "2", Label: "ada"}, true},
		{providers.Account{Label: "ada"}, providers.Account{ID: "1", Label: "ada"}, false},
		{providers.Account{Label: "ada"}, providers.Account{ID: "2", Label: "grace"}, true},
		{providers.Account{ID: "1"}, providers.Account{Label: "grace"}, false},
	} {
		if got := differ(c.was, c.is); got != c.other {
			t.Errorf("differ(%+v, %+v) = %t", c.was, c.is, got)
		}
	}
}

func TestPasteTakesTheRedirectOfThisFlowOnly(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	paste := func(url string) reply {
		return w.call("POST", "/connections/work/connect/redirect", map[string]string{"url": url})
	}
	paste("http://127.0.0.1:1/callback?code=x&state=y").problem(api.CodeConnectFailed, 409)
	at := w.begin("work", nil)
	redirect, err := practicetest.Consent(t.Context(), at.URL, "ada")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"only-a-code", strings.Replace(redirect, "state=", "state=x", 1), strings.Replace(redirect, "127.0.0.1", "127.0.0.2", 1)} {
		paste(wrong).problem(tokens.CodeBadRequest, 400)
	}
	if c := paste(redirect).connection(); c.State != tokens.Connected {
		t.Errorf("after the right paste the state is %s", c.State)
	}
}

func TestDenialIsOneSentence(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	at, end := w.waiting("work", nil)
	redirect, err := practicetest.Deny(t.Context(), at.URL, "ada")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(redirect)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	p := (<-end).problem(api.CodeConnectFailed, 409)
	if !strings.Contains(p.Detail, "denied") || p.Hint != "authtray connect work" {
		t.Errorf("a denial is told as %+v", p)
	}
}

func TestAChangedConfigurationEndsTheFlowThatWasBegunBefore(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	_, end := w.waiting("work", nil)
	changed := w.practice()
	changed["scopes"] = []string{"openid"}
	w.call("PUT", "/connections/work", changed).ok()
	(<-end).problem(api.CodeConnectFailed, 409)
}

// A file that was saved just before is what the sign-in is about, and its being noticed
// later ends nothing.
func TestASignInIsAboutTheFileAsItWasSavedJustBefore(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	_, old := w.waiting("work", nil)
	w.edit("work", strings.Replace(w.read("work"), `'profile', 'email', `, "", 1))
	at, end := w.waiting("work", nil)
	(<-old).problem(api.CodeConnectFailed, 409)
	if u, err := url.Parse(at.URL); err != nil || u.Query().Get("scope") != "openid offline_access" {
		t.Errorf("the sign-in asks for what the file said before: %s", at.URL)
	}
	w.agent.configuration.reload()
	w.consent(at, "ada")
	if c := (<-end).connection(); c.State != tokens.Connected {
		t.Errorf("the sign-in ended with %+v", c)
	}
}

// What is half written is left to who watches the folder: it may be whole at once.
func TestAHalfWrittenFileDoesNotKeepASignInFromBeginning(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	whole := w.read("work")
	w.edit("work", "")
	at, end := w.waiting("work", nil)
	w.edit("work", whole)
	w.consent(at, "ada")
	if c := (<-end).connection(); c.State != tokens.Connected {
		t.Errorf("the sign-in ended with %+v", c)
	}
}

func TestBrowserIsOpenedByTheAgent(t *testing.T) {
	opened := make(chan string, 1)
	w := newWorld(t, func(o *Options) {
		o.Open = func(_ context.Context, url string) error { opened <- url; return nil }
	})
	w.add("work")
	var at api.Attempt
	w.call("POST", "/connections/work/connect", nil).ok().into(&at)
	if got := <-opened; got != at.URL || at.BrowserError != "" {
		t.Errorf("opened %q, answered %+v", got, at)
	}
}

func TestMissingClientSecretSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	conn := w.practice()
	conn["client_id"] = "authtray-practice-confidential"
	conn["override"] = map[string]any{"client": map[string]any{"secret": "required", "auth": "post"}}
	w.call("PUT", "/connections/work", conn).ok()
	p := w.call("POST", "/connections/work/connect?wait=true", map[string]string{"mode": "url"})
	if p.status < 400 || !strings.Contains(string(p.body), "secret") {
		t.Errorf("without its secret connecting is answered %d %s", p.status, p.body)
	}
	w.call("PUT", "/connections/work/secret", map[string]string{"client_secret": "practice-secret"}).ok()
	w.connect("work", "ada")
	var c api.Connection
	all := w.call("GET", "/connections", nil).ok()
	if strings.Contains(string(all.body), "practice-secret") {
		t.Error("a secret is told to clients")
	}
	var list struct{ Connections []json.RawMessage }
	all.into(&list)
	if err := json.Unmarshal(list.Connections[0], &c); err != nil || c.State != tokens.Connected {
		t.Errorf("listed as %+v (%v)", c, err)
	}
}

// newTestSignIns are sign-ins at a provider whose grants the test sees.
func newTestSignIns(t *testing.T) (*signIns, *grants, *clock) {
	a, g := newTestAccounts(t)
	c := &clock{Clock: tokens.System}
	configuration, _, _, _ := newTestConfiguration(t)
	clients := newTestClients(t)
	clients.configuration = configuration
	return &signIns{
		manager: signInsSeen{}, configuration: configuration, clients: clients, accounts: a, now: c.Now,
		ended: t.Context(), background: &background{log: a.log}, unlock: func() {}, log: a.log, pending: map[string]*signIn{}, held: map[string]heldGrant{},
		show: func(name string) (api.Connection, error) {
			return api.Connection{Status: tokens.Status{Name: name}}, nil
		},
	}, g, c
}

type signInsSeen struct{}

func (signInsSeen) FlowStarted(string)      {}
func (signInsSeen) FlowEnded(string, error) {}

func TestSignInsHoldTheGrantOfAnotherAccount(t *testing.T) {
	s, g, clock := newTestSignIns(t)
	g.of["work"] = providers.Account{ID: "1", Label: "ada"}
	grace := providers.Result{Account: providers.Account{ID: "2", Label: "grace"}}
	accept := func(name string) error {
		_, err := s.connect(t.Context(), name, api.ConnectRequest{AcceptAccount: true})
		return err
	}
	if accept("work") == nil {
		t.Error("accepted what nobody brought")
	}
	var other *api.OtherAccount
	if err := s.accept(t.Context(), "work", grace, false); !errors.As(err, &other) || other.Account != "grace" || len(g.adopted) > 0 {
		t.Fatalf("adopted %q: %v", g.adopted, err)
	}
	if err := accept("work"); err != nil || g.of["work"] != grace.Account {
		t.Errorf("accepted: %v, now %+v", err, g.of["work"])
	}
	if accept("work") == nil {
		t.Error("accepted twice")
	}
	g.of["work"] = providers.Account{ID: "1", Label: "ada"}
	s.accept(t.Context(), "work", grace, false)
	clock.pass(holdTime + time.Second)
	if accept("work") == nil {
		t.Error("accepted too late")
	}
	if err := s.accept(t.Context(), "work", grace, true); err != nil || g.of["work"] != grace.Account {
		t.Errorf("asked for: %v", err)
	}
}

// Nobody can be asked any more where the provider says too late whose sign-in it was.
func TestSignInsTellOfAnotherAccountThatIsNamedLate(t *testing.T) {
	ada, grace := providers.Account{ID: "1", Label: "ada"}, providers.Account{ID: "2", Label: "grace"}
	for name, tt := range map[string]struct {
		is     providers.Account
		wanted bool
		gone   bool
		told   bool
	}{
		"another one":               {is: grace, told: true},
		"another one, as was asked": {is: grace, wanted: true},
		"the same one":              {is: ada},
		"of a grant that is gone":   {is: grace, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := newTestSignIns(t)
			seen := newNotes()
			s.notify = seen
			if err := s.accounts.adopt(t.Context(), "work", providers.Result{Account: ada}); err != nil {
				t.Fatal(err)
			}
			if err := s.accept(t.Context(), "work", providers.Result{}, tt.wanted); err != nil {
				t.Fatal(err)
			}
			want := tt.is
			if tt.gone {
				delete(g.of, "work")
				want = ada
			}
			s.named("work", providers.Result{Account: tt.is}, tt.wanted)
			if told := strings.Contains(seen.text(), "You signed in as grace, but work was connected as ada before"); told != tt.told {
				t.Errorf("told %q", seen.text())
			}
			if got := s.accounts.remember.Load("work"); got != want {
				t.Errorf("remembered is %+v", got)
			}
		})
	}
}

func TestSignInsShareOneThatIsPendingAndCancelIt(t *testing.T) {
	s, _, _ := newTestSignIns(t)
	addSingleProvider(t, s.configuration.paths)
	s.configuration.reload()
	if err := s.configuration.write(catalog.Connection{Name: "work", Provider: "single", ClientID: "abc"}); err != nil {
		t.Fatal(err)
	}
	first, err := s.connect(t.Context(), "work", api.ConnectRequest{Mode: "url"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.connect(t.Context(), "work", api.ConnectRequest{Mode: "browser"})
	if err != nil {
		t.Fatal(err)
	}
	if at := second.Attempt(); at.URL != first.Attempt().URL || at.BrowserError == "" {
		t.Errorf("the second is asked to go to %+v", at)
	}
	s.cancel("work", false)
	if s.of("work") != nil {
		t.Error("it is still pending")
	}
	var e *tokens.Error
	if _, err := first.Wait(t.Context()); !errors.As(err, &e) || e.Code != api.CodeConnectFailed {
		t.Errorf("it ended with %v", err)
	}
	if _, err := s.paste(t.Context(), "work", "http://127.0.0.1/"); err == nil {
		t.Error("an address was taken after the end")
	}
}

// The tokens are there: a whoami that says nothing for as long as it likes does not
// hold up the sign-in, and whose it is is filled in when it does.
func TestASignInIsDoneBeforeASlowProviderSaysWhoseItIs(t *testing.T) {
	w := newWorld(t)
	asked, say := make(chan struct{}, 8), make(chan struct{})
	me := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-say:
		case <-r.Context().Done():
		}
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, `{"sub":"7","email":"ada@example.org"}`)
	}))
	defer me.Close()
	conn := w.practice()
	conn["override"] = map[string]any{"whoami": map[string]any{"url": me.URL + "/me", "from_id_token": false, "label": []string{"email"}, "account_id": "sub"}}
	w.call("PUT", "/connections/work", conn).ok()
	w.connect("work", "ada")
	<-asked
	if st := w.call("GET", "/connections/work", nil).connection(); st.State != tokens.Connected || st.Account != "" {
		t.Errorf("%s as %q before anybody said whose it is", st.State, st.Account)
	}
	close(say)
	eventually(t, "the account is filled in", func() bool {
		st := w.call("GET", "/connections/work", nil).connection()
		return st.Account == "ada@example.org" && st.AccountID == "7"
	})
	w.stop()
	w.start()
	if st := w.call("GET", "/connections/work", nil).connection(); st.Account != "ada@example.org" {
		t.Errorf("after a restart it is %q's", st.Account)
	}
}

// A second sign-in that brought no refresh token was "connected", and no word.
func TestASignInWithoutARefreshTokenSaysHowToHaveOne(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	asks := func(prompt string) catalog.Entry {
		return catalog.Entry{AuthorizeOpts: catalog.AuthorizeRules{Params: map[string]string{"prompt": prompt}}}
	}
	st := func(change func(*tokens.Status)) tokens.Status {
		st := tokens.Status{Name: "work", ProviderName: "Acme", State: tokens.Connected, ExpiresAt: &soon, Scopes: []string{"read"}}
		change(&st)
		return st
	}
	granted := func(st *tokens.Status) { st.Scopes = []string{"read", "offline_access"} }
	as := func(*tokens.Status) {}
	const consent = "authtray add work --set authorize_opts.params.prompt=consent && authtray connect work"
	for _, c := range []struct {
		name  string
		st    tokens.Status
		entry catalog.Entry
		scope string // that a refresh token would come with
		want  string // "": no note
	}{
		{"consent is not asked for", st(as), asks(""), "", consent},
		{"…though the scope was granted", st(granted), asks("login"), "offline_access", consent},
		{"the scope was not asked for", st(as), asks("consent"), "offline_access", "authtray connect work --scope offline_access"},
		{"all was asked for", st(granted), asks("consent"), "", "app's settings"},
		{"a token that never ends", st(func(st *tokens.Status) { st.ExpiresAt, st.NeverExpires = nil, true }), asks(""), "", ""},
		{"one that can be renewed", st(func(st *tokens.Status) { st.Refreshable = true }), asks(""), "", ""},
		{"an MCP server, which has no app to look at", st(as), catalog.Entry{Quirks: []string{"mcp_bootstrap"}}, "", "Acme gave no refresh token, so you have to sign in again when this token ends."},
		{"not connected", st(func(st *tokens.Status) { st.State = tokens.ReconnectRequired }), asks(""), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := noteUnrenewable(c.st, c.entry, c.scope)
			if (got == "") != (c.want == "") || strings.HasSuffix(c.want, "ends.") && got != c.want || !strings.Contains(got, c.want) || got != "" && !strings.Contains(got, "Acme gave no refresh token") {
				t.Errorf("told %q", got)
			}
		})
	}
}

// Parallel tools that say `authtray token x || authtray connect x`, and a double
// click.
func TestTenConnectsOpenOneBrowserWindow(t *testing.T) {
	s, _, _ := newTestSignIns(t)
	addSingleProvider(t, s.configuration.paths)
	s.configuration.reload()
	if err := s.configuration.write(catalog.Connection{Name: "work", Provider: "single", ClientID: "abc"}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	var windows atomic.Int32
	s.open = func(context.Context, string) error { windows.Add(1); return nil }
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := s.connect(t.Context(), "work", api.ConnectRequest{Mode: "browser"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := windows.Load(); n != 1 {
		t.Errorf("%d windows were opened", n)
	}
	now = now.Add(sameWindowTime) // the person closed it
	if _, err := s.connect(t.Context(), "work", api.ConnectRequest{Mode: "browser"}); err != nil || windows.Load() != 2 {
		t.Errorf("later it was opened %d times: %v", windows.Load(), err)
	}
	s.cancel("work", false)
}
