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
