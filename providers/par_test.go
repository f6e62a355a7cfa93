package providers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/refusal"
)

func TestPARTable(t *testing.T) {
	for _, test := range []struct {
		endpoint string
		required bool
		mode     Mode
		want     bool
	}{
		{"", false, Browser, false},
		{"", false, URLOnly, false},
		{"", true, Browser, true},
		{"https://op/par", true, Browser, true},
		{"https://op/par", true, URLOnly, true},
		{"https://op/par", false, Browser, true},
		{"https://op/par", false, URLOnly, false},
	} {
		if got := usesPAR(endpoints{PAR: test.endpoint, PARRequired: test.required}, test.mode); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestAPushedRequestLeavesOnlyItsHandleInTheBrowser(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.PAR, w.entry.PARRequired = w.server.URL+"/par", true
	w.entry.Authorize += "?theme=dark"
	w.on("/par", says(201, `{"request_uri":"urn:ietf:params:oauth:request_uri:abc","expires_in":60}`))
	f := w.begin(AuthorizeOptions{LoginHint: "ada"})
	want := url.Values{"client_id": {"cid"}, "request_uri": {"urn:ietf:params:oauth:request_uri:abc"}, "theme": {"dark"}}
	if got := asked(t, f); got.Encode() != want.Encode() {
		t.Errorf("the browser is sent with %v", got)
	}
	pushed := w.sent("/par")[0]
	for name, want := range map[string]string{
		"client_id": "cid", "response_type": "code", "redirect_uri": f.RedirectURI(), "login_hint": "ada", "code_challenge_method": "S256",
	} {
		if got := pushed.Get(name); got != want {
			t.Errorf("pushed %s is %q, want %q", name, got, want)
		}
	}
	browse(t, f.RedirectURI()+"?code=c-1&state="+pushed.Get("state"))
	if _, err := w.wait(f); err != nil {
		t.Error(err)
	}
}

func TestAPushThatFailsEndsTheSignInOnlyWhereItIsRequired(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"refused":    says(400, `{"error":"invalid_request"}`),
		"in trouble": says(503, ``),
		"no handle":  says(201, `{}`),
		"a redirect": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		for _, required := range []bool{true, false} {
			w := newFlowWorld(t)
			w.entry.PAR, w.entry.PARRequired = w.server.URL+"/par", required
			w.on("/par", answer)
			if !required {
				if q := asked(t, w.begin(AuthorizeOptions{})); q.Get("response_type") != "code" || q.Has("request_uri") {
					t.Errorf("%s: the browser is sent with %v", name, q)
				}
				continue
			}
			var failure *refusal.Failure
			if err := w.refusedStart(AuthorizeOptions{Mode: Browser}); !errors.As(err, &failure) || !strings.Contains(failure.Detail, "Testhub") {
				t.Errorf("%s: %v", name, err)
			}
			if n := len(w.sent("/elsewhere")); n != 0 {
				t.Errorf("%s: the redirect was followed", name)
			}
		}
	}
}
