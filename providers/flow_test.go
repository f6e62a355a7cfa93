package providers

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBrowserFlowBringsTokensAccountAndBinding(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	resp, page := browse(t, redirect(t, f, "code", "c-1"))
	if resp.StatusCode != 200 || !strings.Contains(page, "<h1>Connected</h1>") || !strings.Contains(page, "connected to Testhub as ada.") {
		t.Errorf("page %d:\n%s", resp.StatusCode, page)
	}
	r, err := w.wait(f)
	if err != nil {
		t.Fatal(err)
	}
	if r.Answer.AccessToken != "at-1" || r.Answer.RefreshToken != "rt-1" || r.Account != (Account{"42", "ada"}) {
		t.Errorf("result %+v", r)
	}
	if r.Binding.ClientID != "cid" || len(r.Binding.Origins) != 1 || r.Binding.Origins[0] != w.server.URL {
		t.Errorf("binding %+v", r.Binding)
	}
}

func TestStateAndVerifierAreFreshAndTheChallengeIsS256(t *testing.T) {
	w := newFlowWorld(t)
	f, g := w.begin(AuthorizeOptions{}), w.begin(AuthorizeOptions{})
	state := asked(t, f).Get("state")
	if raw, err := base64.RawURLEncoding.DecodeString(state); err != nil || len(raw) != 32 {
		t.Errorf("state %q is not 256 bits", state)
	}
	if state == asked(t, g).Get("state") || f.code.verifier == g.code.verifier {
		t.Error("two flows share a secret")
	}
	browse(t, redirect(t, f, "code", "c-1"))
	form := w.sent("/token")[0]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if q := asked(t, f); q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("challenge %q does not belong to verifier %q", q.Get("code_challenge"), form.Get("code_verifier"))
	}
	if form.Get("code") != "c-1" || form.Get("redirect_uri") != f.RedirectURI() || form.Get("grant_type") != "authorization_code" {
		t.Errorf("token request %v", form)
	}
}

func TestWithoutPKCENeitherChallengeNorVerifierIsSent(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.AuthorizeOpts.PKCE = "off"
	f := w.begin(AuthorizeOptions{})
	browse(t, redirect(t, f, "code", "c-1"))
	if q := asked(t, f); q.Has("code_challenge") || q.Has("code_challenge_method") || w.sent("/token")[0].Has("code_verifier") {
		t.Error("PKCE was spoken")
	}
}

func TestWhatAFlowMayAskForReachesTheProvider(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.AuthorizeOpts = AuthorizeRules{
		Scopes: []string{"default"}, ScopesForRefresh: []string{"offline_access"}, SwitchAccount: map[string]string{"prompt": "select_account"},
	}
	f := w.begin(AuthorizeOptions{LoginHint: "ada@example.org", SwitchAccount: true, Scopes: []string{"a", "b"}, Resource: "https://mcp.example/"})
	q := asked(t, f)
	for name, want := range map[string]string{
		"scope": "a b offline_access", "login_hint": "ada@example.org", "prompt": "select_account",
		"resource": "https://mcp.example/", "response_type": "code", "client_id": "cid",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	browse(t, redirect(t, f, "code", "c-1"))
	if got := w.sent("/token")[0].Get("resource"); got != "https://mcp.example/" {
		t.Errorf("the token request is for resource %q", got)
	}
}

func TestPageWaitsUntilTheExchangeIsDone(t *testing.T) {
	w := newFlowWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.on("/token", func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		says(400, `{"error":"invalid_grant"}`)(rw, r)
	})
	f := w.begin(AuthorizeOptions{})
	resp, _ := visit(t, "GET", redirect(t, f, "code", "c-1"))
	to, _ := resp.Location()
	<-arrived
	shown := make(chan string)
	go func() {
		_, page := visit(t, "GET", to.String())
		shown <- page
	}()
	w.time.await(pageTimeout) // the page is being waited for
	stillPending(t, f)
	close(release)
	if page := <-shown; strings.Contains(page, "Connected") || !strings.Contains(page, "Not connected") {
		t.Errorf("the page does not tell the truth:\n%s", page)
	}
	var failure *Failure
	if _, err := w.wait(f); !errors.As(err, &failure) || failure.Code != "invalid_grant" {
		t.Errorf("the flow ended with %v", err)
	}
}

func TestPageThatWaitedLongEnoughAsksAgainByItself(t *testing.T) {
	w := newFlowWorld(t)
	release := make(chan struct{})
	defer close(release)
	w.on("/token", func(http.ResponseWriter, *http.Request) { <-release })
	f := w.begin(AuthorizeOptions{})
	resp, _ := visit(t, "GET", redirect(t, f, "code", "c-1"))
	to, _ := resp.Location()
	shown := make(chan string)
	go func() {
		_, page := visit(t, "GET", to.String())
		shown <- page
	}()
	w.time.await(pageTimeout)
	w.time.advance(pageTimeout)
	if page := <-shown; !strings.Contains(page, "One moment") || !strings.Contains(page, `http-equiv="refresh"`) {
		t.Errorf("page:\n%s", page)
	}
	stillPending(t, f)
}

// Every one of these is answered and otherwise ignored.
func TestRequestsThatAreNotTheAnswerNeverEndTheFlow(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	root := strings.TrimSuffix(f.RedirectURI(), "/callback")
	good := redirect(t, f, "code", "c-1")
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	for _, test := range []struct {
		name, method, url string
		change            func(*http.Request)
		status            int
	}{
		{"no query", "GET", f.RedirectURI(), nil, 400},
		{"no state", "GET", f.RedirectURI() + "?code=c-1", nil, 400},
		{"empty state", "GET", redirect(t, f, "code", "c-1", "state", ""), nil, 400},
		{"wrong state", "GET", redirect(t, f, "code", "c-1", "state", "x"), nil, 400},
		{"wrong state and an error", "GET", redirect(t, f, "error", "access_denied", "state", "x"), nil, 400},
		{"state cut short", "GET", strings.TrimSuffix(good, good[len(good)-1:]), nil, 400},
		{"the state twice", "GET", good + "&state=x", nil, 400},
		{"neither code nor error", "GET", redirect(t, f), nil, 400},
		{"both code and error", "GET", redirect(t, f, "code", "c", "error", "access_denied"), nil, 400},
		{"another path", "GET", strings.Replace(good, "/callback", "/callback/", 1), nil, 404},
		{"the path spelled otherwise", "GET", strings.Replace(good, "/callback", "/%63allback", 1), nil, 404},
		{"the root", "GET", root + "/", nil, 404},
		{"a result page that is not there", "GET", root + "/signin/AAAAAAAAAAAAAAAAAAAAAA", nil, 404},
		{"POST", "POST", good, nil, 405},
		{"HEAD", "HEAD", good, nil, 405},
		{"another Host", "GET", good, host("evil.example"), 400},
		{"the name instead of the address", "GET", good, host(strings.Replace(strings.TrimPrefix(root, "http://"), "127.0.0.1", "localhost", 1)), 400},
		{"the Host without its port", "GET", good, host("127.0.0.1"), 400},
		{"a header without end", "GET", good, func(r *http.Request) { r.Header.Set("X", strings.Repeat("a", 2*maxHead)) }, 431},
	} {
		change := test.change
		if change == nil {
			change = func(*http.Request) {}
		}
		if resp, _ := visit(t, test.method, test.url, change); resp.StatusCode != test.status {
			t.Errorf("%s: answered %d, want %d", test.name, resp.StatusCode, test.status)
		}
		stillPending(t, f)
	}
	w.nothingSent()
	if _, page := browse(t, good); !strings.Contains(page, "Connected") {
		t.Errorf("the right answer was not taken afterwards:\n%s", page)
	}
}

func TestEveryAnswerIsKeptOutOfCachesReferrersAndFrames(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	first, _ := visit(t, "GET", good)
	to, _ := first.Location()
	for _, target := range []string{f.RedirectURI(), good, to.String(), f.RedirectURI() + "x"} {
		resp, _ := visit(t, "GET", target)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%d: %s is %q", resp.StatusCode, name, got)
			}
		}
		if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; ") || strings.Contains(got, "unsafe") {
			t.Errorf("%d: policy %q", resp.StatusCode, got)
		}
	}
	if strings.ContainsAny(to.String(), "?#") || strings.Contains(to.String(), "c-1") || strings.Contains(to.String(), asked(t, f).Get("state")) {
		t.Errorf("the browser's history keeps %s", to)
	}
}

func TestASecondVisitSaysAlreadyConnectedAndSendsNothing(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	browse(t, good)
	if _, page := browse(t, good); !strings.Contains(page, "Already connected") {
		t.Errorf("page:\n%s", page)
	}
	if _, page := browse(t, redirect(t, f, "code", "another")); !strings.Contains(page, "Already connected") {
		t.Errorf("a used state was good for another code:\n%s", page)
	}
	if n := len(w.sent("/token")); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

func TestAnswersThatArriveTogetherMakeOneTokenRequest(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { browse(t, good) })
	}
	group.Wait()
	if _, err := w.wait(f); err != nil || len(w.sent("/token")) != 1 {
		t.Errorf("%d token requests, %v", len(w.sent("/token")), err)
	}
}

func TestListenerClosesHalfAMinuteAfterTheFlow(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	good := redirect(t, f, "code", "c-1")
	browse(t, good)
	w.time.await(lingerTime)
	w.time.advance(lingerTime - time.Second)
	browse(t, good)
	w.time.advance(time.Second)
	awaitClosed(t, f)
}

// awaitClosed returns when nobody listens at the flow's address.
func awaitClosed(t *testing.T, f *Flow) {
	t.Helper()
	u, _ := url.Parse(f.RedirectURI())
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the listener stays open")
}

func TestNobodyAnsweredForTenMinutes(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	if want := w.time.Now().Add(10 * time.Minute); !f.Expires().Equal(want) {
		t.Errorf("expires at %v, want %v", f.Expires(), want)
	}
	w.time.await(FlowTimeout)
	w.time.advance(FlowTimeout - time.Second)
	stillPending(t, f)
	w.time.advance(time.Second)
	if _, err := w.wait(f); !errors.Is(err, ErrTimedOut) {
		t.Errorf("ended with %v", err)
	}
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Too late") {
		t.Errorf("page:\n%s", page)
	}
	w.nothingSent()
}

func TestAnAnswerAfterTheMachineSleptTooLongIsTooLate(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	w.time.sleep(time.Hour)
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Too late") {
		t.Errorf("page:\n%s", page)
	}
	if _, err := w.wait(f); !errors.Is(err, ErrTimedOut) {
		t.Errorf("ended with %v", err)
	}
	w.nothingSent()
}

func TestTheTenMinutesEndWhenSomebodyAnswers(t *testing.T) {
	w := newFlowWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.on("/token", func(rw http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		says(200, `{"access_token":"at-1"}`)(rw, r)
	})
	f := w.begin(AuthorizeOptions{})
	visit(t, "GET", redirect(t, f, "code", "c-1"))
	<-arrived
	w.time.advance(FlowTimeout)
	close(release)
	if _, err := w.wait(f); err != nil {
		t.Errorf("an answer in time ended with %v", err)
	}
}

func TestErrorsInTheBrowserTable(t *testing.T) {
	for _, test := range []struct {
		code, page string
		denied     bool
		class      Class
	}{
		{"access_denied", "Access was denied", true, 0},
		{"user_cancelled_login", "Access was denied", true, 0},
		{"user_cancelled_authorize", "Access was denied", true, 0},
		{"temporarily_unavailable", "in trouble", false, Transient},
		{"server_error", "in trouble", false, Transient},
		{"invalid_scope", "scopes", false, Misconfigured},
		{"unauthorized_client", "unauthorized_client", false, Misconfigured},
		{"redirect_uri_mismatch", "redirect_uri_mismatch", false, Misconfigured},
		{"<script>alert(1)</script>", "scriptalert1script", false, Misconfigured},
	} {
		t.Run(test.code, func(t *testing.T) {
			w := newFlowWorld(t)
			f := w.begin(AuthorizeOptions{})
			_, page := browse(t, redirect(t, f, "error", test.code, "error_description", "<b>SPOKEN</b>", "error_uri", "https://SPOKEN.example"))
			_, err := w.wait(f)
			var failure *Failure
			if test.denied != errors.Is(err, ErrDenied) || !test.denied && (!errors.As(err, &failure) || failure.Class != test.class) {
				t.Errorf("ended with %v", err)
			}
			if !strings.Contains(page, test.page) || strings.Contains(page, "SPOKEN") || strings.Contains(page, "<script") {
				t.Errorf("page:\n%s", page)
			}
			w.nothingSent()
		})
	}
}

// A mixed-up answer costs the flow, and nothing is sent anywhere.
func TestNothingIsSentWhenTheAnswerIsOfAnotherIssuer(t *testing.T) {
	for _, test := range []struct {
		name      string
		announced bool
		params    []string
		refused   bool
	}{
		{"another issuer", false, []string{"code", "c", "iss", "https://evil.example"}, true},
		{"another issuer, announced", true, []string{"code", "c", "iss", "https://evil.example"}, true},
		{"another issuer on an error", false, []string{"error", "access_denied", "iss", "https://evil.example"}, true},
		{"empty issuer", false, []string{"code", "c", "iss", ""}, true},
		{"none, though announced", true, []string{"code", "c"}, true},
		{"none on an error, though announced", true, []string{"error", "access_denied"}, true},
		{"none, not announced", false, []string{"code", "c"}, false},
		{"its own", false, []string{"code", "c", "iss", "OWN"}, false},
		{"its own, announced", true, []string{"code", "c", "iss", "OWN"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newFlowWorld(t)
			w.entry.Issuer = w.server.URL
			w.on("/.well-known/oauth-authorization-server", says(200, compactJSON(t, map[string]any{
				"issuer": w.server.URL, "token_endpoint": w.entry.Token, "authorization_endpoint": w.entry.Authorize,
				"authorization_response_iss_parameter_supported": test.announced,
			})))
			for i := range test.params {
				test.params[i] = strings.Replace(test.params[i], "OWN", w.server.URL, 1)
			}
			f := w.begin(AuthorizeOptions{})
			browse(t, redirect(t, f, test.params...))
			_, err := w.wait(f)
			var failure *Failure
			refused := errors.As(err, &failure) && failure.Code == "wrong_issuer"
			if refused != test.refused {
				t.Errorf("ended with %v", err)
			}
			if test.refused {
				w.nothingSent()
				if n := len(w.sent("/me")); n != 0 {
					t.Errorf("%d requests elsewhere", n)
				}
			}
		})
	}
}

func TestNothingIsSentWhenTheTokenEndpointMovedDuringTheFlow(t *testing.T) {
	w := newFlowWorld(t)
	other := newFlowWorld(t)
	w.entry = Entry{ID: "test", Name: "Testhub", Issuer: w.server.URL, Client: w.entry.Client}
	document := func(token string) http.HandlerFunc {
		return says(200, compactJSON(t, map[string]any{"issuer": w.server.URL, "token_endpoint": token, "authorization_endpoint": w.server.URL + "/authorize"}))
	}
	w.on("/.well-known/oauth-authorization-server", document(w.server.URL+"/token"))
	c := w.client()
	f := w.beginWith(c, AuthorizeOptions{})
	w.on("/.well-known/oauth-authorization-server", document(other.server.URL+"/token"))
	c.discovery.forget()
	browse(t, redirect(t, f, "code", "c-1"))
	if _, err := w.wait(f); !errors.Is(err, ErrBindingChanged) {
		t.Errorf("ended with %v", err)
	}
	w.nothingSent()
	other.nothingSent()
}

func TestTokenEndpointThatRedirectsIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		w := newFlowWorld(t)
		other := newFlowWorld(t)
		w.on("/token", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, other.server.URL+"/token", status)
		})
		f := w.begin(AuthorizeOptions{})
		browse(t, redirect(t, f, "code", "c-1"))
		var failure *Failure
		if _, err := w.wait(f); !errors.As(err, &failure) || failure.Code != "redirect" {
			t.Errorf("%d: ended with %v", status, err)
		}
		other.nothingSent()
	}
}

func TestNotKnowingWhoseTokenItIsCostsNothing(t *testing.T) {
	w := newFlowWorld(t)
	w.on("/me", says(500, "<html>"))
	f := w.begin(AuthorizeOptions{})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	r, err := w.wait(f)
	if err != nil || r.Account != (Account{}) || r.Answer.AccessToken != "at-1" || !strings.Contains(page, "connected to Testhub.") {
		t.Errorf("%+v, %v\n%s", r, err, page)
	}
}

func TestAHostileAccountNameIsShownAsText(t *testing.T) {
	w := newFlowWorld(t)
	w.on("/me", says(200, compactJSON(t, map[string]any{"id": 1, "login": "<img src=x onerror=alert(1)>\u202e\n" + strings.Repeat("long", 500)})))
	f := w.begin(AuthorizeOptions{})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	if strings.Contains(page, "<img") || strings.Contains(page, "\u202e") || len(page) > 8000 || !strings.Contains(page, "&lt;img src=x") {
		t.Errorf("page:\n%s", page)
	}
}

func TestTheOwnerMayRefuseTheTokensAndThePageSaysSo(t *testing.T) {
	w := newFlowWorld(t)
	other := errors.New("You signed in as ada, but this connection was bob's.")
	f := w.begin(AuthorizeOptions{Accept: func(_ context.Context, r Result) error {
		if r.Account.Label != "ada" || r.Answer.AccessToken != "at-1" {
			t.Errorf("asked about %+v", r)
		}
		return other
	}})
	_, page := browse(t, redirect(t, f, "code", "c-1"))
	if r, err := w.wait(f); err != other || r.Answer.AccessToken != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if !strings.Contains(page, "You signed in as ada") || strings.Contains(page, "Connected") {
		t.Errorf("page:\n%s", page)
	}
}

func TestCancelEndsAFlowThatWaitsOrExchanges(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	f.Cancel()
	f.Cancel()
	if _, err := w.wait(f); err != ErrCanceled {
		t.Errorf("ended with %v", err)
	}
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Canceled") {
		t.Errorf("page:\n%s", page)
	}
	w.nothingSent()

	arrived := make(chan struct{})
	w.on("/token", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	g := w.begin(AuthorizeOptions{})
	visit(t, "GET", redirect(t, g, "code", "c-2"))
	<-arrived
	g.Cancel()
	if _, err := w.wait(g); err != ErrCanceled {
		t.Errorf("ended with %v", err)
	}
}

func TestAFlowOutlivesTheContextThatStartedIt(t *testing.T) {
	w := newFlowWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	f, err := w.client().Authorize(ctx, AuthorizeOptions{Mode: URLOnly, after: w.time.after})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	browse(t, redirect(t, f, "code", "c-1"))
	if _, err := w.wait(f); err != nil {
		t.Error(err)
	}
	f.leave()
}

func TestWhatWouldFailAfterConsentFailsBeforeTheBrowserOpens(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*flowWorld)
		mode   Mode
		code   string
	}{
		{"no client id", func(w *flowWorld) { w.conn.ClientID = "" }, Browser, "no_client_id"},
		{"no client secret", func(w *flowWorld) { w.entry.Client = ClientRules{Auth: "post", Secret: "required"} }, Browser, "no_client_secret"},
		{"no client secret, needed in the browser alone", func(w *flowWorld) { w.entry.Client = ClientRules{Auth: "post", Secret: "web_only"} }, URLOnly, "no_client_secret"},
		{"no sign-in page", func(w *flowWorld) { w.entry.Authorize = "" }, Browser, "no_authorize_url"},
		{"a sign-in page over plain http", func(w *flowWorld) { w.entry.Authorize = "http://op.example/authorize" }, Browser, "authorize_url"},
		{"a sign-in page that is a script", func(w *flowWorld) { w.entry.Authorize = "javascript:alert(1)" }, Browser, "authorize_url"},
		{"https only, with nothing registered", func(w *flowWorld) { w.entry.Redirect = RedirectRules{Host: "https_only"} }, Browser, "redirect_rules"},
		{"no device endpoint", func(w *flowWorld) { w.entry.Device = "" }, Device, "no_device_url"},
		{"nowhere to push", func(w *flowWorld) { w.entry.PARRequired = true }, Browser, "no_par_url"},
	} {
		w := newFlowWorld(t)
		test.change(w)
		var failure *Failure
		if err := w.refusedStart(AuthorizeOptions{Mode: test.mode}); !errors.As(err, &failure) || failure.Code != test.code || failure.Class != Misconfigured {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestAnUnknownModeIsRefused(t *testing.T) {
	w := newFlowWorld(t)
	if err := w.refusedStart(AuthorizeOptions{Mode: "telepathy"}); !strings.Contains(err.Error(), "telepathy") {
		t.Error(err)
	}
}
