package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestConnectAsksAboutASignInPageOnAnotherHost(t *testing.T) {
	w := newWorld(t, nil)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"issuer":%[1]q,"token_endpoint":"%[1]s/token","authorization_endpoint":%[2]q}`, s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1)+"/authorize")
	}))
	t.Cleanup(s.Close)
	page, sends := strings.Replace(s.Listener.Addr().String(), "127.0.0.1", "localhost", 1), s.Listener.Addr().String()
	w.put("work", map[string]any{"provider": "oidc", "client_id": "c", "vars": map[string]any{"issuer": s.URL}})

	exit, _, errs := w.command("connect", "work", "--no-browser")
	if exit != exitFailed || !strings.Contains(errs, page) || !strings.Contains(errs, sends) || !strings.Contains(errs, "authtray connect work --accept-host "+page) {
		t.Errorf("without a terminal: exit %d, %s", exit, errs)
	}
	p := w.at("connect", "work", "--no-browser")
	p.sees(page)
	p.sees(sends)
	p.answers("Go on? [y/N] ", "")
	p.sees("work is not connected, and its sign-in page was not opened")
	p.ends(exitFailed)

	p = w.at("connect", "work", "--no-browser", "--timeout", "1s")
	p.answers("Go on? [y/N] ", "y")
	p.sees("http://" + page + "/authorize?")
	p.ends(exitFailed) // nobody signs in
}

// The provider shows an error page where the redirect URI is not the one that is
// registered, and never sends the browser back: the time-out says what to check.
func TestTimeOutOfASignInSaysWhatToCheck(t *testing.T) {
	w := newWorld(t, nil)
	w.types("authtray add work --provider oidc --client-id authtray --issuer " + companyServer + " --set redirect.path=/elsewhere")
	const advice = "if the provider showed an error page, see that the app's settings there have the redirect URI http://127.0.0.1"
	var errs string
	// A slow machine may need more than a second to have the page's address.
	for wait := 1; wait <= 32 && !strings.Contains(errs, advice); wait *= 2 {
		var exit int
		if exit, _, errs = w.command("connect", "work", "--timeout", fmt.Sprint(wait, "s")); exit == 0 {
			t.Fatal("it connected")
		}
	}
	_, rest, said := strings.Cut(errs, advice)
	if !said || !strings.Contains(rest, "/elsewhere (many take any port), and that the client id is right, or correct it: authtray add work --client-id ID; where it takes only the exact URI: authtray add work --set redirect.port=fixed; then once more: authtray connect work") {
		t.Error(errs)
	}
}
