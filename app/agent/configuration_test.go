package agent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// edit replaces a connection's file as an editor does.
func (w *world) edit(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(w.paths.Connections(), 0o700); err != nil { // the agent answers before it has made it
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.file(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) file(name string) string { return filepath.Join(w.paths.Connections(), name+".toml") }

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(w.file(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

func (w *world) seen(name string) api.Connection {
	w.t.Helper()
	var c api.Connection
	if r := w.call("GET", "/connections/"+name, nil); r.status == 200 {
		r.into(&c)
	}
	return c
}

func TestAFileThatAppearsIsTakenUpWhileRunning(t *testing.T) {
	w := newWorld(t)
	w.edit("work", "provider = \"github\"\nclient_id = \"abc\"\n")
	eventually(t, "the connection is there", func() bool { return w.seen("work").State == tokens.Disconnected })
	w.edit("work", "provider = \"github\"\nclient_id = \"def\"\n")
	eventually(t, "its change is seen", func() bool { return w.seen("work").Config.ClientID == "def" })
}

func TestABrokenFileNamesFileAndLineAndCostsNoOther(t *testing.T) {
	w := newWorld(t)
	w.add("good")
	w.connect("good", "ada")
	w.edit("bad", "provider = \"github\"\nclient_ids = \"abc\"\n")
	eventually(t, "the broken one is told", func() bool { return w.seen("bad").State == tokens.Misconfigured })
	c := w.seen("bad")
	if where := w.file("bad") + ":2"; !strings.Contains(c.ConfigError, where) || !strings.Contains(c.Detail, where) {
		t.Errorf("the trouble is told as %q and %q, want %s in both", c.Detail, c.ConfigError, where)
	}
	w.call("POST", "/connections/bad/connect", nil).problem(tokens.CodeMisconfigured, 409)
	w.call("GET", "/connections/bad/token", nil).problem(tokens.CodeMisconfigured, 409)
	w.call("GET", "/connections/good/token", nil).token()

	w.edit("bad", "provider = \"github\"\nclient_id = \"abc\"\n")
	eventually(t, "fixed", func() bool { return w.seen("bad").State == tokens.Disconnected })
}

func TestABrokenOrVanishedFileKeepsTheLastGoodConfiguration(t *testing.T) {
	w := newWorld(t)
	w.add("work")
	good := w.read("work")
	w.connect("work", "ada")
	for what, spoil := range map[string]func(){
		"broken":            func() { w.edit("work", good+"\n[[") },
		"gone":              func() { os.Remove(w.file("work")) },
		"writable by all":   func() { os.Chmod(w.file("work"), 0o666) },
		"not even a file":   func() { os.Remove(w.file("work")); os.Mkdir(w.file("work"), 0o700) },
		"with a secret":     func() { w.edit("work", good+"\nclient_secret = \"hush-hush\"\n") },
		"of an odd entry":   func() { w.edit("work", "provider = \"praktice\"\n") },
		"too large to read": func() { w.edit("work", good+"#"+strings.Repeat("x", config.MaxFile)) },
	} {
		if what == "writable by all" && runtime.GOOS == "windows" {
			continue // it has no such modes
		}
		spoil()
		eventually(t, what+" is told", func() bool { return w.seen("work").ConfigError != "" })
		if c := w.seen("work"); c.State != tokens.Connected || strings.Contains(c.ConfigError, "hush-hush") {
			t.Errorf("%s: %s, %q", what, c.State, c.ConfigError)
		}
		w.call("POST", "/connections/work/refresh", nil).ok()
		if notes := strings.Join(w.agent.Health().Notes, "\n"); !strings.Contains(notes, "work.toml") {
			t.Errorf("%s: health says %q", what, notes)
		}
		os.Remove(w.file("work"))
		w.edit("work", good)
		os.Chmod(w.file("work"), 0o600)
		eventually(t, what+" is fixed", func() bool { return w.seen("work").ConfigError == "" })
	}
	if got := len(w.provider.Grants()); got != 1 {
		t.Errorf("%d grants, want the one from the start", got)
	}
}

func TestABrokenFileThatVanishesIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.edit("bad", "[[")
	eventually(t, "known", func() bool { return w.seen("bad").State == tokens.Misconfigured })
	os.Remove(w.file("bad"))
	eventually(t, "forgotten", func() bool { return w.seen("bad").Name == "" })
}

func TestTheUsersOwnProviderEntriesAreTakenUp(t *testing.T) {
	w := newWorld(t)
	w.edit("work", "provider = \"mine\"\nclient_id = \"abc\"\n")
	eventually(t, "unknown at first", func() bool { return w.seen("work").State == tokens.Misconfigured })
	entry := "id = \"mine\"\nname = \"My provider\"\nauthorize = \"https://mine.example/a\"\ntoken = \"https://mine.example/t\"\n"
	if err := os.WriteFile(filepath.Join(w.paths.Providers(), "mine.toml"), []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "taken up", func() bool { return w.seen("work").State == tokens.Disconnected })
	var p api.Provider
	w.call("GET", "/providers/mine", nil).ok().into(&p)
	if p.Name != "My provider" || !strings.HasPrefix(p.RedirectURI, "http://127.0.0.1") {
		t.Errorf("the entry is %+v", p)
	}
	w.call("GET", "/providers/nobody", nil).problem(api.CodeUnknownProvider, 404)
}

func TestWhatCannotBeUsedIsNotWritten(t *testing.T) {
	w := newWorld(t)
	for what, in := range map[string]map[string]any{
		"an unknown provider": {"provider": "githup"},
		"an unknown override": {"provider": "github", "client_id": "x", "override": map[string]any{"tokn": "x"}},
		"a secret":            {"provider": "github", "client_id": "x", "override": map[string]any{"client": map[string]any{"headers": map[string]any{"Authorization": "Basic eA=="}}}},
		"a bad variable":      {"provider": "gitlab", "client_id": "x", "vars": map[string]any{"host": "https://x/"}},
	} {
		if r := w.call("PUT", "/connections/work", in); r.status != 400 {
			t.Errorf("%s is answered %d %s", what, r.status, r.body)
		}
		if _, err := os.Stat(w.file("work")); err == nil {
			t.Errorf("%s was written", what)
		}
	}
	w.call("PUT", "/connections/NO", map[string]any{"provider": "github"}).problem(tokens.CodeBadRequest, 400)
}

func TestAddingOneConnectionRewritesNoOther(t *testing.T) {
	w := newWorld(t)
	text := "# mine\nprovider = 'github'   # as I like it\nclient_id = 'abc'\n"
	os.MkdirAll(w.paths.Connections(), 0o700)
	w.edit("one", text)
	w.add("two")
	w.call("DELETE", "/connections/two", nil).ok()
	if got := w.read("one"); got != text {
		t.Errorf("the other file is now %q", got)
	}
}

func TestSettingsArePatchedInPlace(t *testing.T) {
	w := newWorld(t)
	var s api.Settings
	w.call("GET", "/settings", nil).ok().into(&s)
	if !s.Notifications || s.Reminders {
		t.Errorf("defaults are %+v", s)
	}
	w.call("PATCH", "/settings", map[string]bool{"reminders": true}).ok().into(&s)
	if !s.Reminders || !s.Notifications {
		t.Errorf("after the patch: %+v", s)
	}
	w.call("PATCH", "/settings", map[string]bool{"autostart": true}).problem(api.CodeFailed, 500)
	w.call("PATCH", "/settings", map[string]any{"colour": "red"}).problem(tokens.CodeBadRequest, 400)
}

// taker records the connections that are configured.
type taker struct {
	mu    sync.Mutex
	conns map[string]tokens.Connection
}

func (k *taker) Put(c tokens.Connection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.conns[c.Name] = c
}

func (k *taker) Remove(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, name)
}

func (k *taker) Touch(string) {}

// newTestConfiguration is one without an agent, and what it causes.
func newTestConfiguration(t *testing.T) (c *configuration, k *taker, n *notes, events *[]string) {
	o := folders(t)
	k, n, events = &taker{conns: map[string]tokens.Connection{}}, newNotes(), &[]string{}
	c = newConfiguration(o.Paths, o.Log)
	c.manager, c.notify, c.named = k, n, func(name string) string { return name }
	c.newClient = func(known *catalog.Catalogue, conn catalog.Connection, _ certificates) (*providers.Client, error) {
		return providers.NewClient(known, conn, providers.ClientOptions{})
	}
	c.changed = func(name string) { *events = append(*events, "changed "+name) }
	c.reload()
	return c, k, n, events
}

func TestConfigurationKeepsWhatWasLastGood(t *testing.T) {
	c, k, n, events := newTestConfiguration(t)
	file := filepath.Join(c.paths.Connections(), "work.toml")
	edit := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.reload()
	}
	edit("provider = \"github\"\nclient_id = \"abc\"\n")
	if client, err := c.usable("work"); err != nil || k.conns["work"].Provider != client {
		t.Fatalf("taken up as %+v: %v", k.conns["work"], err)
	}
	good := c.client("work")
	said := n.text()
	edit("provider = ")
	if conn, ok := c.get("work"); !ok || conn.client != good || conn.err == nil || !strings.Contains(n.text(), "The file of work cannot be used") {
		t.Errorf("broken: %+v, told %q", conn, n.text())
	}
	once := n.text()
	c.reload()
	if n.text() != once || once == said {
		t.Errorf("told %q", n.text())
	}
	if len(*events) != 0 {
		t.Errorf("caused %q", *events)
	}
	edit("provider = \"github\"\nclient_id = \"other\"\n")
	if !slices.Equal(*events, []string{"changed work"}) {
		t.Errorf("another client id caused %q", *events)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	c.reload()
	if _, err := c.usable("work"); err != nil || len(c.notes()) != 1 {
		t.Errorf("vanished: %v, notes %q", err, c.notes())
	}
	c.forget("work")
	if _, err := c.usable("work"); err == nil || len(k.conns) != 0 {
		t.Errorf("forgotten: %v, %v", err, slices.Collect(maps.Keys(k.conns)))
	}
}

func TestConfigurationWritesNothingThatCannotBeUsed(t *testing.T) {
	c, k, _, _ := newTestConfiguration(t)
	if err := c.write(catalog.Connection{Name: "work", Provider: "nobody"}); err == nil {
		t.Error("a provider that is not known was taken")
	}
	if files, err := os.ReadDir(c.paths.Connections()); err != nil || len(files) != 0 || len(k.conns) != 0 {
		t.Errorf("written: %v, %v", files, err)
	}
	if err := c.write(catalog.Connection{Name: "work", Provider: "github", ClientID: "abc"}); err != nil || len(k.conns) != 1 {
		t.Errorf("a good one: %v", err)
	}
	c.widen("work", []string{"repo"})
	if file, _ := c.get("work"); !slices.Equal(file.conn.Scopes, []string{"repo"}) {
		t.Errorf("the scopes are %q", file.conn.Scopes)
	}
}

func TestLoginEntryIsShownInTheTrayOnceItIsSet(t *testing.T) {
	var login, shown switchedOn
	l := loginEntry{autostart: &login, tray: &shown}
	if err := l.set(true); err != nil || !l.on() || !shown.is {
		t.Errorf("on: %v", err)
	}
	l.autostart = noAutostart{}
	shown.is = false
	if err := l.set(true); err == nil || detail(err) != "Authtray cannot be started at login here." || shown.is {
		t.Errorf("where it cannot be: %v", err)
	}
}

// refusing is start at login that cannot be set.
type refusing struct {
	switchedOn
	meanwhile func()
}

func (r *refusing) Set(bool) error {
	r.meanwhile()
	return errors.New("the folder is read-only")
}

func TestSettingsAreAppliedWholeOrNot(t *testing.T) {
	yes := true
	both := api.SettingsPatch{Reminders: &yes, Autostart: &yes}
	for name, old := range map[string]string{
		"no file": "", "a good file": "# mine\n'notifications' = true", "a broken file": "notifications = ",
		"another's key": "colour = 1\n", "a file only for people": "\"remind\\u0065rs\" = false\n",
	} {
		for _, login := range []Autostart{&switchedOn{}, &refusing{meanwhile: func() {}}} {
			t.Run(fmt.Sprintf("%s, %T", name, login), func(t *testing.T) {
				c, _, _, _ := newTestConfiguration(t)
				path := c.paths.Settings()
				if old != "" {
					os.WriteFile(path, []byte(old), 0o600)
				}
				shown := &switchedOn{}
				l := loginEntry{autostart: login, tray: shown, log: c.log}
				err := c.changeSettings(both, l)
				text, _ := os.ReadFile(path)
				if err == nil {
					if now := c.currentSettings(); !now.Reminders || !now.Notifications || !l.on() || !shown.is {
						t.Errorf("applied in part: %+v, login %t, tray %t", now, l.on(), shown.is)
					}
					return
				}
				if !strings.HasPrefix(detail(err), "Nothing was changed. ") {
					t.Errorf("it is told as %q", detail(err))
				}
				if string(text) != old || l.on() || shown.is || c.currentSettings().Reminders {
					t.Errorf("refused (%v), and yet: %q, login %t, tray %t", err, text, l.on(), shown.is)
				}
			})
		}
	}
}

func TestSettingsThatCannotBePutBackAreNotCalledUnchanged(t *testing.T) {
	c, _, _, _ := newTestConfiguration(t)
	yes := true
	l := loginEntry{autostart: &refusing{meanwhile: func() {
		os.RemoveAll(c.paths.Config)
		os.WriteFile(c.paths.Config, nil, 0o600) // no folder
	}}, tray: noTray{}, log: c.log}
	os.WriteFile(c.paths.Settings(), []byte("reminders = false\n"), 0o600)
	err := c.changeSettings(api.SettingsPatch{Reminders: &yes, Autostart: &yes}, l)
	if err == nil || strings.Contains(detail(err), "Nothing was changed") || !strings.Contains(detail(err), "The other settings are changed") {
		t.Errorf("it is told as %v", err)
	}
}

// switchedOn is an entry for start at login, and a tray that shows it.
type switchedOn struct {
	noTray
	is bool
}

func (s *switchedOn) On() (bool, error)    { return s.is, nil }
func (s *switchedOn) Set(on bool) error    { s.is = on; return nil }
func (s *switchedOn) SetAutostart(on bool) { s.is = on }
