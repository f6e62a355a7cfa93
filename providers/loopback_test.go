package providers

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

func TestLandingTable(t *testing.T) {
	for _, test := range []struct {
		name  string
		rules catalog.RedirectRules
		port  int // that was found, where any will do
		want  string
		binds string
	}{
		{"nothing said", catalog.RedirectRules{}, 4000, "http://127.0.0.1:4000/callback", "127.0.0.1"},
		{"any host", catalog.RedirectRules{Host: "any", Port: "any"}, 4000, "http://127.0.0.1:4000/callback", "127.0.0.1"},
		{"localhost", catalog.RedirectRules{Host: "localhost", Path: "/"}, 4000, "http://localhost:4000/", "127.0.0.1 ::1"},
		{"fixed", catalog.RedirectRules{Port: "fixed"}, 0, "http://127.0.0.1:47811/callback", "127.0.0.1"},
		{"exact", catalog.RedirectRules{Host: "localhost", Port: "exact", Path: "/oauth/back"}, 0, "http://localhost:47811/oauth/back", "127.0.0.1 ::1"},
		{"a number", catalog.RedirectRules{Port: "8400"}, 0, "http://127.0.0.1:8400/callback", "127.0.0.1"},
		{"https only", catalog.RedirectRules{Host: "https_only", URL: "https://app.example/done"}, 0, "https://app.example/done", ""},
	} {
		l, err := landingFor(catalog.Entry{Redirect: test.rules}.RedirectRule())
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		port := l.port
		if port == 0 {
			port = test.port
		}
		if got := l.redirectURI(port); got != test.want {
			t.Errorf("%s: redirect URI %s, want %s", test.name, got, test.want)
		}
		if got := strings.Join(l.binds, " "); got != test.binds {
			t.Errorf("%s: listens on %q, want %q", test.name, got, test.binds)
		}
	}
}

func TestRedirectRulesThatCannotBeUsedAreRefused(t *testing.T) {
	for _, rules := range []catalog.RedirectRules{
		{Host: "0.0.0.0"},
		{Host: "app.example"},
		{Path: "callback"},
		{Path: "//callback"},
		{Path: "/a/../b"},
		{Path: "/callback?x=1"},
		{Path: "/call back"},
		{Path: "/signin/x"},
		{Host: "https_only"},
		{Host: "https_only", URL: "http://app.example/done"},
		{Host: "https_only", URL: "https://me@app.example/done"},
		{Host: "https_only", URL: "https://app.example/done#x"},
	} {
		var failure *refusal.Failure
		if l, err := landingFor(catalog.Entry{Redirect: rules}.RedirectRule()); !errors.As(err, &failure) || failure.Class != refusal.Misconfigured {
			t.Errorf("%+v: %+v, %v", rules, l, err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l)
}

func TestListenerIsOnLoopbackAlone(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		w := newFlowWorld(t)
		w.entry.Redirect.Host = host
		f := w.begin(AuthorizeOptions{})
		u, _ := url.Parse(f.RedirectURI())
		if u.Hostname() != host {
			t.Errorf("redirect URI %s", u)
		}
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			ip := a.(*net.IPNet).IP
			want := ip.Equal(net.IPv4(127, 0, 0, 1)) || host == "localhost" && ip.Equal(net.IPv6loopback)
			if got := dials(net.JoinHostPort(ip.String(), u.Port())); got != want && !ip.IsLinkLocalUnicast() {
				t.Errorf("%s: %s answers: %v, want %v", host, ip, got, want)
			}
		}
	}
}

func dials(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func TestATakenPortIsOneSentenceThatSaysWhatToDo(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	port := strconv.Itoa(portOf(other))
	w := newFlowWorld(t)
	w.entry.Redirect.Port = port
	var failure *refusal.Failure
	if err := w.refusedStart(AuthorizeOptions{Mode: Browser}); !errors.As(err, &failure) || failure.Code != "port_taken" {
		t.Fatal(err)
	}
	for _, part := range []string{"Port " + port + " ", "--set redirect.port=", "register", "Testhub"} {
		if !strings.Contains(failure.Detail, part) {
			t.Errorf("%q does not say %q", failure.Detail, part)
		}
	}
}

// Whoever listens on [::1] would be sent the answers meant for localhost.
func TestAPortThatIsTakenOnOneLoopbackAddressIsTaken(t *testing.T) {
	if !hasIPv6() {
		t.Log("this machine has no IPv6: localhost is 127.0.0.1 alone")
		return
	}
	other, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	w := newFlowWorld(t)
	w.entry.Redirect = catalog.RedirectRules{Host: "localhost", Port: strconv.Itoa(portOf(other))}
	var failure *refusal.Failure
	if err := w.refusedStart(AuthorizeOptions{Mode: Browser}); !errors.As(err, &failure) || failure.Code != "port_taken" {
		t.Fatal(err)
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		l.Close()
	}
	return err == nil
}

func TestConnectionsShareAFixedPortAndEachAnswerFindsItsFlow(t *testing.T) {
	port := strconv.Itoa(freePort(t))
	a, b, c := newFlowWorld(t), newFlowWorld(t), newFlowWorld(t)
	a.entry.Redirect.Port, b.entry.Redirect.Port = port, port
	c.entry.Redirect = catalog.RedirectRules{Host: "localhost", Port: port, Path: "/elsewhere"}
	for w, token := range map[*flowWorld]string{a: "at-a", b: "at-b", c: "at-c"} {
		w.on("/token", says(200, `{"access_token":"`+token+`"}`))
	}
	fa, fb, fc := a.begin(AuthorizeOptions{}), b.begin(AuthorizeOptions{}), c.begin(AuthorizeOptions{})
	browse(t, redirect(t, fb, "code", "c-b"))
	browse(t, redirect(t, fc, "code", "c-c"))
	browse(t, redirect(t, fa, "code", "c-a"))
	for f, want := range map[*Flow]string{fa: "at-a", fb: "at-b", fc: "at-c"} {
		if r, err := f.Wait(t.Context()); err != nil || r.Answer.AccessToken != want {
			t.Errorf("got %q, want %q: %v", r.Answer.AccessToken, want, err)
		}
	}
	if resp, _ := visit(t, "GET", strings.Replace(redirect(t, fc, "code", "x"), "/elsewhere", "/callback", 1)); resp.StatusCode != 404 {
		t.Errorf("localhost was answered on 127.0.0.1's path: %d", resp.StatusCode)
	}
}

func TestALingeringListenerDoesNotBlockTheNextSignIn(t *testing.T) {
	w := newFlowWorld(t)
	w.entry.Redirect.Port = strconv.Itoa(freePort(t))
	f := w.begin(AuthorizeOptions{})
	browse(t, redirect(t, f, "code", "c-1"))
	g := w.begin(AuthorizeOptions{})
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Already connected") {
		t.Errorf("the first one's page:\n%s", page)
	}
	f.leave()
	if _, page := browse(t, redirect(t, g, "code", "c-2")); !strings.Contains(page, "<h1>Connected</h1>") {
		t.Errorf("the second one's page:\n%s", page)
	}
	g.leave()
	awaitClosed(t, g)
}

func TestABrowserThatSendsHalfARequestHoldsUpNobody(t *testing.T) {
	w := newFlowWorld(t)
	f := w.begin(AuthorizeOptions{})
	u, _ := url.Parse(f.RedirectURI())
	for range 20 {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /callback?code=c HTTP/1.1\r\nHost: ")
	}
	if _, page := browse(t, redirect(t, f, "code", "c-1")); !strings.Contains(page, "Connected") {
		t.Errorf("page:\n%s", page)
	}
}

func TestABrowserHasBoundedTimeForEverything(t *testing.T) {
	s := newPageServer(http.NotFoundHandler())
	for name, d := range map[string]time.Duration{"header": s.ReadHeaderTimeout, "request": s.ReadTimeout, "idle": s.IdleTimeout} {
		if d <= 0 || d > 30*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
	if s.WriteTimeout <= pageTimeout {
		t.Errorf("the page may wait %v, but must be written within %v", pageTimeout, s.WriteTimeout)
	}
}

func TestResultPageTable(t *testing.T) {
	ada := Result{Account: Account{ID: "1", Label: "ada"}}
	for _, test := range []struct {
		name       string
		r          Result
		err        error
		again      bool
		kind, says string
	}{
		{"connected", ada, nil, false, "fine", "Authtray is connected to Hub as ada."},
		{"connected, nobody knows as whom", Result{}, nil, false, "fine", "Authtray is connected to Hub."},
		{"again", ada, nil, true, "fine", "Authtray is already connected to Hub as ada."},
		{"denied", Result{}, ErrDenied, false, "trouble", "nothing was connected"},
		{"denied, again", Result{}, ErrDenied, true, "trouble", "nothing was connected"},
		{"too late", Result{}, ErrTimedOut, false, "trouble", "not finished in time"},
		{"too late, other words", Result{}, errCodeExpired, false, "trouble", "not finished in time"},
		{"canceled", Result{}, ErrCanceled, false, "trouble", "canceled in Authtray"},
		{"failed", Result{}, &refusal.Failure{Detail: "Hub is in trouble.", Err: errors.New("inner")}, false, "trouble", "Hub is in trouble."},
		{"code refused", Result{}, &refusal.Failure{Code: "invalid_grant", Detail: "Hub did not accept the sign-in (invalid_grant); connect again."}, false, "trouble", "Hub did not accept the sign-in."},
		{"another account", Result{}, &NotAccepted{Asks: true, Text: "You are grace now.", Err: errors.New("inner (other_account)")}, false, "waiting", "You are grace now."},
		{"not kept", Result{}, &NotAccepted{Text: "The keychain is locked.", Err: errors.New("inner")}, false, "trouble", "The keychain is locked."},
		{"otherwise", Result{}, refusal.ErrBindingChanged, false, "trouble", "endpoints changed"},
	} {
		p := resultPage("Hub", "work", test.r, test.err, test.again, english{}).in(english{})
		if p.Kind != test.kind || !strings.Contains(p.Text, test.says) || strings.Contains(p.Text, "inner") || p.Next == "" {
			t.Errorf("%s: %+v", test.name, p)
		}
		html := string(renderPage(p, english{}))
		if works := test.kind == "fine"; strings.Contains(html, "<p>Try: <code>authtray token work</code></p>") != works {
			t.Errorf("%s: that the command can be tried is said: %v", test.name, !works)
		}
	}
}

func TestPageNamesTheAccountUnlessItIsTheServer(t *testing.T) {
	for _, row := range []struct{ provider, account, says string }{
		{"MCP server localhost:3000", "localhost:3000", "Authtray is connected to MCP server localhost:3000."},
		{"mcp.example.org", "mcp.example.org", "Authtray is connected to mcp.example.org."},
		{"GitLab", "Lab", "Authtray is connected to GitLab as Lab."},
		{"GitLab", "", "Authtray is connected to GitLab."},
	} {
		if p := connectedPage(row.provider, "work", row.account, false).in(english{}); p.Text != row.says {
			t.Errorf("%s at %s: %q; want %q", row.account, row.provider, p.Text, row.says)
		}
	}
}

func TestPagesLoadNothingAndRunNothing(t *testing.T) {
	html := string(renderPage(connectedPage("Hub", "work", "ada", false).in(english{}), english{}))
	for _, bad := range []string{"<script", "src=", "href=", "url(", "@import", " style=", " on"} {
		if strings.Contains(strings.ReplaceAll(html, " on this computer", ""), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	style, _, _ := strings.Cut(html[strings.Index(html, "<style>")+len("<style>"):], "</style>")
	if !strings.Contains(pagePolicy(), hashSource(style)) {
		t.Error("the policy does not allow the page's own style")
	}
}

// FuzzLoopback: whatever is asked of the listener, the flow goes on unless its
// state came, in a GET, under its Host and path.
func FuzzLoopback(f *testing.F) {
	f.Add("GET", "127.0.0.1:1", "/callback", "state=STATE&code=c")
	f.Add("GET", "127.0.0.1:1", "/callback", "state=x&code=c")
	f.Add("POST", "127.0.0.1:1", "/callback", "state=STATE&code=c")
	f.Add("GET", "evil.example", "/callback", "state=STATE&code=c")
	f.Add("GET", "127.0.0.1:1", "/signin/ID/again", "")
	f.Add("GET", "", "", "%")
	f.Add("get", "127.0.0.1:1", "/callback", "state=STATE&error=<script>")
	f.Fuzz(func(t *testing.T, method, host, path, query string) {
		flow := newFlow(t.Context(), &Client{entry: &catalog.Entry{Name: "Hub"}}, AuthorizeOptions{})
		flow.code = &codeFlow{state: "STATE"}
		defer flow.Cancel()
		d := &callbackRoute{flow: flow, path: "/callback", id: "ID", origin: "127.0.0.1:1"}
		way := &callbackServer{routes: []*callbackRoute{d}}
		flow.end(Result{}, ErrCanceled) // an answer is routed, and nothing is sent
		r := (&http.Request{Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: query}}).WithContext(t.Context())
		got := way.reply(r)
		mine := method == "GET" && strings.EqualFold(host, d.origin)
		q, err := url.ParseQuery(query)
		switch got.status {
		case 303:
			if !mine || path != "/callback" || err != nil || q.Get("state") != "STATE" || strings.Contains(got.location, "STATE") {
				t.Fatalf("%s %q %q?%q was taken for the answer", method, host, path, query)
			}
		case 200:
			if !mine || path != "/signin/ID" && path != "/signin/ID/again" {
				t.Fatalf("%s %q %q showed the result", method, host, path)
			}
		case 400, 404, 405:
		default:
			t.Fatalf("status %d", got.status)
		}
	})
}

// shouting is a language for tests.
type shouting struct{}

func (shouting) Code() string { return "xx" }
func (shouting) Tr(template string, pairs ...string) string {
	return text.Fill(strings.ToUpper(strings.NewReplacer("{{.Provider}}", "Hub", "{{.Account}}", "ada").Replace(template)), pairs...)
}
func (shouting) Sentence(_, s string) string { return strings.ToUpper(s) }

func TestPagesSpeakTheUsersLanguage(t *testing.T) {
	ada := Result{Account: Account{ID: "1", Label: "ada"}}
	pages := map[string]page{"stranger": strangerPage, "unexpected": unexpectedPage, "waiting": waitingPage("Hub")}
	for name, err := range map[string]error{"connected": nil, "denied": ErrDenied, "late": ErrTimedOut, "canceled": ErrCanceled,
		"other account": &NotAccepted{Asks: true, Text: "ANOTHER ONE"}, "not kept": &NotAccepted{Text: "NOT KEPT"},
		"failed": &refusal.Failure{Detail: "Hub is in trouble."}, "otherwise": errors.New("it is odd")} {
		pages[name], pages[name+", again"] = resultPage("Hub", "work", ada, err, false, shouting{}), resultPage("Hub", "work", ada, err, true, shouting{})
	}
	for name, p := range pages {
		t.Run(name, func(t *testing.T) {
			in := p.in(shouting{})
			for _, said := range []string{in.Title, in.Text, in.Next} {
				if said == "" || said != strings.ToUpper(said) {
					t.Errorf("%q", said)
				}
			}
			if html := string(renderPage(in, shouting{})); !strings.Contains(html, `lang="xx"`) || strings.Contains(html, "shown by") {
				t.Error(html)
			}
		})
	}
}
