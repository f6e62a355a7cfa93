package agent

import (
	"errors"
	"os"
	"slices"
	"sort"
	"sync"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// files holds the configuration as it was last good, and what is wrong with it
// as it is now:
//
//	file                     was good before           was never good
//	good                     taken up                  taken up
//	broken or unreadable     the last good one stays   known, misconfigured: says file and line
//	vanished                 the last good one stays   forgotten
//
// No row erases a grant.
type files struct {
	agent *Agent

	certificates *certificateFiles

	reading sync.Mutex // one reload or change at a time; see lock
	stamp   string     // of the user's own entries, as they were read last

	mu        sync.Mutex
	catalogue *catalog.Catalogue
	settings  config.Settings
	conns     map[string]*configured
	trouble   map[string]string // what is wrong, by what it is about ("settings")
}

// configured is one connection's file.
type configured struct {
	conn   catalog.Connection // the last good one
	client *providers.Client  // nil: it was never good
	seen   content            // what was read last, to tell a change
	err    error              // why the file as it is now cannot be used
}

// content is what was read of a connection.
type content struct{ file, certificates string }

func newFiles(a *Agent) *files {
	return &files{agent: a, certificates: newCertificateFiles(), settings: config.DefaultSettings(), conns: map[string]*configured{}, trouble: map[string]string{}}
}

func (f *files) set(name string, c *configured) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[name] = c
}

func (f *files) forget(name string) {
	f.mu.Lock()
	delete(f.conns, name)
	f.mu.Unlock()
	f.agent.manager.Remove(name)
	f.agent.removed.send(name)
}

// sweep has erased what is left in the keychain of connections that were removed
// while it was locked.
func (a *Agent) sweep() {
	var removed []string
	for _, name := range config.VerdictNames(a.opts.Paths.State) {
		if _, there := a.files.get(name); !there {
			removed = append(removed, name)
		}
	}
	a.manager.Sweep(removed)
}

func (f *files) get(name string) (*configured, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.conns[name]
	return c, ok
}

func (f *files) all() map[string]*configured {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[string]*configured, len(f.conns))
	for name, c := range f.conns {
		out[name] = c
	}
	return out
}

// say remembers a trouble that concerns no single connection, or its end.
func (f *files) say(about string, err error) {
	f.mu.Lock()
	old := f.trouble[about]
	delete(f.trouble, about)
	if err != nil {
		f.trouble[about] = err.Error()
	}
	f.mu.Unlock()
	if err != nil && old != err.Error() {
		f.agent.log.Warn("the configuration as it was before is used", "about", about, "err", err)
	}
}

// notes are all troubles, a sentence each.
func (f *files) notes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, text := range f.trouble {
		all = append(all, text)
	}
	for _, c := range f.conns {
		if c.err != nil {
			all = append(all, c.err.Error())
		}
	}
	sort.Strings(all)
	return all
}

// write adds or changes a connection's file, and takes it up. Nothing is
// written that cannot be used.
func (f *files) write(conn catalog.Connection) error {
	certs := f.lock(func() []string { return []string{conn.CAFile} })
	defer f.reading.Unlock()
	if err := config.CheckName(conn.Name); err != nil {
		return asError(err, tokens.CodeBadRequest, err.Error(), "")
	}
	if _, err := f.client(conn, certs); err != nil {
		return asError(err, tokens.CodeBadRequest, err.Error(), "")
	}
	dir := f.agent.opts.Paths.Connections()
	if err := config.WriteConnection(dir, conn); err != nil {
		return writeError(err)
	}
	file, err := config.Connection(dir, conn.Name)
	if err != nil {
		return writeError(err)
	}
	f.take(file, true, certs)
	return nil
}

// widen makes scopes that were granted the connection's own, so that the next
// sign-in asks for them too.
func (f *files) widen(name string, scopes []string) {
	c, ok := f.get(name)
	if !ok || slices.Equal(c.conn.Scopes, scopes) {
		return
	}
	conn := c.conn
	conn.Scopes = scopes
	if err := f.write(conn); err != nil {
		f.agent.log.Warn("the scopes that were granted cannot be written to the connection's file", "connection", name, "err", err)
	}
}

// writeError tells what the parser refuses from what the disk does.
func writeError(err error) error {
	var path *os.PathError
	var link *os.LinkError
	if errors.As(err, &path) || errors.As(err, &link) || errors.Is(err, config.ErrWritable) {
		return asError(err, codeFailed, "The connection's file cannot be written: "+err.Error()+".", "")
	}
	return asError(err, tokens.CodeBadRequest, err.Error(), "")
}

// remove removes a connection's file and forgets the connection.
func (f *files) remove(name string) error {
	f.reading.Lock()
	defer f.reading.Unlock()
	if err := config.RemoveConnection(f.agent.opts.Paths.Connections(), name); err != nil {
		return notRemoved(err)
	}
	f.forget(name)
	return nil
}

// touch takes up a connection again as it is: something that its file does not
// hold, the secret, changed.
func (f *files) touch(name string) {
	var file config.File
	var err error
	certs := f.lock(func() []string {
		file, err = config.Connection(f.agent.opts.Paths.Connections(), name)
		return []string{file.Connection.CAFile}
	})
	defer f.reading.Unlock()
	if err != nil && file.Data == nil {
		return // unreadable now; the next reload says so
	}
	f.take(file, true, certs)
}
