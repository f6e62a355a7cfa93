package providers

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

const pending = `{"error":"authorization_pending"}`

// deviceWorld offers codes that live for a minute and are polled every 5 s.
func deviceWorld(t *testing.T, polls ...http.HandlerFunc) *flowWorld {
	w := newFlowWorld(t)
	w.on("/device", says(200, `{"device_code":"dc","user_code":"WDJB-MJHT","verification_uri":"https://op.example/device",
		"verification_uri_complete":"https://op.example/device?user_code=WDJB-MJHT","expires_in":60,"interval":5}`))
	w.on("/token", inTurn(polls...))
	return w
}

// dropped is a network that loses the answer.
func dropped(rw http.ResponseWriter, r *http.Request) {
	conn, _, err := rw.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// step waits until the flow pauses for d, and lets that time pass.
func (w *flowWorld) step(d time.Duration) {
	w.time.await(d)
	w.time.advance(d)
}

func TestDeviceFlowShowsTheCodeAndPollsUntilThePersonIsDone(t *testing.T) {
	w := deviceWorld(t, says(400, pending), says(400, pending), says(200, `{"access_token":"at-1","refresh_token":"rt-1"}`))
	w.entry.AuthorizeOpts = catalog.AuthorizeRules{Scopes: []string{"repo"}, ScopesForRefresh: []string{"offline_access"}}
	f := w.begin(AuthorizeOptions{Mode: Device})
	if f.UserCode() != "WDJB-MJHT" || f.URL() != "https://op.example/device?user_code=WDJB-MJHT" || f.RedirectURI() != "" {
		t.Errorf("%q, %q, %q", f.UserCode(), f.URL(), f.RedirectURI())
	}
	if want := w.time.Now().Add(time.Minute); !f.Expires().Equal(want) {
		t.Errorf("expires at %v, want %v", f.Expires(), want)
	}
	w.nothingSent() // RFC 8628: the interval passes before the first poll too
	for range 3 {
		w.step(5 * time.Second)
	}
	r, err := w.wait(f)
	if err != nil || r.Answer.RefreshToken != "rt-1" || r.Account.Label != "ada" || r.Binding.ClientID != "cid" {
		t.Errorf("%+v, %v", r, err)
	}
	if form := w.sent("/device")[0]; form.Get("client_id") != "cid" || form.Get("scope") != "repo offline_access" {
		t.Errorf("device request %v", form)
	}
	for _, form := range w.sent("/token") {
		if form.Get("grant_type") != deviceGrantType || form.Get("device_code") != "dc" || form.Get("client_id") != "cid" {
			t.Errorf("poll %v", form)
		}
	}
}

func TestEveryPollAfterSlowDownComesLater(t *testing.T) {
	w := deviceWorld(t,
		says(400, `{"error":"slow_down"}`), says(400, pending), // 5 s more
		says(200, `{"error":"slow_down","interval":20}`), // as given, inside a 200
		says(400, pending), says(200, `{"access_token":"at-1"}`))
	f := w.begin(AuthorizeOptions{Mode: Device})
	for _, d := range []time.Duration{5, 10, 10} {
		w.step(d * time.Second)
	}
	w.time.await(20 * time.Second)
	w.time.advance(19 * time.Second)
	if n := len(w.sent("/token")); n != 3 {
		t.Errorf("%d polls before the interval had passed", n)
	}
	w.time.advance(time.Second)
	w.time.await(20 * time.Second)
	f.Cancel()
}

func TestDeviceFlowEndings(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
		code   string // of a Failure
	}{
		{"denied", says(400, `{"error":"access_denied"}`), ErrDenied, ""},
		{"denied in Microsoft's words", says(400, `{"error":"authorization_declined"}`), ErrDenied, ""},
		{"denied inside a 200", says(200, `{"error":"access_denied"}`), ErrDenied, ""},
		{"expired", says(400, `{"error":"expired_token"}`), ErrTimedOut, ""},
		{"expired in Microsoft's words", says(400, `{"error":"bad_verification_code"}`), ErrTimedOut, ""},
		{"expired inside a 200", says(200, `{"error":"expired_token"}`), ErrTimedOut, ""},
		{"switched off", says(200, `{"error":"device_flow_disabled"}`), nil, "device_flow_disabled"},
		{"client refused", says(401, `{"error":"invalid_client"}`), nil, "invalid_client"},
		{"form encoded", says(200, `error=access_denied&error_description=no`), ErrDenied, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := deviceWorld(t, says(400, pending), test.answer)
			f := w.begin(AuthorizeOptions{Mode: Device})
			w.step(5 * time.Second)
			w.step(5 * time.Second)
			_, err := w.wait(f)
			var failure *refusal.Failure
			if test.want != nil && !errors.Is(err, test.want) || test.code != "" && (!errors.As(err, &failure) || failure.Code != test.code) {
				t.Errorf("ended with %v", err)
			}
			if n := len(w.sent("/token")); n != 2 {
				t.Errorf("%d polls", n)
			}
		})
	}
}

// The pauses double while nobody answers, and are the provider's again after.
func TestPollingGoesOnThroughBadWeather(t *testing.T) {
	w := deviceWorld(t, dropped, says(503, ``), says(200, `<html>Sign in to this network</html>`), says(400, pending), says(200, `{"access_token":"at-1"}`))
	w.on("/device", says(200, `{"device_code":"dc","user_code":"A","verification_uri":"https://op.example/device","expires_in":600,"interval":5}`))
	f := w.begin(AuthorizeOptions{Mode: Device})
	for _, d := range []time.Duration{5, 10, 20, 30, 5} {
		w.step(d * time.Second)
	}
	if r, err := w.wait(f); err != nil || r.Answer.AccessToken != "at-1" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRetryAfterIsObeyedWhilePolling(t *testing.T) {
	w := deviceWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Retry-After", "40")
		rw.WriteHeader(429)
	}, says(200, `{"access_token":"at-1"}`))
	f := w.begin(AuthorizeOptions{Mode: Device})
	w.step(5 * time.Second)
	w.step(40 * time.Second)
	if _, err := w.wait(f); err != nil {
		t.Error(err)
	}
}

func TestADevicePageThatNeverEndsIsGivenUpWhenItsCodeExpires(t *testing.T) {
	w := deviceWorld(t, says(400, pending))
	f := w.begin(AuthorizeOptions{Mode: Device})
	for range 11 {
		w.step(5 * time.Second)
	}
	w.time.await(5 * time.Second)
	w.time.advance(5 * time.Second)
	_, err := w.wait(f)
	if !errors.Is(err, ErrTimedOut) || strings.Contains(err.Error(), "ten minutes") {
		t.Errorf("ended with %v", err)
	}
	if n := len(w.sent("/token")); n != 11 {
		t.Errorf("%d polls in a code's life of 60 s, every 5 s", n)
	}
}

func TestACodeThatExpiredWhileTheMachineSleptIsNotPolledFor(t *testing.T) {
	w := deviceWorld(t, says(400, pending))
	f := w.begin(AuthorizeOptions{Mode: Device})
	w.time.await(5 * time.Second)
	w.time.sleep(time.Hour)
	w.time.advance(5 * time.Second)
	if _, err := w.wait(f); !errors.Is(err, ErrTimedOut) {
		t.Errorf("ended with %v", err)
	}
	w.nothingSent()
}

func TestCancelingADeviceFlowEndsItsPolling(t *testing.T) {
	w := deviceWorld(t, says(400, pending))
	f := w.begin(AuthorizeOptions{Mode: Device})
	w.time.await(5 * time.Second)
	f.Cancel()
	if _, err := w.wait(f); err != ErrCanceled {
		t.Errorf("ended with %v", err)
	}
	var mistake *PasteError
	if err := f.Paste(t.Context(), "http://127.0.0.1/"); !errors.As(err, &mistake) {
		t.Errorf("paste: %v", err)
	}
	w.nothingSent()
}

func TestADeviceEndpointThatRefusesSaysWhy(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		code   string
		class  refusal.Class
	}{
		{"an error inside a 200", says(200, `{"error":"invalid_scope"}`), "invalid_scope", refusal.Misconfigured},
		{"a client it does not know", says(401, `{"error":"invalid_client"}`), "invalid_client", refusal.Misconfigured},
		{"a web page", says(200, `<html>`), "not_oauth", refusal.Transient},
		{"half an answer", says(200, `{"device_code":"dc"}`), "not_oauth", refusal.Transient},
		{"a page that no browser may open", says(200, `{"device_code":"dc","user_code":"A","verification_uri":"file:///etc/passwd"}`), "not_oauth", refusal.Transient},
		{"a redirect", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/token", http.StatusTemporaryRedirect)
		}, "redirect", refusal.Transient},
	} {
		w := deviceWorld(t, says(400, pending))
		w.on("/device", test.answer)
		var failure *refusal.Failure
		if err := w.refusedStart(AuthorizeOptions{Mode: Device}); !errors.As(err, &failure) || failure.Code != test.code || failure.Class != test.class {
			t.Errorf("%s: %v", test.name, err)
		}
		w.nothingSent()
	}
}
