package agent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// addSingle adds a connection to a provider that keeps one grant for each user
// and app, as far as its entry says.
func (w *world) addSingle(name string) {
	w.t.Helper()
	conn := w.practice()
	conn["override"] = map[string]any{"tokens": map[string]any{"single_grant": true}}
	w.call("PUT", "/connections/"+name, conn).ok()
}

func TestOneAccountUnderTwoNamesIsSaidWhereThereIsOneGrantForBoth(t *testing.T) {
	w := newWorld(t)
	w.addSingle("first")
	w.addSingle("second")
	w.addSingle("third")
	w.connect("first", "ada")
	w.connect("third", "grace")
	if note := w.call("GET", "/connections/first", nil).connection().Note; note != "" {
		t.Errorf("alone it is told: %s", note)
	}
	at, end := w.waiting("second", nil)
	w.consent(at, "ada")
	if c := (<-end).connection(); !strings.Contains(c.Note, "first is the same account at Practice provider") {
		t.Errorf("connecting tells %q", c.Note)
	}
	eventually(t, "a warning is shown", func() bool { return strings.Contains(w.notes.text(), " shares its account: first is the same account") })
	if strings.Contains(w.notes.text(), "first shares") {
		t.Error("both are warned of")
	}
	for name, want := range map[string]string{"first": "second", "second": "first", "third": ""} {
		note := w.call("GET", "/connections/"+name, nil).connection().Note
		if want == "" && note != "" || want != "" && !strings.HasPrefix(note, want+" is") {
			t.Errorf("%s is told %q", name, note)
		}
	}

	// Disconnecting one says what happens to the other, and looks.
	w.provider.Revoke("ada") // as a provider with one grant does
	var removed api.Removed
	w.call("DELETE", "/connections/second/grant", nil).ok().into(&removed)
	if !removed.Revoked || !strings.Contains(removed.Detail, "first is the same account") || strings.Contains(removed.Detail, "third") {
		t.Errorf("disconnecting tells %+v", removed)
	}
	eventually(t, "the other one's end is seen", func() bool {
		return w.call("GET", "/connections/first", nil).connection().State == tokens.ReconnectRequired
	})
	if st := w.call("GET", "/connections/third", nil).connection().State; st != tokens.Connected {
		t.Errorf("somebody else's connection is %s", st)
	}
}

func TestOneAccountUnderTwoNamesIsNobodysTroubleWhereEachHasItsGrant(t *testing.T) {
	w := newWorld(t)
	w.add("first")
	w.add("second")
	w.connect("first", "ada")
	if c := w.connect("second", "ada"); c.Note != "" {
		t.Errorf("told %q", c.Note)
	}
	var removed api.Removed
	w.call("DELETE", "/connections/second/grant", nil).ok().into(&removed)
	if removed.Detail != "" {
		t.Errorf("told %q", removed.Detail)
	}
}

// cable is a network that can be cut.
type cable struct{ cut *atomic.Bool }

func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no route to host")}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestWhatIsSaidWhereTheProviderWasNotTold(t *testing.T) {
	var cut atomic.Bool
	w := newWorld(t, func(o *Options) { o.Transport = &cable{cut: &cut} })
	conn := w.practice()
	conn["override"] = map[string]any{"links": map[string]any{"user_revoke": "https://practice.example/account"}}
	w.call("PUT", "/connections/work", conn).ok()
	conn["override"] = map[string]any{"revoke": map[string]any{"style": "none"}}
	w.call("PUT", "/connections/none", conn).ok()
	conn["override"] = map[string]any{"revoke": map[string]any{"style": "none"}, "links": map[string]any{"user_revoke": ""}}
	w.call("PUT", "/connections/nowhere", conn).ok()
	w.connect("work", "ada")
	w.connect("none", "grace")
	w.connect("nowhere", "grace")
	cut.Store(true)
	var removed api.Removed
	w.call("DELETE", "/connections/work/grant", nil).ok().into(&removed)
	if removed.Revoked || !strings.Contains(removed.Detail, "erased here") || !strings.Contains(removed.Detail, "could not be reached") ||
		!strings.Contains(removed.Detail, "https://practice.example/account") {
		t.Errorf("out of reach: %+v", removed)
	}
	w.call("DELETE", "/connections/none/grant", nil).ok().into(&removed)
	if removed.Revoked || strings.Contains(removed.Detail, "was not told") || !strings.Contains(removed.Detail, "remove it at http://127.0.0.1") {
		t.Errorf("no way to tell: %+v", removed)
	}
	w.call("DELETE", "/connections/nowhere/grant", nil).ok().into(&removed)
	if want := "The grant is erased here. Practice provider offers Authtray no way to revoke access."; removed.Detail != want {
		t.Errorf("no way to tell, and no page: %q; want %q", removed.Detail, want)
	}
	for _, name := range []string{"work", "none", "nowhere"} {
		if st := w.call("GET", "/connections/"+name, nil).connection().State; st != tokens.Disconnected {
			t.Errorf("%s is %s", name, st)
		}
	}
}

// grants are connections whose grants the test sets.
type grants struct {
	statuses
	of      map[string]providers.Account
	adopted []string
}

func (g *grants) Status(name string) (tokens.Status, error) {
	st, err := g.statuses.Status(name)
	st.Name = name
	return g.with(st), err
}

func (g *grants) List() []tokens.Status {
	all := g.statuses.List()
	for i, st := range all {
		all[i] = g.with(st)
	}
	return all
}

// with is a status with its grant's account.
func (g *grants) with(st tokens.Status) tokens.Status {
	st.AccountID, st.Account = g.of[st.Name].ID, g.of[st.Name].Label
	return st
}

func (g *grants) Adopt(_ context.Context, name string, r providers.Result) (tokens.Status, error) {
	g.of[name] = r.Account
	g.adopted = append(g.adopted, name)
	return tokens.Status{Name: name}, nil
}

func (g *grants) Named(name string, r providers.Result) bool {
	if acc, is := g.of[name]; !is || acc != (providers.Account{}) {
		return false
	}
	g.of[name] = r.Account
	return true
}

// addSingleProvider adds the entry of a provider with one grant for each user and
// app.
func addSingleProvider(t *testing.T, p config.Paths) {
	t.Helper()
	entry := `id = "single"
name = "Single"
authorize = "https://single.example/authorize"
token = "https://single.example/token"
[client]
auth = "none"
secret = "none"
[tokens]
single_grant = true
`
	if err := config.Write(filepath.Join(p.Providers(), "single.toml"), []byte(entry)); err != nil {
		t.Fatal(err)
	}
}

// newTestAccounts are accounts at a provider with one grant for each user and app.
func newTestAccounts(t *testing.T) (*accounts, *grants) {
	o := folders(t)
	addSingleProvider(t, o.Paths)
	known, faults := catalog.LoadCatalogue(o.Paths.Providers())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	client, err := providers.NewClient(known, catalog.Connection{Provider: "single", ClientID: "abc"}, providers.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g := &grants{of: map[string]providers.Account{}}
	return &accounts{manager: g, remember: config.NewAccounts(o.Paths.State), log: o.Log,
		client: func(string) *providers.Client { return client }}, g
}

func TestAccountsRememberWhoseTheGrantWas(t *testing.T) {
	a, g := newTestAccounts(t)
	ada := providers.Account{ID: "1", Label: "ada"}
	if err := a.adopt(t.Context(), "work", providers.Result{Account: ada}); err != nil || !slices.Equal(g.adopted, []string{"work"}) {
		t.Fatalf("adopted %q, %v", g.adopted, err)
	}
	delete(g.of, "work")
	if got := a.of("work"); got != ada {
		t.Errorf("after the grant is gone the account is %+v", got)
	}
	if err := a.adopt(t.Context(), "work", providers.Result{}); err != nil || a.of("work") != ada {
		t.Errorf("a grant of an account without a name changes what is remembered: %+v, %v", a.of("work"), err)
	}
	if got := a.name(tokens.Status{Name: "work"}); got != "ada" {
		t.Errorf("it is named %q", got)
	}
	a.forget("work")
	if got := a.of("work"); got != (providers.Account{}) {
		t.Errorf("a forgotten account is %+v", got)
	}
}

func TestAccountsWarnTheConnectionThatWasConnectedLast(t *testing.T) {
	a, g := newTestAccounts(t)
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	first := tokens.Status{Name: "first", State: tokens.Connected, ProviderName: "Single", ConsentedAt: &early}
	second := tokens.Status{Name: "second", State: tokens.Connected, ProviderName: "Single", ConsentedAt: &late}
	g.set(first, second, tokens.Status{Name: "third", State: tokens.Connected})
	g.of = map[string]providers.Account{"first": {ID: "1"}, "second": {ID: "1"}, "third": {ID: "2"}}
	if got := a.sharing("first"); !slices.Equal(got, []string{"second"}) {
		t.Errorf("the first shares with %q", got)
	}
	if note := a.sharedWarning(first); note != "" {
		t.Errorf("the first is warned: %q", note)
	}
	if note := a.sharedWarning(second); !strings.HasPrefix(note, "first is the same account at Single") {
		t.Errorf("the second is told %q", note)
	}
	if got := a.sharing("third"); got != nil {
		t.Errorf("the third shares with %q", got)
	}
}
