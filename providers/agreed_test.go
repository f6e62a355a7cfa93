package providers

import (
	"errors"
	"strings"
	"testing"

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
				return testClient(t, e, func(_ *catalog.Connection, o *ClientOptions) { o.Agreed = agreed }).checkSignIn(found, accepted)
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
