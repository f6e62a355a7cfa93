package providers

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/refusal"
)

// met is what came of a refresh: the lifetime of the new token, or what went wrong.
func met(a Answer, err error) string {
	f, failed := err.(*refusal.Failure)
	switch {
	case err != nil && !failed:
		return err.Error()
	case failed && f.Proof:
		return f.Class.String() + " " + f.Code + ", lost for sure"
	case failed && f.Lost:
		return f.Class.String() + " " + f.Code + ", lost"
	case failed:
		return f.Class.String() + " " + f.Code
	case a.Never:
		return a.AccessToken + " for ever"
	}
	return a.AccessToken + " for " + a.ExpiresIn.String()
}

// refreshUnder is a refresh that comes to what is wanted; one that wants its
// deadline is cut off soon.
func refreshUnder(t *testing.T, c *Client, want string) string {
	t.Helper()
	patience := 3 * time.Minute
	if strings.Contains(want, "timeout") {
		patience = 2 * time.Second // in which the request has been sent
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return met(c.Refresh(ctx, RefreshRequest{RefreshToken: "old", Binding: bindingOf(t, c)}))
}

// Every fault that the kit has, and what it comes to.
func TestWhatEveryFaultComesTo(t *testing.T) {
	const hour = "new-access for 1h0m0s"
	for _, tt := range []struct {
		fault faultkit.Fault
		want  string
	}{
		{faultkit.Pass(), hour},
		{faultkit.Replay(), hour},
		{faultkit.Status(408), "transient not_oauth"},
		{faultkit.Status(425), "transient not_oauth"},
		{faultkit.Status(500), "transient not_oauth"},
		{faultkit.Status(502), "transient not_oauth, lost"},
		{faultkit.Status(503), "transient not_oauth"},
		{faultkit.Status(504), "transient not_oauth, lost"},
		{faultkit.TooManyRequests(time.Second), "transient not_oauth"},
		{faultkit.TooManyRequestsUntil(time.Second), "transient not_oauth"},
		{faultkit.HTML(), "transient not_oauth, lost"},
		{faultkit.Empty(), "transient not_oauth, lost"},
		{faultkit.Firewall(), "transient not_oauth"},
		{faultkit.FirewallJSON(), "transient not_oauth"},
		{faultkit.Reply("a refusal without a body", 400, "", ""), "suspect no_code"},
		{faultkit.Reply("a 401 without a body", 401, "", ""), "suspect no_code"},
		{faultkit.Reply("a page that is not there", 404, "text/html", "<html>"), "misconfigured not_oauth"},
		{faultkit.Redirect(301, "http://127.0.0.1:9/token"), "transient redirect"},
		{faultkit.Redirect(302, "http://127.0.0.1:9/token"), "transient redirect"},
		{faultkit.Redirect(303, "http://127.0.0.1:9/token"), "transient redirect"},
		{faultkit.Redirect(307, "http://127.0.0.1:9/token"), "transient redirect"},
		{faultkit.Redirect(308, "http://127.0.0.1:9/token"), "transient redirect"},

		{faultkit.OAuthError(`"invalid_grant"`), "dead invalid_grant"},
		{faultkit.OAuthError(`["invalid_grant"]`), "suspect no_code"},
		{faultkit.OAuthError(`{"code":"invalid_grant"}`), "suspect no_code"},
		{faultkit.OAuthError(`"invalid_client"`), "misconfigured invalid_client"},
		{faultkit.OAuthError(`"temporarily_unavailable"`), "transient temporarily_unavailable"},
		{faultkit.OAuthError(`"rate_limit_exceeded"`), "suspect rate_limit_exceeded"},
		{faultkit.OAuthError(`"what_is_this"`), "suspect what_is_this"},
		{faultkit.OAuthError(`"<b>\u001b[31m"`), "suspect b31m"},
		{faultkit.OAuthError(`"` + strings.Repeat("a", 500) + `"`), "suspect " + strings.Repeat("a", 64)},
		{faultkit.OAuthError(`true`), "suspect no_code"},
		{faultkit.OAuthError(`190`), "suspect 190"},
		{faultkit.OAuthError(`{"code":190}`), "suspect no_code"},
		{faultkit.OAuthError(`400`), "suspect 400"},
		{faultkit.OAuthError(`"Bad Request"`), "suspect bad_request"},
		{faultkit.OAuthError(`null`), "suspect no_code"},
		{faultkit.OAuthError(`false`), "suspect no_code"},
		{faultkit.OAuthError(`""`), "suspect no_code"},

		{faultkit.AsText(), hour},
		{faultkit.WithBOM(), hour},
		{faultkit.ClockSkew(-time.Hour), hour},
		{faultkit.ClockSkew(time.Hour), hour},
		{faultkit.ExpiresIn(`"60"`), "new-access for 1m0s"},
		{faultkit.ExpiresIn(`60.0`), "new-access for 1m0s"},
		{faultkit.ExpiresIn(`60.5`), "new-access for 1m0.5s"},
		{faultkit.ExpiresIn(`1e30`), "new-access for " + catalog.MaxLifetime.String()},
		{faultkit.ExpiresIn(``), "new-access for ever"},
		{faultkit.ExpiresIn(`null`), "new-access for ever"},
		{faultkit.ExpiresIn(`-1`), "new-access for 0s"},
		{faultkit.ExpiresIn(`0`), "new-access for 0s"},
		{faultkit.ExpiresIn(`1e-10`), hour},
		{faultkit.ExpiresIn(`"3600s"`), hour},
		{faultkit.ExpiresIn(`{}`), hour},
		{faultkit.Member("no refresh token", "refresh_token", "false"), hour},
		{faultkit.Member("no access token", "access_token", ""), "transient not_oauth, lost"},
		{faultkit.Member("an access token that is none", "access_token", "true"), "transient not_oauth, lost"},

		{faultkit.Padded(MaxBody), hour},
		{faultkit.Padded(MaxBody + 1), "transient too_large, lost"},
		{faultkit.Endless(), "transient too_large, lost"},
		{faultkit.Truncated(), "transient not_oauth, lost"},
		{faultkit.CutShort(), "transient network, lost for sure"},
		{faultkit.ResetBefore(), "transient network, lost for sure"}, // for all that can be told from here
		{faultkit.ResetAfter(), "transient network, lost for sure"},
		{faultkit.DropAnswer(), "transient network, lost for sure"},
		{faultkit.SlowHeaders(time.Millisecond), hour},
		{faultkit.SlowBody(time.Millisecond), hour},
		{faultkit.SlowHeaders(time.Hour), "transient timeout, lost"},
		{faultkit.SlowBody(time.Hour), "transient timeout, lost"},
		{faultkit.Hold(nil, nil), "transient timeout, lost"},
		{faultkit.HoldBefore(nil, nil), "transient timeout, lost"},
	} {
		t.Run(tt.fault.Name, func(t *testing.T) {
			t.Parallel()
			kit := faultkit.New(faultkit.Options{})
			srv := httptest.NewServer(kit.Wrap(answers(200, goodAnswer)))
			kit.Script(tt.fault)
			c := testClient(t, testEntry(srv.URL))
			if got := refreshUnder(t, c, tt.want); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if got := refreshUnder(t, c, hour); got != hour {
				t.Errorf("the next refresh: %s", got)
			}
			if n := kit.Matched(); n != 2 {
				t.Errorf("%d requests", n)
			}
			srv.CloseClientConnections()
			srv.Close()
		})
	}
}

// A refusal whose body broke off is none without a body, and a page too large to
// read says nothing.
func TestARefusalThatCannotBeReadIsNotSuspect(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut off before the body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "30")
			w.WriteHeader(http.StatusBadRequest)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"too large": answers(http.StatusBadRequest, strings.Repeat("x", MaxBody+1)),
	} {
		t.Run(name, func(t *testing.T) {
			c := testClient(t, testEntry(newRecord(t, answer).URL))
			if got := refreshUnder(t, c, ""); !strings.HasPrefix(got, "transient") {
				t.Error(got)
			}
		})
	}
}

// The address that the request was sent from goes while the provider is silent.
func TestAnAddressThatGoesEndsTheWaitAtOnce(t *testing.T) {
	asked, over := make(chan struct{}), make(chan struct{})
	p := newRecord(t, func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-over
	})
	defer close(over)
	c := testClient(t, testEntry(p.URL))
	looks := 0 // by one goroutine
	c.interfaceAddrs = func() ([]net.Addr, error) {
		if looks++; looks > 2 {
			<-asked
			return nil, nil
		}
		return net.InterfaceAddrs()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := c.Refresh(ctx, RefreshRequest{RefreshToken: "old", Binding: bindingOf(t, c)})
	if f := failureOf(t, err); f.Code != "network" || !f.Lost || !f.Proof || !strings.Contains(f.Detail, "network changed") {
		t.Errorf("%+v", f)
	}
}

// A handshake that fails has sent nothing, so nothing can be lost.
func TestWhatEveryFaultOfAHandshakeComesTo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shown faultkit.Certificate
		conn  faultkit.Conn
		want  string
	}{
		{"a good one", faultkit.Good, nil, "new-access for 1h0m0s"},
		{"a certificate that has expired", faultkit.Expired, nil, "transient tls"},
		{"a certificate for another host", faultkit.WrongName, nil, "transient tls"},
		{"a certificate of nobody known", faultkit.Untrusted, nil, "transient tls"},
		{"a reset", faultkit.Good, faultkit.ConnReset, "transient network"},
		{"a closed door", faultkit.Good, faultkit.ConnClose, "transient network"},
		{"not TLS at all", faultkit.Good, faultkit.ConnGarbage, "transient tls"},
		{"hung up after the hello", faultkit.Good, faultkit.ConnAbort, "transient network"},
		{"silence", faultkit.Good, faultkit.ConnSilent, "transient timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kit := faultkit.New(faultkit.Options{})
			front := kit.StartTLS(t, kit.Wrap(answers(200, goodAnswer)))
			front.Show(tt.shown)
			kit.ScriptConns(tt.conn)
			c := testClient(t, testEntry(front.URL), func(c *catalog.Connection, _ *ClientOptions) { c.CAFile = front.CAFile })
			if got := refreshUnder(t, c, tt.want); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if n := kit.Matched(); n != map[bool]int{true: 1}[strings.HasPrefix(tt.want, "new")] {
				t.Errorf("%d requests", n)
			}
			front.Show(faultkit.Good)
			if got := refreshUnder(t, c, ""); !strings.HasPrefix(got, "new") {
				t.Errorf("the next refresh: %s", got)
			}
		})
	}
}

// Random runs use the catalogue, and must not kill the grant by chance.
func TestNoFaultOfTheCatalogueSpeaksOfTheGrant(t *testing.T) {
	for _, f := range faultkit.Catalogue(time.Millisecond) {
		kit := faultkit.New(faultkit.Options{})
		srv := httptest.NewServer(kit.Wrap(answers(200, goodAnswer)))
		kit.Script(f)
		got := refreshUnder(t, testClient(t, testEntry(srv.URL)), "")
		if bad := strings.HasPrefix(got, "transient"); !bad && !strings.HasPrefix(got, "new") || f.Loses && !strings.Contains(got, "lost") {
			t.Errorf("%s: %s", f.Name, got)
		}
		srv.CloseClientConnections()
		srv.Close()
	}
}
