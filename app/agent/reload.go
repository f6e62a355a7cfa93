package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// watch takes up changes until ctx ends.
func (f *files) watch(ctx context.Context) {
	p := f.agent.opts.Paths
	hints := config.Watch(ctx, f.agent.log, p.Config, p.Connections(), p.Providers())
	f.reload() // what changed between the first reload and the watching
	for {
		select {
		case <-ctx.Done():
			return
		case <-hints:
			f.reload()
		}
	}
}

// reload reads everything again and takes up what changed.
func (f *files) reload() {
	var found map[string]config.File
	var err error
	certs := f.lock(func() []string {
		found, err = config.Connections(f.agent.opts.Paths.Connections())
		return caFiles(found)
	})
	defer f.reading.Unlock()
	f.makeFolders()
	f.reloadSettings()
	fresh := f.reloadCatalogue()
	f.say("connections", err)
	if err != nil {
		return
	}
	for _, file := range found {
		f.take(file, fresh, certs)
	}
	f.missing(found)
}

// makeFolders makes what is there to be watched. That it cannot is no trouble
// until something is to be written.
func (f *files) makeFolders() {
	p := f.agent.opts.Paths
	if _, err := os.Stat(p.Connections()); errors.Is(err, os.ErrNotExist) {
		f.agent.welcome()
	}
	for _, dir := range []string{p.Connections(), p.Providers()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			f.agent.log.Debug("a configuration folder cannot be made", "err", err)
		}
	}
}

func (f *files) reloadSettings() {
	s, err := config.ReadSettings(f.agent.opts.Paths.Settings())
	f.say("settings", err)
	if err != nil {
		return
	}
	f.mu.Lock()
	changed := f.settings != s
	f.settings = s
	f.mu.Unlock()
	if n := f.agent.opts.Notify; n != nil && changed {
		n.Configure(s.Notifications, s.Reminders)
	}
}

// take takes up one connection's file, if it changed, or its certificates or the
// catalogue did.
func (f *files) take(file config.File, fresh bool, certs certificates) {
	now := content{string(file.Data) + "\x00" + fmt.Sprint(file.Err), certs.digest(file.Connection.CAFile)}
	f.mu.Lock()
	old := f.conns[file.Name]
	f.mu.Unlock()
	if old != nil && !fresh && !old.outdated(now, certs[file.Connection.CAFile].err) {
		return
	}
	client, err := f.build(file, certs)
	switch {
	case err == nil:
		f.endFlow(old, file)
		f.set(file.Name, &configured{conn: file.Connection, client: client, seen: now})
		f.agent.manager.Put(tokens.Connection{
			Name: file.Name, Config: file.Connection, Entry: client.Entry(), Provider: client,
			Replaced: f.agent.clients().Load(file.Name).Replaces,
		})
	case old != nil && old.client != nil:
		f.keep(file.Name, old, now, fmt.Errorf("%w; the last good configuration is used until it is mended", err))
	default:
		f.set(file.Name, &configured{conn: file.Connection, seen: now, err: err})
		f.complain(file.Name, old, err)
		f.agent.manager.Put(tokens.Connection{Name: file.Name, Config: file.Connection, Broken: err})
	}
}

// outdated says whether what is now there has to be taken up. Certificates that
// cannot be read any more cost a good connection nothing: it has them already.
func (c *configured) outdated(now content, unreadable error) bool {
	if c.err == nil && unreadable != nil {
		return c.seen.file != now.file
	}
	return c.seen != now
}

// endFlow ends a pending flow that was begun with another configuration: its
// grant would not be the connection's any more.
func (f *files) endFlow(old *configured, file config.File) {
	if old == nil || reflect.DeepEqual(old.conn, file.Connection) {
		return
	}
	if fl := f.agent.flows.of(file.Name); fl != nil {
		fl.stop()
	}
}

// missing looks after connections whose file is gone.
func (f *files) missing(found map[string]config.File) {
	for name, c := range f.all() {
		if _, ok := found[name]; ok {
			continue
		}
		if c.client == nil {
			f.forget(name)
			continue
		}
		f.keep(name, c, content{}, fmt.Errorf(
			"the file connections/%s.toml is gone; the last good configuration is used until Authtray ends. To remove the connection: authtray remove %s", name, name))
	}
}

// keep leaves the last good configuration in place, and says why.
func (f *files) keep(name string, c *configured, now content, err error) {
	f.complain(name, c, err)
	f.set(name, &configured{conn: c.conn, client: c.client, seen: now, err: err})
}

// complain logs and tells a trouble once, when it is new.
func (f *files) complain(name string, old *configured, err error) {
	if old != nil && old.err != nil && old.err.Error() == err.Error() {
		return
	}
	f.agent.log.Warn("a connection's file cannot be used", "connection", name, "err", err)
	if n := f.agent.opts.Notify; n != nil && old != nil {
		n.Warn("Authtray: the file of "+name+" cannot be used", err.Error())
	}
}

// build makes a connection's provider out of its file.
func (f *files) build(file config.File, certs certificates) (*providers.Client, error) {
	if file.Err != nil {
		return nil, file.Err
	}
	client, err := f.client(file.Connection, certs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return client, nil
}
