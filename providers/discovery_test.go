package providers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// issuerAt is a server with a discovery document at one path. change may alter
// the document before it is sent.
func issuerAt(t *testing.T, place, issuerPath string, change func(map[string]any)) (*record, catalog.Entry) {
	t.Helper()
	var r *record
	r = newRecord(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != place {
			http.NotFound(w, req)
			return
		}
		doc := map[string]any{
			"issuer": r.URL + issuerPath, "authorization_endpoint": r.URL + "/a", "token_endpoint": r.URL + "/t",
			"revocation_endpoint": r.URL + "/r", "userinfo_endpoint": r.URL + "/u", "device_authorization_endpoint": r.URL + "/d",
			"pushed_authorization_request_endpoint": r.URL + "/p", "registration_endpoint": r.URL + "/g",
			"authorization_response_iss_parameter_supported": true, "scopes_supported": []string{"openid"},
		}
		if change != nil {
			change(doc)
		}
		_ = json.NewEncoder(w).Encode(doc)
	})
	return r, catalog.Entry{ID: "acme", Name: "Acme", Issuer: r.URL + issuerPath, Client: catalog.ClientRules{Auth: "none", Secret: "none"}}
}

func TestADiscoveryDocumentIsFoundWhereverItMayBe(t *testing.T) {
	for _, tt := range []struct{ issuer, place string }{
		{"", "/.well-known/oauth-authorization-server"},
		{"", "/.well-known/openid-configuration"},
		{"/", "/.well-known/openid-configuration"},
		{"/realms/x", "/.well-known/oauth-authorization-server/realms/x"},
		{"/realms/x", "/.well-known/openid-configuration/realms/x"},
		{"/realms/x", "/realms/x/.well-known/openid-configuration"},
	} {
		r, e := issuerAt(t, tt.place, tt.issuer, nil)
		ep, err := testClient(t, e).endpoints(t.Context())
		want := endpoints{Issuer: e.Issuer, Authorize: r.URL + "/a", Token: r.URL + "/t", Refresh: r.URL + "/t", Device: r.URL + "/d",
			Registration: r.URL + "/g", PAR: r.URL + "/p", Revoke: r.URL + "/r", Userinfo: r.URL + "/u"}
		if err != nil || ep.Token != want.Token || ep.Refresh != want.Refresh || ep.Authorize != want.Authorize || ep.Device != want.Device ||
			ep.PAR != want.PAR || ep.Registration != want.Registration || ep.Revoke != want.Revoke || ep.Userinfo != want.Userinfo || !ep.IssParamSupported {
			t.Errorf("%s at %s: %v %+v", tt.issuer, tt.place, err, ep)
		}
	}
}

const configuration = "/.well-known/openid-configuration"

func TestTheEntryOverridesDiscovery(t *testing.T) {
	r, e := issuerAt(t, configuration, "", nil)
	e.Token, e.Refresh, e.Revoke.URL = r.URL+"/own", r.URL+"/own-refresh", r.URL+"/own-revoke"
	ep, err := testClient(t, e).endpoints(t.Context())
	if err != nil || ep.Token != e.Token || ep.Refresh != e.Refresh || ep.Revoke != e.Revoke.URL || ep.Authorize != r.URL+"/a" {
		t.Errorf("%v %+v", err, ep)
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	set := func(name string, value any) func(map[string]any) { return func(m map[string]any) { m[name] = value } }
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		code   string
	}{
		{"of another issuer", set("issuer", "https://evil.example"), "issuer_mismatch"},
		{"of no issuer", set("issuer", nil), "no_metadata"},
		{"plain http", set("token_endpoint", "http://acme.example/t"), "bad_metadata"},
		{"http to a name", set("token_endpoint", "http://localhost.example/t"), "bad_metadata"},
		{"password in a URL", set("authorization_endpoint", "https://u:p@acme.example/"), "bad_metadata"},
		{"no URL", set("userinfo_endpoint", "::"), "bad_metadata"},
		{"a script", set("authorization_endpoint", "javascript:alert(1)"), "bad_metadata"},
		{"too large", set("filler", strings.Repeat("x", MaxBody)), "too_large"},
	} {
		_, e := issuerAt(t, configuration, "", tt.change)
		c := testClient(t, e)
		_, err := c.endpoints(t.Context())
		if f := failureOf(t, err); f.Code != tt.code {
			t.Errorf("%s: %+v", tt.name, f)
		}
		if _, err := c.Binding(t.Context()); err == nil {
			t.Errorf("%s: bound all the same", tt.name)
		}
	}
}

func TestOddMembersOfADocumentCostNoOther(t *testing.T) {
	r, e := issuerAt(t, configuration, "", func(m map[string]any) {
		m["scopes_supported"], m["device_authorization_endpoint"], m["token_endpoint_auth_methods_supported"] = "openid", map[string]any{}, []any{1, nil, "none"}
	})
	ep, err := testClient(t, e).endpoints(t.Context())
	if err != nil || ep.Token != r.URL+"/t" || ep.Device != "" || ep.ScopesSupported != nil {
		t.Errorf("%v %+v", err, ep)
	}
}

func TestAPublicIssuerMustNotSendUsToPrivateAddresses(t *testing.T) {
	c := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: "https://192.0.2.1"})
	for _, raw := range []string{"https://127.0.0.1/t", "https://10.1.2.3/t", "https://192.168.0.1/t", "https://169.254.169.254/t", "https://[::1]/t",
		"https://[fd00::1]/t", "https://localhost/t", "https://a.localhost/t", "https://0.0.0.0/t", "https://100.64.0.1/t", "https://[::ffff:10.0.0.1]/t", "http://127.0.0.1/t"} {
		if c.learnable(t.Context(), c.entry.Issuer, "token_endpoint", raw) == nil {
			t.Errorf("%s taken", raw)
		}
	}
	if f := c.learnable(t.Context(), c.entry.Issuer, "token_endpoint", "https://192.0.2.7/t"); f != nil {
		t.Errorf("a public address refused: %v", f)
	}
	private := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: "https://10.0.0.1"})
	if f := private.learnable(t.Context(), private.entry.Issuer, "token_endpoint", "https://10.0.0.2/t"); f != nil {
		t.Errorf("an issuer on a private network: %v", f)
	}
	if private.learnable(t.Context(), private.entry.Issuer, "token_endpoint", "http://127.0.0.1/t") == nil {
		t.Error("plain http learned from an issuer that is not loopback")
	}
}

func TestDiscoveryIsAskedOnceAnHour(t *testing.T) {
	now := testNow
	r, e := issuerAt(t, "/.well-known/oauth-authorization-server", "", nil)
	c := testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Now = func() time.Time { return now } })
	for range 3 {
		if _, err := c.endpoints(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	now = now.Add(discoveryTTL + time.Second)
	if _, err := c.endpoints(t.Context()); err != nil || len(r.requests()) != 2 {
		t.Errorf("%v, %d requests", err, len(r.requests()))
	}
	now = now.Add(discoveryTTL + time.Second)
	r.Close()
	if ep, err := c.endpoints(t.Context()); err != nil || ep.Token == "" {
		t.Errorf("a document once read is given up while the server is away: %v", err)
	}
}

func TestARefreshNeedsNoDiscoveryWhereTheEntrySaysAll(t *testing.T) {
	p := newRecord(t, answers(200, goodAnswer))
	gone := httptest.NewServer(nil)
	gone.Close()
	e := testEntry(p.URL)
	e.Issuer, e.Revoke.URL = gone.URL, p.URL+"/revoke"
	c := testClient(t, e)
	if _, err := refreshWith(t, c); err != nil {
		t.Error(err)
	}
	if ep, err := c.endpoints(t.Context()); err != nil || ep.Authorize != e.Authorize {
		t.Errorf("connecting: %v", err)
	}
}

func TestWhyThereIsNoDocument(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		class  refusal.Class
		code   string
	}{
		{"nothing there", http.NotFound, refusal.Misconfigured, "no_metadata"},
		{"HTML", answers(200, "<html>"), refusal.Transient, "no_metadata"},
		{"a firewall's page", answers(403, "<html>"), refusal.Transient, "no_metadata"},
		{"other JSON", answers(200, "{}"), refusal.Misconfigured, "no_metadata"},
		{"trouble", answers(503, ""), refusal.Transient, "not_oauth"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example", http.StatusFound)
		}, refusal.Transient, "no_metadata"},
	} {
		p := newRecord(t, tt.answer)
		_, err := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: p.URL}).endpoints(t.Context())
		if f := failureOf(t, err); f.Class != tt.class || f.Code != tt.code {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
	p := newRecord(t, nil)
	p.Close()
	_, err := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: p.URL}).endpoints(t.Context())
	if f := failureOf(t, err); f.Class != refusal.Transient || f.Code != "network" {
		t.Errorf("%+v", f)
	}
}

func TestADocumentWithASlashBehindItIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, to string
		found    bool
	}{
		{"the same address", "/.well-known/openid-configuration/", true},
		{"another path", "/document", false},
		{"another host", "//elsewhere.example/.well-known/openid-configuration/", false},
		{"another parameter", "/.well-known/openid-configuration/?a=b", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mux := http.NewServeMux()
			p := httptest.NewServer(mux)
			t.Cleanup(p.Close)
			document := answers(200, metadata(p.URL))
			for _, path := range []string{"/.well-known/openid-configuration/", "/document"} {
				mux.HandleFunc(path, document)
			}
			mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, tt.to, http.StatusMovedPermanently)
			})
			ep, err := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: p.URL}).endpoints(t.Context())
			if (err == nil && ep.Token != "") != tt.found {
				t.Errorf("%+v, %v", ep, err)
			}
		})
	}
	p := newRecord(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "//") {
			t.Error("one slash more and more is followed")
		}
		w.Header().Set("Location", r.URL.Path+"/")
		w.WriteHeader(http.StatusFound)
	})
	if _, err := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: p.URL}).endpoints(t.Context()); err == nil {
		t.Error("slashes without end lead somewhere")
	}
}

func TestAnEndpointThatMovedIsLookedUpAgainAndNothingIsSentToAnotherOrigin(t *testing.T) {
	elsewhere := newRecord(t, answers(200, goodAnswer))
	moved := false
	r, e := issuerAt(t, configuration, "", func(m map[string]any) {
		if moved {
			m["token_endpoint"] = elsewhere.URL + "/t"
		}
	})
	c := testClient(t, e)
	binding := bindingOf(t, c)
	moved = true
	request := RefreshRequest{RefreshToken: "r", Binding: binding}
	_, err := c.Refresh(t.Context(), request) // r has no token endpoint: 404
	if f := failureOf(t, err); f.Class != refusal.Misconfigured || f.Status != 404 {
		t.Errorf("%+v", f)
	}
	if _, err := c.Refresh(t.Context(), request); !errors.Is(err, refusal.ErrBindingChanged) {
		t.Errorf("%v", err)
	}
	if n := len(elsewhere.requests()); n != 0 {
		t.Errorf("%d requests arrived elsewhere", n)
	}
	_ = r
}

func TestIssuersAreComparedExactlyUnlessTheEntrySaysTemplate(t *testing.T) {
	common := "https://login.microsoftonline.com/common/v2.0"
	for _, tt := range []struct {
		rule, asked, said string
		want              bool
	}{
		{"", "https://a.example", "https://a.example", true},
		{"", "https://a.example", "https://a.example/", false},
		{"", "https://a.example", "https://A.example", false},
		{"template", common, common, true},
		{"template", common, "https://login.microsoftonline.com/{tenantid}/v2.0", true},
		{"template", common, "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true},
		{"template", common, "https://evil.example/common/v2.0", false},
		{"template", common, "http://login.microsoftonline.com/common/v2.0", false},
		{"template", common, "https://login.microsoftonline.com/a/b/v2.0", false},
		{"template", common, "https://login.microsoftonline.com/x/v1.0", false},
		{"template", common, "https://login.microsoftonline.com//v2.0", false},
		{"template", common, "", false},
	} {
		if issuerMatches(tt.rule, tt.asked, tt.said) != tt.want {
			t.Errorf("%+v", tt)
		}
	}
}

func TestOfflineAccessIsAskedForWhereItIsKnown(t *testing.T) {
	for want, supported := range map[string]any{
		"openid":                []string{"openid"},
		"openid offline_access": []string{"openid", "offline_access"},
	} {
		_, e := issuerAt(t, configuration, "", func(m map[string]any) { m["scopes_supported"] = supported })
		e.AuthorizeOpts = catalog.AuthorizeRules{Scopes: []string{"openid"}, ScopesForRefresh: []string{"offline_access"}}
		c := testClient(t, e)
		if _, err := c.endpoints(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.scopes(nil), " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestABindingDoesNotChangeWithTheWeather(t *testing.T) {
	up := true
	r, e := issuerAt(t, configuration, "", nil)
	plain := r.answer
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		if up {
			plain(w, req)
			return
		}
		answers(403, "<html>blocked")(w, req)
	}
	explicit := e.Clone()
	explicit.Token, explicit.Authorize = r.URL+"/t", r.URL+"/a"
	for name, entry := range map[string]catalog.Entry{"discovered": e, "named by the entry": explicit} {
		up = true
		before := bindingOf(t, testClient(t, entry))
		up = false
		after, err := testClient(t, entry).Binding(t.Context())
		if err == nil && !reflect.DeepEqual(before, after) {
			t.Errorf("%s: %v became %v", name, before, after)
		}
	}
}

func TestReachSendsNothingThatIsOurs(t *testing.T) {
	var got *http.Request
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Date", "Mon, 23 Nov 2026 12:00:00 GMT")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}))
	defer there.Close()
	entry := catalog.Entry{ID: "p", Name: "P", Token: there.URL + "/token"}
	c, err := newClient(&entry, catalog.Connection{ClientID: "the-client"}, ClientOptions{
		Secret: func(context.Context) (string, error) { t.Error("the secret was asked for"); return "s", nil }})
	if err != nil {
		t.Fatal(err)
	}
	reached, err := c.Reach(t.Context())
	if err != nil || reached.Origin != there.URL || !reached.Date.Equal(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %v", reached, err)
	}
	if got.Method != http.MethodHead || got.URL.String() != "/token" || got.Header.Get("Authorization") != "" || got.ContentLength != 0 {
		t.Errorf("sent %s %s %v", got.Method, got.URL, got.Header)
	}
	there.Close()
	if _, err := c.Reach(t.Context()); err == nil {
		t.Error("nobody was there")
	}
}

// Everybody needs the same document, so one discovery serves all, and nobody
// waits for it longer than they said.
func TestDiscoveryIsSharedAndObeysEachContext(t *testing.T) {
	release, asked := make(chan struct{}), make(chan struct{}, 8)
	answer := sync.OnceFunc(func() { close(release) })
	defer answer()
	r, e := issuerAt(t, configuration, "", nil)
	plain := r.answer
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		asked <- struct{}{}
		<-release
		plain(w, req)
	}
	c := testClient(t, e)
	type outcome struct {
		ep  endpoints
		err error
	}
	discover := func(ctx context.Context) chan outcome {
		came := make(chan outcome, 1)
		go func() {
			ep, err := c.endpoints(ctx)
			came <- outcome{ep, err}
		}()
		return came
	}
	await := func(what string, came chan outcome) outcome {
		t.Helper()
		select {
		case o := <-came:
			return o
		case <-time.After(20 * time.Second):
			t.Fatalf("%s still waits", what)
		}
		panic("unreachable")
	}

	first, leave := context.WithCancel(t.Context())
	began := discover(first)
	<-asked
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if o := await("a caller with 200 ms", discover(short)); failureOf(t, o.err).Code != "timeout" {
		t.Errorf("%v", o.err)
	}
	patient := discover(t.Context())
	leave()
	if o := await("the caller who began it and left", began); failureOf(t, o.err).Code != "canceled" {
		t.Errorf("%v", o.err)
	}
	answer()
	if o := await("a patient caller", patient); o.err != nil || o.ep.Token != r.URL+"/t" {
		t.Errorf("%v %+v", o.err, o.ep)
	}
	if n := len(r.requests()); n > 2 { // the two places of a document
		t.Errorf("%d requests", n)
	}
}
