package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// watch takes up changes until ctx ends.
func (c *configuration) watch(ctx context.Context) {
	p := c.paths
	hints := config.Watch(ctx, c.log, p.Config, p.Connections(), p.Providers())
	c.reload() // what changed between the first reload and the watching
	for {
		select {
		case <-ctx.Done():
			return
		case <-hints:
			c.reload()
		}
	}
}

// reload reads everything again and takes up what changed.
func (c *configuration) reload() {
	var found map[string]config.File
	var err error
	certs := c.lock(func() []string {
		found, err = config.Connections(c.paths.Connections())
		return caFiles(found)
	})
	defer c.reading.Unlock()
	c.makeFolders()
	c.reloadSettings()
	fresh := c.reloadCatalogue()
	c.say("connections", err)
	if err != nil {
		return
	}
	for _, file := range found {
		c.applyFile(file, fresh, certs)
	}
	c.missing(found)
}

// makeFolders makes what is there to be watched, and says how to begin where
// nothing has been configured yet. That it cannot is no trouble until something
// is to be written.
func (c *configuration) makeFolders() {
	if _, err := os.Stat(c.paths.Connections()); errors.Is(err, os.ErrNotExist) {
		c.log.Info("no connections yet; add the first one with: authtray add NAME --provider ID")
		c.notify.Info(aboutWelcome, c.language.Tr("Authtray is running"),
			c.language.Tr("Add your first connection in its window, or with: authtray add NAME --provider ID"))
	}
	for _, dir := range []string{c.paths.Connections(), c.paths.Providers()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			c.log.Debug("a configuration folder cannot be made", "err", err)
		}
	}
}

func (c *configuration) reloadSettings() {
	s, err := config.ReadSettings(c.paths.Settings())
	c.say("settings", err)
	if err != nil {
		return
	}
	c.mu.Lock()
	changed := c.settings != s
	c.settings = s
	c.mu.Unlock()
	if changed {
		c.notify.Configure(s.Notifications, s.Reminders)
	}
}

// applyFile takes up one connection's file, if it changed or the catalogue did.
func (c *configuration) applyFile(file config.File, fresh bool, certs certificates) {
	now := content{string(file.Data) + "\x00" + fmt.Sprint(file.Err), certs.digest(file.Connection.CAFile)}
	c.mu.Lock()
	old := c.conns[file.Name]
	c.mu.Unlock()
	if old != nil && !fresh && !old.outdated(now, certs[file.Connection.CAFile].err) {
		return
	}
	client, err := c.build(file, certs)
	switch {
	case err == nil:
		if old != nil && !reflect.DeepEqual(old.conn, file.Connection) {
			c.changed(file.Name)
		}
		known := &configured{conn: file.Connection, client: client, seen: now}
		if old == nil {
			c.set(file.Name, known) // who hears of it asks for it
		}
		c.manager.Put(tokens.Connection{
			Name: file.Name, Config: file.Connection, Entry: client.Entry(), Provider: client,
			Replaced: c.registered.Load(file.Name).Replaces, Resources: client.Resources(),
		})
		c.set(file.Name, known) // no token that is served yet goes to hosts that came with it
		c.notify.Settle(file.Name + aboutFile)
	case old != nil && old.client != nil:
		c.keep(file.Name, old, now, fmt.Errorf("%w; the last good configuration is used until it is fixed", err))
	default:
		c.set(file.Name, &configured{conn: file.Connection, seen: now, err: err})
		c.complain(file.Name, old, err)
		c.manager.Put(tokens.Connection{Name: file.Name, Config: file.Connection, Broken: err})
	}
}

// outdated reports whether what is now there has to be taken up. Certificates that
// cannot be read any more cost a good connection nothing: it has them already.
func (c *configured) outdated(now content, unreadable error) bool {
	if c.err == nil && unreadable != nil {
		return c.seen.file != now.file
	}
	return c.seen != now
}

// missing looks after connections whose file is gone.
func (c *configuration) missing(found map[string]config.File) {
	for name, file := range c.all() {
		if _, ok := found[name]; ok {
			continue
		}
		if file.client == nil {
			c.forget(name)
			continue
		}
		c.keep(name, file, content{}, fmt.Errorf(
			"the file connections/%s.toml is gone; the last good configuration is used until Authtray ends. To remove the connection: authtray remove %s", name, name))
	}
}

// keep leaves the last good configuration in place, and says why.
func (c *configuration) keep(name string, old *configured, seen content, err error) {
	c.complain(name, old, err)
	c.set(name, &configured{conn: old.conn, client: old.client, seen: seen, err: err})
	if old.fault() != err.Error() {
		c.manager.Touch(name)
	}
}

// complain logs and tells a trouble once, when it is new.
func (c *configuration) complain(name string, old *configured, err error) {
	if old.fault() == err.Error() {
		return
	}
	c.log.Warn("a connection's file cannot be used", "connection", name, "err", err)
	if old != nil {
		c.notify.Warn(name+aboutFile, c.language.Tr("The file of {{.Name}} cannot be used", "Name", c.named(name)), c.language.Sentence("", err.Error()))
	}
}

// build makes a connection's provider out of its file.
func (c *configuration) build(file config.File, certs certificates) (*providers.Client, error) {
	if file.Err != nil {
		return nil, file.Err
	}
	client, err := c.newClient(c.known(), file.Connection, certs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return client, nil
}

// reloadCatalogue reads the entries again if the user's own may have changed,
// and reports whether it took up something. An entry with a fault leaves the
// others; one that was good before keeps the whole catalogue as it was, until it
// is fixed.
func (c *configuration) reloadCatalogue() bool {
	dir := c.paths.Providers()
	stamp := stampOf(dir)
	if c.known() != nil && stamp == c.stamp {
		return false // parsing all entries for nothing would cost a few megabytes
	}
	c.stamp = stamp
	fresh, faults := catalog.LoadCatalogue(dir)
	err := errors.Join(faults...)
	c.say("providers", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.catalogue != nil && err != nil && lost(c.catalogue, fresh) {
		return false
	}
	c.catalogue = fresh
	return true
}

// stampOf changes when a file in a folder does.
func stampOf(dir string) string {
	entries, err := os.ReadDir(dir)
	stamp := fmt.Sprint(err)
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			stamp += fmt.Sprintf("\n%s %d %s %s", e.Name(), info.Size(), info.Mode(), info.ModTime())
		}
	}
	return stamp
}

// lost says that an entry is gone.
func lost(old, fresh *catalog.Catalogue) bool {
	there := fresh.IDs()
	return slices.ContainsFunc(old.IDs(), func(id string) bool { return !slices.Contains(there, id) })
}
