package window

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// noon is when every test begins.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// bench is a window on a desktop of its own: its clock, browser and agent are
// the test's, and so is the UI's goroutine.
type bench struct {
	*testing.T
	*ui
	agent   *fakeAgent
	mu      sync.Mutex
	queue   []func()
	timers  []*timer
	time    time.Time
	opened  []string // pages in the browser
	started int      // how often the agent was started

	commands []string // that were run
	command  func(args ...string) (printed, said string, err error)
}

type timer struct {
	at   time.Time
	f    func()
	gone bool
}

func newBench(t *testing.T, statuses ...tokens.Status) *bench {
	t.Helper()
	t.Setenv("TZ", "UTC")
	if err := loadTranslations(); err != nil {
		t.Fatal(err)
	}
	app := test.NewTempApp(t)
	test.ApplyTheme(t, ourTheme())
	b := &bench{T: t, agent: newFakeAgent(statuses...), time: noon}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	b.ui = newUI(ctx, app, b.agent, surroundings{now: b.now, after: b.after, do: b.do, browse: b.browse, folder: b.openFolder, start: b.start, authtray: b.authtray}, Options{Version: "test", Config: "/home/ada/.config/authtray"})
	return b
}

// live opens the event stream and waits until the window knows everything.
func live(t *testing.T, statuses ...tokens.Status) *bench {
	t.Helper()
	b := newBench(t, statuses...)
	go b.follow()
	b.until("the connections are known", func() bool { return b.known && b.present })
	return b
}

func (b *bench) do(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, f)
}

// until runs what is asked of the UI's goroutine until something is so.
func (b *bench) until(what string, so func() bool) {
	b.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !so() {
		if !b.step() {
			if time.Now().After(deadline) {
				b.Fatalf("waited in vain: %s", what)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func (b *bench) step() bool {
	b.mu.Lock()
	if len(b.queue) == 0 {
		b.mu.Unlock()
		return false
	}
	f := b.queue[0]
	b.queue = b.queue[1:]
	b.mu.Unlock()
	f()
	return true
}

func (b *bench) authtray(_ context.Context, args ...string) (printed, said string, err error) {
	b.mu.Lock()
	b.commands = append(b.commands, strings.Join(args, " "))
	run := b.command
	b.mu.Unlock()
	return run(args...)
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.time
}

func (b *bench) after(d time.Duration, f func()) func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &timer{at: b.time.Add(d), f: f}
	b.timers = append(b.timers, t)
	return func() { b.mu.Lock(); t.gone = true; b.mu.Unlock() }
}

// pass lets time go by, and what was due happen.
func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.time = b.time.Add(d)
	var due []func()
	b.timers = slices.DeleteFunc(b.timers, func(t *timer) bool {
		if !t.gone && !t.at.After(b.time) {
			due = append(due, t.f)
			return true
		}
		return t.gone
	})
	b.mu.Unlock()
	for _, f := range due {
		f()
	}
	for b.step() {
	}
}

func (b *bench) browse(url string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = append(b.opened, url)
	return nil
}

func (b *bench) openFolder(dir string) error { return b.browse(dir) }

func (b *bench) pages() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.opened)
}

func (b *bench) start(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started++
	return nil
}

// press types a key where the focus is.
func (b *bench) press(keys ...fyne.KeyName) {
	for _, k := range keys {
		if at := b.win.Canvas().Focused(); at != nil {
			at.TypedKey(&fyne.KeyEvent{Name: k})
		} else {
			b.typed(&fyne.KeyEvent{Name: k})
		}
	}
}

func (b *bench) tap(button *button) {
	b.Helper()
	if !button.Visible() || button.Disabled() {
		b.Fatalf("the button %q cannot be pressed", button.Text)
	}
	test.Tap(button)
}

// find is the visible button with a text, in an object.
func (b *bench) find(in fyne.CanvasObject, text string) *button {
	b.Helper()
	var found *button
	walk(in, func(o fyne.CanvasObject) {
		if x, ok := o.(*button); ok && x.Text == text {
			found = x
		}
	})
	if found == nil {
		b.Fatalf("there is no button %q", text)
	}
	return found
}

// texts are all texts that can be seen in an object.
func texts(in fyne.CanvasObject) []string {
	var out []string
	walk(in, func(o fyne.CanvasObject) {
		switch x := o.(type) {
		case *line:
			out = append(out, x.text)
		case *button:
			out = append(out, x.Text)
		case *chip:
			out = append(out, x.text)
		case interface{ AccessibilityLabel() string }:
			out = append(out, x.AccessibilityLabel())
		}
	})
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func (b *bench) sees(in fyne.CanvasObject, text string) {
	b.Helper()
	if all := texts(in); !slices.Contains(all, text) {
		b.Fatalf("%q is not to be seen in %q", text, all)
	}
}

// walk visits every visible object.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch x := o.(type) {
	case *fyne.Container:
		for _, child := range x.Objects {
			walk(child, visit)
		}
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(x).Objects() {
			walk(child, visit)
		}
	}
}

// fakeAgent answers from memory. Every call may be made from any goroutine.
type fakeAgent struct {
	mu        sync.Mutex
	statuses  []tokens.Status
	events    chan remote.Event
	away      chan struct{} // closed: the stream ends
	calls     []string
	errs      map[string]error // by method
	config    catalog.Connection
	entry     api.Provider
	flow      api.Attempt
	ended     chan error // how a flow ends
	token     string
	settings  api.SettingsPatch
	reads     chan audit.Record // as they come
	history   []tokens.Event
	mcp       *api.MCP
	hang      chan struct{} // not nil: nothing is answered until it is closed
	otherHost string        // where the sign-in page is; "": at its provider
	checks    []api.Check   // nil: it has no doctor
	names     []api.Brief   // of its providers
}

func newFakeAgent(statuses ...tokens.Status) *fakeAgent {
	yes, no := true, false
	a := &fakeAgent{statuses: statuses, events: make(chan remote.Event), away: make(chan struct{}), reads: make(chan audit.Record, 100), errs: map[string]error{},
		ended: make(chan error, 1), token: "s3cret-token", settings: api.SettingsPatch{Notifications: &yes, Reminders: &no, Autostart: &no}}
	a.entry = gitlab()
	a.names = []api.Brief{{ID: "github", Name: "GitHub"}, {ID: "gitlab", Name: "GitLab"}, {ID: "oidc", Name: "OpenID Connect"}}
	a.flow = api.Attempt{URL: "https://gitlab.com/oauth/authorize?state=x", Mode: "url", ExpiresAt: noon.Add(10 * time.Minute)}
	return a
}

// gitlab is an entry with everything a form can ask for.
func gitlab() api.Provider {
	e := api.Provider{RedirectURI: "http://127.0.0.1/callback"}
	e.ID, e.Name = "gitlab", "GitLab"
	e.Authorize, e.Token = "https://{host}/oauth/authorize", "https://{host}/oauth/token"
	e.Vars = map[string]catalog.Var{"host": {Label: "GitLab host", Default: "gitlab.com", Pattern: "hostname"}}
	e.Client.Secret = "required"
	e.AuthorizeOpts.Scopes = []string{"read_user", "read_api"}
	e.Links.Register, e.Links.UserRevoke = "https://gitlab.com/apps/new", "https://gitlab.com/apps"
	e.Revoke.URL = "https://{host}/oauth/revoke"
	return e
}

// called notes a call, and gives the error that the test wants.
func (a *fakeAgent) called(method, detail string) error {
	a.mu.Lock()
	a.calls = append(a.calls, method+" "+detail)
	err, hang := a.errs[method], a.hang
	a.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return err
}

func (a *fakeAgent) fails(method string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs[method] = err
}

func (a *fakeAgent) has(call string) func() bool {
	return func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return slices.Contains(a.calls, call)
	}
}

func (a *fakeAgent) Events(ctx context.Context, opened func(), each func(remote.Event)) error {
	if err := a.called("Events", ""); err != nil {
		return err
	}
	a.mu.Lock()
	away := a.away
	a.mu.Unlock()
	opened()
	for {
		select {
		case e := <-a.events:
			each(e)
		case <-away:
			return client.ErrNoAgent
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// goAway ends the stream; the next one opens when come is called.
func (a *fakeAgent) goAway() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs["Events"] = client.ErrNoAgent
	close(a.away)
}

func (a *fakeAgent) come(statuses ...tokens.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.errs, "Events")
	a.away, a.statuses = make(chan struct{}), statuses
}

func (a *fakeAgent) Connections(context.Context) ([]tokens.Status, error) {
	err := a.called("Connections", "")
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.statuses), err
}

func (a *fakeAgent) Connection(_ context.Context, name string) (d api.Connection, err error) {
	err = a.called("Connection", name)
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.statuses, func(s tokens.Status) bool { return s.Name == name })
	if i >= 0 {
		d.Status = a.statuses[i]
	}
	conf := a.config
	d.Name, d.Config = name, &conf
	if d.Status.Provider == "" || d.Status.Provider == "gitlab" { // those that connected and dead make
		d.Status.Provider = a.entry.ID
	}
	d.Events, d.MCP = a.history, a.mcp
	return d, err
}

func (a *fakeAgent) Put(_ context.Context, name string, c catalog.Connection) error {
	err := a.called("Put", name)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.config = c
	return err
}

func (a *fakeAgent) SetSecret(_ context.Context, name, secret string) error {
	return a.called("SetSecret", name+" "+secret)
}

func (a *fakeAgent) Remove(_ context.Context, name string) (api.Removed, error) {
	return api.Removed{Revoked: true}, a.called("Remove", name)
}

func (a *fakeAgent) Disconnect(_ context.Context, name string) (api.Removed, error) {
	return api.Removed{Detail: "GitLab could not be reached."}, a.called("Disconnect", name)
}

func (a *fakeAgent) Token(_ context.Context, name string) (tokens.Token, error) {
	return tokens.Token{AccessToken: a.token}, a.called("Token", name)
}

// otherHostSays is the whole question, which ends with whose word it would be on.
func otherHostSays(page string) string {
	return text.Sentence((&providers.OtherHost{Page: page, Sends: "api." + strings.Repeat("a", 50) + ".example"}).Error())
}

func (a *fakeAgent) Refresh(_ context.Context, name string) error { return a.called("Refresh", name) }

func (a *fakeAgent) Connect(_ context.Context, name string, o api.ConnectRequest) (api.Attempt, error) {
	err := a.called("Connect", name+" "+string(o.Mode))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.otherHost != "" && o.AcceptHost != a.otherHost {
		err = &client.Problem{Code: "other_host", Host: a.otherHost, Detail: otherHostSays(a.otherHost)}
	}
	return a.flow, err
}

func (a *fakeAgent) Wait(ctx context.Context, name string, o api.ConnectRequest) (tokens.Status, error) {
	if o.AcceptAccount {
		return tokens.Status{Name: name, Account: "bob"}, a.called("Accept", name)
	}
	a.called("Wait", name+" "+string(o.Mode))
	select {
	case err := <-a.ended:
		return tokens.Status{Name: name, Account: "ada"}, err
	case <-ctx.Done():
		return tokens.Status{}, ctx.Err()
	}
}

func (a *fakeAgent) Paste(_ context.Context, name, redirect string) error {
	return a.called("Paste", name+" "+redirect)
}
func (a *fakeAgent) Cancel(_ context.Context, name string) error { return a.called("Cancel", name) }

func (a *fakeAgent) Providers(context.Context) ([]api.Brief, error) {
	return a.names, a.called("Providers", "")
}

func (a *fakeAgent) ForHost(_ context.Context, host string) ([]catalog.Connection, error) {
	if host != "https://git.example.org" {
		return nil, nil
	}
	return []catalog.Connection{{Provider: "gitlab", Vars: map[string]string{"host": "git.example.org"}}, {Provider: "removed"}}, nil
}

func (a *fakeAgent) Provider(_ context.Context, id string) (api.Provider, error) {
	return a.entry, a.called("Provider", id)
}

func (a *fakeAgent) Settings(context.Context) (api.SettingsPatch, error) {
	err := a.called("Settings", "")
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings, err
}

func (a *fakeAgent) Set(_ context.Context, s api.SettingsPatch) error {
	err := a.called("Set", "")
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.Autostart != nil && err == nil {
		a.settings.Autostart = s.Autostart
	}
	return err
}

func (a *fakeAgent) Health(context.Context) (api.Health, error) {
	return api.Health{Version: "0.1.0", Uptime: "1h2m0s", Store: "keychain", Tray: "registered", Notifications: "actions"}, a.called("Health", "")
}

func (a *fakeAgent) Doctor(context.Context) ([]api.Check, error) {
	err := a.called("Doctor", "")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.checks != nil {
		return a.checks, err
	}
	return nil, cmpErr(err, &client.Problem{Status: 404, Code: "not_found"})
}

func (a *fakeAgent) Log(ctx context.Context, _ int, each func(audit.Record)) error {
	if err := a.called("Log", ""); err != nil {
		return err
	}
	for {
		select {
		case r := <-a.reads:
			each(r)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// record has reads of tokens told to whoever follows them.
func (a *fakeAgent) record(reads ...audit.Record) {
	for _, r := range reads {
		a.reads <- r
	}
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// connected is a connection as it mostly is.
func connected(name string) tokens.Status {
	expires, refreshed := noon.Add(42*time.Minute+30*time.Second), noon.Add(-18*time.Minute)
	return tokens.Status{Name: name, Provider: "gitlab", ProviderName: "GitLab", State: tokens.Connected, Account: "ada",
		Scopes: []string{"read_user"}, ExpiresAt: &expires, RefreshedAt: &refreshed, Refreshable: true}
}

// dead is a connection that needs its user.
func dead(name string) tokens.Status {
	return tokens.Status{Name: name, Provider: "gitlab", ProviderName: "GitLab", State: tokens.ReconnectRequired, Account: "ada",
		Reason: tokens.ReasonRevoked, Detail: "GitLab says access was revoked. Reconnect to go on."}
}
