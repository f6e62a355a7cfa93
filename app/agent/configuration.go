package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"sort"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// configuration holds the user's files as they were last good, and what is wrong
// with them as they are now:
//
//	file                     was good before           was never good
//	good                     taken up                  taken up
//	broken or unreadable     the last good one stays   known, misconfigured: says file and line
//	vanished                 the last good one stays   forgotten
//
// No row erases a grant. It is safe for concurrent use.
type configuration struct {
	paths      config.Paths
	log        *slog.Logger
	registered config.Clients                   // the clients that registered themselves
	agreed     config.Records[providers.Agreed] // what the user agreed to
	withheld   config.Records[[]string]         // the scopes that the last sign-in asked for in vain
	newClient  func(*catalog.Catalogue, catalog.Connection, certificates) (*providers.Client, error)
	manager    connectionTaker
	notify     Notifier
	language   *lang.Language
	named      func(name string) string // what a notification calls a connection
	changed    func(name string)        // is told before other settings of a connection are taken up

	certificates *certificateFiles

	reading sync.Mutex // one reload or change at a time; see lock
	stamp   string     // of the user's own entries, as they were read last

	mu        sync.Mutex
	catalogue *catalog.Catalogue
	settings  config.Settings
	conns     map[string]*configured
	trouble   map[string]string // what is wrong, by what it is about ("settings")
}

// connectionTaker takes up what is configured: tokens.Manager.
type connectionTaker interface {
	Put(tokens.Connection)
	Remove(name string)
	Touch(name string)
}

// configured is one connection's file.
type configured struct {
	conn   catalog.Connection // the last good one
	client *providers.Client  // nil: it was never good
	seen   content            // what was read last, to tell a change
	err    error              // why the file as it is now cannot be used
}

// fault is err as text; "" for none.
func (c *configured) fault() string {
	if c == nil || c.err == nil {
		return ""
	}
	return c.err.Error()
}

// content is what was read of a connection.
type content struct{ file, certificates string }

// newConfiguration makes one that has read nothing; the caller sets what it
// causes.
func newConfiguration(paths config.Paths, log *slog.Logger) *configuration {
	return &configuration{
		paths: paths, log: log, registered: config.NewClients(paths.State), agreed: config.NewAgreed(paths.State), withheld: config.NewWithheld(paths.State), certificates: newCertificateFiles(),
		settings: config.DefaultSettings(), conns: map[string]*configured{}, trouble: map[string]string{},
	}
}

// get is one connection's file.
func (c *configuration) get(name string) (*configured, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	file, ok := c.conns[name]
	return file, ok
}

func (c *configuration) all() map[string]*configured {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.conns)
}

func (c *configuration) set(name string, file *configured) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[name] = file
}

// forget forgets a connection whose file is gone.
func (c *configuration) forget(name string) {
	c.mu.Lock()
	delete(c.conns, name)
	c.mu.Unlock()
	c.manager.Remove(name)
}

// usable is the provider's client of a connection whose file could be used.
func (c *configuration) usable(name string) (*providers.Client, error) {
	file, ok := c.get(name)
	switch {
	case !ok:
		return nil, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: fmt.Sprintf("There is no connection named %q.", name), Hint: "authtray status"}
	case file.client == nil:
		return nil, &tokens.Error{Code: tokens.CodeMisconfigured, Reason: tokens.ReasonConfiguration, Detail: text.Sentence(file.err.Error())}
	}
	return file.client, nil
}

// client is the provider's client of a connection; nil where its file was never
// good.
func (c *configuration) client(name string) *providers.Client {
	if file, ok := c.get(name); ok {
		return file.client
	}
	return nil
}

// isRemote reports whether the user opened the connection to other machines.
func (c *configuration) isRemote(name string) bool {
	file, ok := c.get(name)
	return ok && file.conn.Remote
}

// known are the providers, ours and the user's.
func (c *configuration) known() *catalog.Catalogue {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.catalogue
}

// say remembers a trouble that concerns no single connection, or its end.
func (c *configuration) say(about string, err error) {
	c.mu.Lock()
	old := c.trouble[about]
	delete(c.trouble, about)
	if err != nil {
		c.trouble[about] = err.Error()
	}
	c.mu.Unlock()
	if err != nil && old != err.Error() {
		c.log.Warn("the configuration as it was before is used", "about", about, "err", err)
	}
}

// notes are all troubles, a sentence each.
func (c *configuration) notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, text := range c.trouble {
		all = append(all, text)
	}
	for _, file := range c.conns {
		if file.err != nil {
			all = append(all, file.err.Error())
		}
	}
	sort.Strings(all)
	return all
}

// agreedNow are the origins that a command or the window has been given for a
// connection: those of before that are still there, and those that come with it. What
// was edited into the file meanwhile is in force already, and nobody was shown it. The
// hosts of another server are agreed to for the sign-in there, which binds its grant to
// them, and not for the grant that there is.
func agreedNow(before []string, was *configured, now *providers.Client) []string {
	if was == nil || was.client == nil || !sameGrants(was.client, now) {
		return nil
	}
	return slices.DeleteFunc(now.Resources().Origins, func(o string) bool {
		return slices.Contains(was.client.Resources().Origins, o) && !slices.Contains(before, o)
	})
}

// sameGrants reports whether two clients have their grants from the same server, as far
// as the configuration says it.
func sameGrants(a, b *providers.Client) bool {
	e, f := a.Entry(), b.Entry()
	return a.Connection().MCP == b.Connection().MCP && e.Issuer == f.Issuer && e.Authorize == f.Authorize && e.Token == f.Token && e.Device == f.Device
}

// sameServer reports whether two connections name the same issuer and MCP server, in
// the same words.
func sameServer(a, b catalog.Connection) bool {
	return a.Provider == b.Provider && a.MCP == b.MCP && maps.Equal(a.Vars, b.Vars) && reflect.DeepEqual(a.Override, b.Override)
}

// write adds or changes a connection's file, and takes it up. Nothing is
// written that cannot be used.
func (c *configuration) write(conn catalog.Connection) error {
	certs := c.lock(func() []string { return []string{conn.CAFile} })
	defer c.reading.Unlock()
	if err := config.CheckName(conn.Name); err != nil {
		return &tokens.Error{Code: tokens.CodeBadRequest, Detail: err.Error(), Field: "name", Err: err}
	}
	client, err := c.newClient(c.known(), conn, certs)
	if err != nil {
		return badConnection(err)
	}
	was, there := c.get(conn.Name)
	err = config.WriteConnection(c.paths.Connections(), conn)
	var file config.File
	if err == nil {
		c.keepAgreed(conn.Name, func(a *providers.Agreed) {
			a.Resources = agreedNow(a.Resources, was, client)
			if !there || !sameServer(was.conn, conn) {
				a.SignIn = "" // that was about another server
			}
		})
		file, err = config.Connection(c.paths.Connections(), conn.Name)
	}
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path), errors.As(err, &link), errors.Is(err, config.ErrWritable): // the disk refuses it
		return asError(err, codeFailed, "The connection's file cannot be written: "+err.Error()+".", "")
	case err != nil: // the parser does
		return badConnection(err)
	}
	c.applyFile(file, true, certs)
	return nil
}

// widen makes scopes that were granted the connection's own, so that the next
// sign-in asks for them too.
func (c *configuration) widen(name string, scopes []string) {
	file, ok := c.get(name)
	if !ok || slices.Equal(file.conn.Scopes, scopes) {
		return
	}
	conn := file.conn
	conn.Scopes = scopes
	if err := c.write(conn); err != nil {
		c.log.Warn("the scopes that were granted cannot be written to the connection's file", "connection", name, "err", err)
	}
}

// remove removes a connection's file and forgets the connection.
func (c *configuration) remove(name string) error {
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := config.RemoveConnection(c.paths.Connections(), name); err != nil {
		return notRemoved(err)
	}
	c.forget(name)
	return nil
}

// takeUp takes up a connection's file as it is now, where it changed and can be used:
// whoever saved it and asks for something at once means what it says. What cannot be
// used may be half written; watch looks after it.
func (c *configuration) takeUp(name string) {
	file, certs := c.lockFile(name)
	defer c.reading.Unlock()
	if file.Err == nil {
		c.applyFile(file, false, certs)
	}
}

// touch takes up a connection again as it is: something that its file does not
// hold, the secret, changed.
func (c *configuration) touch(name string) {
	file, certs := c.lockFile(name)
	defer c.reading.Unlock()
	if file.Err != nil && file.Data == nil {
		return // unreadable now; the next reload says so
	}
	c.applyFile(file, true, certs)
}

// lockFile is lock for one connection, with its file as it is now.
func (c *configuration) lockFile(name string) (file config.File, certs certificates) {
	certs = c.lock(func() []string {
		file, _ = config.Connection(c.paths.Connections(), name) // the error is the file's
		return []string{file.Connection.CAFile}
	})
	return file, certs
}

// keepAgreed keeps what the user agreed to for a connection, beside what they agreed
// to before, for the next client that is made of it.
func (c *configuration) keepAgreed(name string, change func(*providers.Agreed)) {
	was, _, _ := c.agreed.Load(name)
	now := was
	if change(&now); reflect.DeepEqual(was, now) {
		return
	}
	if err := c.agreed.Save(name, now); err != nil {
		c.log.Warn("what the user agreed to cannot be kept, so they are asked again", "connection", name, "err", err)
	}
}

// currentSettings are the settings as they were last good.
func (c *configuration) currentSettings() config.Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings
}

// reminders reports whether the user wishes to be told again of a death.
func (c *configuration) reminders() bool { return c.currentSettings().Reminders }

// changeSettings writes the settings that p names and turns start at login on or
// off, or leaves everything as it was; then it reads everything again.
func (c *configuration) changeSettings(p api.SettingsPatch, l loginEntry) error {
	if err := c.applySettings(p, l); err != nil {
		return err
	}
	c.reload()
	return nil
}

// applySettings writes the file first: that it cannot be written, or only not by a
// program, is what goes wrong most often, and what it was can be put back exactly.
func (c *configuration) applySettings(p api.SettingsPatch, l loginEntry) error {
	c.reading.Lock() // nobody takes up a file that is put back
	defer c.reading.Unlock()
	undo := func() error { return nil }
	if p.Notifications != nil || p.Reminders != nil {
		var err error
		if undo, err = c.writeSettings(p); err != nil {
			return &tokens.Error{Code: codeFailed, Detail: text.Sentence("Nothing was changed. The settings cannot be written: " + err.Error())}
		}
	}
	if p.Autostart == nil {
		return nil
	}
	failed := l.set(*p.Autostart)
	if failed == nil {
		return nil
	}
	if err := undo(); err != nil {
		return &tokens.Error{Code: codeFailed, Hint: "authtray doctor",
			Detail: text.Sentence(detail(failed) + " The other settings are changed, because the file cannot be put back: " + err.Error())}
	}
	return &tokens.Error{Code: codeFailed, Hint: "authtray doctor", Detail: "Nothing was changed. " + detail(failed)}
}

func (c *configuration) writeSettings(p api.SettingsPatch) (undo func() error, err error) {
	s, err := config.ReadSettings(c.paths.Settings())
	if err != nil {
		return nil, err
	}
	if p.Notifications != nil {
		s.Notifications = *p.Notifications
	}
	if p.Reminders != nil {
		s.Reminders = *p.Reminders
	}
	return config.WriteSettings(c.paths.Settings(), s)
}

// loginEntry is start at login, as the settings and the tray's menu show it.
type loginEntry struct {
	autostart Autostart
	tray      Tray
	log       *slog.Logger
}

func (l loginEntry) on() bool {
	on, err := l.autostart.On()
	if err != nil {
		l.log.Warn("it is not known whether Authtray starts at login", "err", err)
	}
	return on
}

func (l loginEntry) set(on bool) error {
	if err := l.autostart.Set(on); err != nil {
		return asError(err, codeFailed, text.Sentence(err.Error()), "authtray doctor")
	}
	l.tray.SetAutostart(on)
	return nil
}
