package providers

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/connlimit"
	"github.com/authtray/authtray/providers/refusal"
)

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
		{"a header without end", "GET", good, func(r *http.Request) { r.Header.Set("X", strings.Repeat("a", 2*connlimit.MaxHead)) }, 431},
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

func TestErrorsInTheBrowserTable(t *testing.T) {
	for _, test := range []struct {
		code, page string
		denied     bool
		class      refusal.Class
	}{
		{"access_denied", "Access was denied", true, 0},
		{"user_cancelled_login", "Access was denied", true, 0},
		{"user_cancelled_authorize", "Access was denied", true, 0},
		{"temporarily_unavailable", "in trouble", false, refusal.Transient},
		{"server_error", "in trouble", false, refusal.Transient},
		{"invalid_scope", "scopes", false, refusal.Misconfigured},
		{"unauthorized_client", "unauthorized_client", false, refusal.Misconfigured},
		{"redirect_uri_mismatch", "redirect_uri_mismatch", false, refusal.Misconfigured},
		{"<script>alert(1)</script>", "scriptalert1script", false, refusal.Misconfigured},
	} {
		t.Run(test.code, func(t *testing.T) {
			w := newFlowWorld(t)
			f := w.begin(AuthorizeOptions{})
			_, page := browse(t, redirect(t, f, "error", test.code, "error_description", "<b>SPOKEN</b>", "error_uri", "https://SPOKEN.example"))
			_, err := w.wait(f)
			var failure *refusal.Failure
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
		{"none on an error, though announced", true, []string{"error", "access_denied"}, false},
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
			var failure *refusal.Failure
			refused := errors.As(err, &failure) && failure.Code == "wrong_issuer"
			if refused != test.refused {
				t.Errorf("ended with %v", err)
			}
			if slices.Contains(test.params, "error") && !test.refused && err != ErrDenied {
				t.Errorf("who said no reads %v", err)
			}
			if test.refused || slices.Contains(test.params, "error") {
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
	w.entry = catalog.Entry{ID: "test", Name: "Testhub", Issuer: w.server.URL, Client: w.entry.Client}
	document := func(token string) http.HandlerFunc {
		return says(200, compactJSON(t, map[string]any{"issuer": w.server.URL, "token_endpoint": token, "authorization_endpoint": w.server.URL + "/authorize"}))
	}
	w.on("/.well-known/oauth-authorization-server", document(w.server.URL+"/token"))
	c := w.client()
	f := w.beginWith(c, AuthorizeOptions{})
	w.on("/.well-known/oauth-authorization-server", document(other.server.URL+"/token"))
	c.discovery.forget()
	browse(t, redirect(t, f, "code", "c-1"))
	if _, err := w.wait(f); !errors.Is(err, refusal.ErrBindingChanged) {
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
		var failure *refusal.Failure
		if _, err := w.wait(f); !errors.As(err, &failure) || failure.Code != "redirect" {
			t.Errorf("%d: ended with %v", status, err)
		}
		other.nothingSent()
	}
}

func TestWhatWouldFailAfterConsentFailsBeforeTheBrowserOpens(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*flowWorld)
		mode   Mode
		code   string
	}{
		{"no client id", func(w *flowWorld) { w.conn.ClientID = "" }, Browser, "no_client_id"},
		{"no client secret", func(w *flowWorld) { w.entry.Client = catalog.ClientRules{Auth: "post", Secret: "required"} }, Browser, "no_client_secret"},
		{"no client secret, needed in the browser alone", func(w *flowWorld) { w.entry.Client = catalog.ClientRules{Auth: "post", Secret: "web_only"} }, URLOnly, "no_client_secret"},
		{"no sign-in page", func(w *flowWorld) { w.entry.Authorize = "" }, Browser, "no_authorize_url"},
		{"a sign-in page over plain http", func(w *flowWorld) { w.entry.Authorize = "http://op.example/authorize" }, Browser, "authorize_url"},
		{"a sign-in page that is a script", func(w *flowWorld) { w.entry.Authorize = "javascript:alert(1)" }, Browser, "authorize_url"},
		{"https only, with nothing registered", func(w *flowWorld) { w.entry.Redirect = catalog.RedirectRules{Host: "https_only"} }, Browser, "redirect_rules"},
		{"no device endpoint", func(w *flowWorld) { w.entry.Device = "" }, Device, "no_device_url"},
		{"nowhere to push", func(w *flowWorld) { w.entry.PARRequired = true }, Browser, "no_par_url"},
	} {
		w := newFlowWorld(t)
		test.change(w)
		var failure *refusal.Failure
		if err := w.refusedStart(AuthorizeOptions{Mode: test.mode}); !errors.As(err, &failure) || failure.Code != test.code || failure.Class != refusal.Misconfigured {
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
