package providers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/authtray/authtray/providers/catalog"
)

func TestASignInPageAwayFromItsProviderIsAskedAbout(t *testing.T) {
	for _, tt := range []struct {
		name, issuer, page, token string
		asked                     string // the host that is named
	}{
		{"all on one host", "https://op.example", "https://op.example/a", "https://op.example/t", ""},
		{"another port", "https://op.example", "https://op.example:8443/a", "https://op.example/t", ""},
		{"the same registrable domain", "https://mcp.acme.example", "https://login.acme.example/a", "https://api.acme.example/t", ""},
		{"as the issuer's", "https://accounts.google.com", "https://accounts.google.com/a", "https://oauth2.googleapis.com/token", ""},
		{"as the token endpoint's", "https://one.example", "https://www.two.example/a", "https://api.two.example/t", ""},
		{"an honest provider's", "https://evil.example", "https://github.com/login", "https://evil.example/t", "github.com"},
		{"in another case", "https://evil.example", "https://GitHub.com/login", "https://evil.example/t", "github.com"},
		{"with a port", "https://evil.example", "https://op.other:8443/a", "https://evil.example/t", "op.other:8443"},
		{"under a shared suffix", "https://evil.github.io", "https://honest.github.io/a", "https://evil.github.io/t", "honest.github.io"},
		{"under a country's suffix", "https://evil.co.uk", "https://honest.co.uk/a", "https://evil.co.uk/t", "honest.co.uk"},
		{"a name that ends alike", "https://notacme.example", "https://acme.example/a", "https://notacme.example/t", "acme.example"},
		{"addresses", "https://10.0.0.1", "https://10.0.0.2/a", "https://10.0.0.1/t", "10.0.0.2"},
		{"addresses that end alike", "https://11.0.0.1", "https://10.0.0.1/a", "https://11.0.0.1/t", "10.0.0.1"},
		{"IPv6", "http://[::1]:1", "http://[::2]/a", "http://[::1]:1/t", "::2"},
		{"loopback by another name", "http://127.0.0.1:1", "http://localhost:2/a", "http://127.0.0.1:1/t", "localhost:2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := catalog.Entry{ID: "acme", Name: "Acme", Issuer: tt.issuer, Client: catalog.ClientRules{Auth: "none", Secret: "none"}}
			found := endpoints{Issuer: tt.issuer, Authorize: tt.page, Token: tt.token}
			ask := func(accepted string, change ...func(*catalog.Entry, *Agreed)) error {
				e, agreed := e.Clone(), Agreed{}
				for _, change := range change {
					change(&e, &agreed)
				}
				return testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Agreed = agreed }).checkSignIn(found.Authorize, e.Authorize, found, accepted)
			}
			var other *OtherHost
			err := ask("")
			if tt.asked == "" {
				if err != nil {
					t.Fatalf("asked: %v", err)
				}
				return
			}
			if !errors.As(err, &other) || other.Page != tt.asked || !strings.Contains(err.Error(), tt.asked) || !strings.Contains(err.Error(), usualHost(tt.token)) {
				t.Fatalf("%v does not name %s and %s", err, tt.asked, usualHost(tt.token))
			}
			if err := ask(tt.asked); err != nil {
				t.Errorf("after a yes: %v", err)
			}
			if ask("another.example") == nil {
				t.Error("a yes to another host counted")
			}
			if err := ask("", func(_ *catalog.Entry, a *Agreed) { a.SignIn = catalog.Origin(tt.page) }); err != nil {
				t.Errorf("agreed to before: %v", err)
			}
			if ask("", func(_ *catalog.Entry, a *Agreed) { a.SignIn = "https://another.example:443" }) == nil {
				t.Error("what was agreed to before for another host counted")
			}
			if err := ask("", func(e *catalog.Entry, _ *Agreed) { e.Authorize = tt.page }); err != nil {
				t.Errorf("by the entry: %v", err)
			}
		})
	}
}

// TestSignInPageOfAnotherServerIsAskedAboutWhoeverGetsTokens: the page and all that
// is checked about it may be an honest provider's, and one receiver somebody else's.
func TestSignInPageOfAnotherServerIsAskedAboutWhoeverGetsTokens(t *testing.T) {
	honest := endpoints{
		Issuer: "https://evil.example", source: "https://evil.example/.well-known/openid-configuration",
		Authorize: "https://honest.example/a", Token: "https://honest.example/t", Refresh: "https://honest.example/t",
		Userinfo: "https://honest.example/u", Revoke: "https://honest.example/r", Introspection: "https://honest.example/i",
	}
	const evil = "https://evil.example/x"
	for name, change := range map[string]func(e *endpoints){
		"the token endpoint":   func(e *endpoints) { e.Token = evil },
		"the refresh endpoint": func(e *endpoints) { e.Refresh = evil },
		"userinfo":             func(e *endpoints) { e.Userinfo = evil },
		"revocation":           func(e *endpoints) { e.Revoke = evil },
		"introspection":        func(e *endpoints) { e.Introspection = evil },
		"a document elsewhere that names the honest issuer": func(e *endpoints) { e.Issuer, e.Token = "https://honest.example", evil },
	} {
		t.Run(name, func(t *testing.T) {
			c := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: "https://evil.example", Client: catalog.ClientRules{Auth: "none", Secret: "none"}})
			if err := c.checkSignIn(honest.Authorize, "", honest, ""); err != nil {
				t.Fatalf("asked though nothing is sent elsewhere: %v", err)
			}
			e := honest
			change(&e)
			var other *OtherHost
			if err := c.checkSignIn(e.Authorize, "", e, ""); !errors.As(err, &other) || other.Page != "honest.example" || other.Sends != "evil.example" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPageOfADeviceCodeIsAskedAboutToo(t *testing.T) {
	home := newRecord(t, nil)
	home.answer = answers(200, fmt.Sprintf(`{"issuer":%[1]q,"authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/token","device_authorization_endpoint":"%[1]s/device",
		"device_code":"d","user_code":"A","verification_uri":"https://honest.example/device"}`, home.URL))
	c := testClient(t, catalog.Entry{ID: "acme", Name: "Acme", Issuer: home.URL, Client: catalog.ClientRules{Auth: "none", Secret: "none"}})
	var other *OtherHost
	if _, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Device}); !errors.As(err, &other) || other.Page != "honest.example" {
		t.Errorf("%v", err)
	}
	flow, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: Device, AcceptHost: "honest.example"})
	if err != nil {
		t.Fatal(err)
	}
	flow.Cancel()
}

func TestHostsThatLookAlikeAreToldApart(t *testing.T) {
	said := (&OtherHost{Page: "github.com", Sends: "g\u0456thub.com"}).Error()
	if !strings.Contains(said, "at github.com,") || !strings.Contains(said, `to g\u0456thub.com.`) {
		t.Errorf("told %q", said)
	}
}

func TestAHostIsShownWithTheEndThatSaysWhoseItIs(t *testing.T) {
	long := strings.Repeat("accounts.google.com.", 10)
	label := strings.Repeat("a", 63)
	for host, want := range map[string]string{
		"github.com":                                   "github.com",
		long + "evil.example":                          "evil.example",
		long + "evil.co.uk:8443":                       "evil.co.uk:8443",
		long + label + ".co.uk":                        label + ".co.uk",
		label + "." + label + ".github.io":             label + ".github.io",
		strings.Repeat("a", 300) + "evil":              "aaaaevil",
		strings.Repeat("і", 100) + ".evil.com":         "evil.com",
		"127.0.0.1:1234":                               "127.0.0.1:1234",
		"[::1]:1234":                                   "[::1]:1234",
		"github.com\u202e" + strings.Repeat(".x", 100): ".x",
	} {
		got := plainHost(host)
		if !strings.HasSuffix(got, want) || len(got) > 120 || strings.ContainsFunc(strings.TrimPrefix(got, "…"), func(r rune) bool { return r > '~' || r < ' ' }) {
			t.Errorf("%s is shown as %s", host, got)
		}
	}
}

func FuzzHostShown(f *testing.F) {
	for _, host := range []string{"github.com", "a.b.co.uk:8443", "g\u0456thub.com", strings.Repeat("a.", 200) + "evil.example", "[::1]:1", "\u202e\"\x00", "com.github.io."} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		got := plainHost(host)
		if len(got) > 5*300 || strings.ContainsFunc(strings.TrimPrefix(got, "…"), func(r rune) bool { return r > '~' || r < ' ' }) {
			t.Errorf("%q is shown as %q", host, got)
		}
		if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && len(site) <= maxHost && site == asciiOf(site) && !strings.HasSuffix(got, site) {
			t.Errorf("%q is shown as %q, without %q", host, got, site)
		}
	})
}

// asciiOf is what of s is printable ASCII that is quoted as it is.
func asciiOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r > '~' || r <= ' ' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
}

func TestAServerThatOurCatalogueNamesIsNotAskedAbout(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	issuer := func(to string) map[string]any { return map[string]any{"issuer": to} }
	for _, tt := range []struct {
		name  string
		conn  catalog.Connection
		asked bool
	}{
		{"an issuer", catalog.Connection{Provider: "google", Override: map[string]any{"authorize": ""}}, false},
		{"an issuer with a tenant in its path", catalog.Connection{Provider: "microsoft", Vars: map[string]string{"tenant": "contoso.example"}, Override: map[string]any{"authorize": ""}}, false},
		{"an MCP server", catalog.Connection{Provider: "mcp-sentry"}, false},
		{"an issuer of the connection's own", catalog.Connection{Provider: "google", Override: issuer("https://evil.example")}, true},
		{"an issuer that a variable names", catalog.Connection{Provider: "oidc", Vars: map[string]string{"issuer": "https://evil.example"}}, true},
		{"a host that a variable names", catalog.Connection{Provider: "keycloak", Vars: map[string]string{"host": "evil.example", "realm": "x"}, Override: map[string]any{"authorize": ""}}, true},
		{"an MCP server's URL", catalog.Connection{MCP: "https://evil.example/mcp"}, true},
		{"another MCP server", catalog.Connection{Provider: "mcp-sentry", MCP: "https://evil.example/mcp"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.conn.Name, tt.conn.ClientID = "work", "c"
			c, err := NewClient(catalogue, tt.conn, ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			c.entry.Authorize = "" // as discovery names it
			e := endpoints{Issuer: "https://a.example", Authorize: "https://honest.example/a", Token: "https://a.example/t"}
			err = c.checkSignIn(e.Authorize, "", e, "")
			if (err != nil) != tt.asked {
				t.Errorf("asked: %v", err)
			}
		})
	}
}

func TestNoSignInBeginsAtAPageAwayFromItsProvider(t *testing.T) {
	r, e := issuerAt(t, configuration, "", func(m map[string]any) { m["authorization_endpoint"] = "https://honest.example/authorize" })
	c := testClient(t, e)
	for _, mode := range []Mode{Browser, URLOnly} {
		_, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: mode})
		if other := (*OtherHost)(nil); !errors.As(err, &other) {
			t.Errorf("%s: %v", mode, err)
		}
	}
	for _, sent := range r.requests() {
		if sent.method != "GET" {
			t.Errorf("%s was sent", sent.method)
		}
	}
	f, err := c.Authorize(t.Context(), AuthorizeOptions{Mode: URLOnly, AcceptHost: "honest.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.leave()
	defer f.Cancel()
	if b := f.request().binding; b.SignIn != "https://honest.example:443" {
		t.Errorf("what was agreed to is not bound: %+v", b)
	}
}

func TestABindingHasTheSignInPageThatWasAgreedTo(t *testing.T) {
	was := Binding{Issuer: "https://a", ClientID: "c", Origins: []string{"https://a:443"}, SignIn: "https://page:443"}
	for name, tt := range map[string]struct {
		change func(*Binding)
		leads  bool
	}{
		"nothing changed":          {func(*Binding) {}, true},
		"issuer":                   {func(b *Binding) { b.Issuer = "https://b" }, false},
		"client":                   {func(b *Binding) { b.ClientID = "d" }, false},
		"origins":                  {func(b *Binding) { b.Origins = []string{"https://b:443"} }, false},
		"the page":                 {func(b *Binding) { b.SignIn = "https://evil:443" }, false},
		"the page is the issuer's": {func(b *Binding) { b.SignIn = "" }, true},
	} {
		now := was
		if tt.change(&now); was.LeadsTo(now) != tt.leads {
			t.Errorf("%s: %t", name, !tt.leads)
		}
	}
}

func TestWhereATokenMayBeSentAfterAChange(t *testing.T) {
	const api, uploads, other, shared = "https://api.acme.example:443", "https://uploads.acme.example:443", "https://evil.example:443", "https://one.github.io:443"
	for _, tt := range []struct {
		name    string
		now     Resources
		bound   []string
		adopted []string
		moved   string
	}{
		{"nothing changed", Resources{Origins: []string{api}}, []string{api}, nil, ""},
		{"fewer", Resources{Origins: []string{}}, []string{api}, nil, ""},
		{"nobody says", Resources{}, []string{api}, nil, ""},
		{"a record from before", Resources{Origins: []string{api, other}}, nil, []string{api, other}, ""},
		{"a record of none", Resources{Origins: []string{api}}, []string{}, nil, api},
		{"typed", Resources{Origins: []string{api, other}, agreed: []string{other}}, []string{api}, []string{other}, ""},
		{"by hand, near by", Resources{Origins: []string{uploads}}, []string{api}, nil, uploads},
		{"by hand, elsewhere", Resources{Origins: []string{api, other}}, []string{api}, nil, other},
		{"our catalogue, near by", Resources{Origins: []string{api, uploads}, ours: []string{api, uploads}}, []string{api}, []string{uploads}, ""},
		{"our catalogue, near by, for all", Resources{Origins: []string{"https://*.acme.example:443"}, ours: []string{"https://*.acme.example:443"}}, []string{api}, []string{"https://*.acme.example:443"}, ""},
		{"our catalogue, elsewhere", Resources{Origins: []string{api, other}, ours: []string{api, other}}, []string{api}, nil, other},
		{"our catalogue, beside it under a shared suffix", Resources{Origins: []string{"https://two.github.io:443"}, ours: []string{"https://two.github.io:443"}}, []string{shared}, nil, "https://two.github.io:443"},
		{"one may, another not", Resources{Origins: []string{other, uploads}, ours: []string{other, uploads}}, []string{api}, nil, other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if adopted, moved := tt.now.Compare(tt.bound); !slices.Equal(adopted, tt.adopted) || moved != tt.moved {
				t.Errorf("adopts %v, moved %q", adopted, moved)
			}
		})
	}
}

func TestResourcesAreWhereverATokenIsSent(t *testing.T) {
	catalogue, _ := catalog.LoadCatalogue("")
	for _, tt := range []struct {
		name string
		conn catalog.Connection
		all  []string
		ours []string
	}{
		{"github", catalog.Connection{Name: "work", Provider: "github", ClientID: "c"}, []string{"https://api.github.com:443", "https://github.com:443"}, []string{"https://api.github.com:443", "https://github.com:443"}},
		{"an API of the connection's own", catalog.Connection{Name: "work", Provider: "github", ClientID: "c", Override: map[string]any{"api": map[string]any{"hosts": []any{"evil.example"}}}},
			[]string{"https://evil.example:443"}, []string{"https://api.github.com:443"}},
		{"whoami of the connection's own", catalog.Connection{Name: "work", Provider: "github", ClientID: "c", Override: map[string]any{"whoami": map[string]any{"url": "https://evil.example/me"}}},
			[]string{"https://evil.example:443"}, []string{"https://api.github.com:443"}},
		{"an MCP server", catalog.Connection{Name: "work", MCP: "https://mcp.example/x"}, []string{"https://mcp.example:443"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := NewClient(catalogue, tt.conn, ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			r := c.Resources()
			for _, o := range tt.all {
				if !slices.Contains(r.Origins, o) {
					t.Errorf("%s is not in %v", o, r.Origins)
				}
			}
			for _, o := range r.ours {
				if !slices.Contains(tt.ours, o) && strings.Contains(o, "evil") {
					t.Errorf("%s is taken for the catalogue's own", o)
				}
			}
			for _, o := range tt.ours {
				if !slices.Contains(r.ours, o) {
					t.Errorf("%s is not taken for the catalogue's own, %v is", o, r.ours)
				}
			}
		})
	}
}
