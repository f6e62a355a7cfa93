package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
)

// reloadCatalogue reads the entries again if the user's own may have changed,
// and reports whether it took up something. An entry with a fault leaves the
// others; one that was good before keeps the whole catalogue as it was, until it
// is mended.
func (f *files) reloadCatalogue() bool {
	dir := f.agent.opts.Paths.Providers()
	stamp := stampOf(dir)
	if f.known() != nil && stamp == f.stamp {
		return false // parsing all entries for nothing would cost a few megabytes
	}
	f.stamp = stamp
	fresh, faults := catalog.LoadCatalogue(dir)
	err := errors.Join(faults...)
	f.say("providers", err)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.catalogue != nil && err != nil && lost(f.catalogue, fresh) {
		return false
	}
	f.catalogue = fresh
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
	for _, e := range old.List() {
		if _, ok := fresh.Entry(e.ID); !ok {
			return true
		}
	}
	return false
}

func (f *files) known() *catalog.Catalogue {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.catalogue
}

// client makes the provider of a connection, or says what its file lacks.
func (f *files) client(conn catalog.Connection, certs certificates) (*providers.Client, error) {
	var client *providers.Client
	client, err := providers.NewClient(f.known(), conn, providers.ClientOptions{
		Secret: func(ctx context.Context) (string, error) {
			_, registered := client.Registered()
			return f.agent.clientSecret(conn.Name, registered)(ctx)
		},
		Registered: f.agent.clients().Load(conn.Name).Registration,
		Transport:  f.agent.opts.Transport,
		Now:        f.agent.opts.Clock.Now,
		Version:    f.agent.opts.Version,

		Certificates: certs.read,
	})
	return client, err
}

// Providers implements api.Agent.
func (a *Agent) Providers() []api.Brief {
	all := []api.Brief{}
	for _, e := range a.files.known().List() {
		all = append(all, api.Brief{ID: e.ID, Name: e.Name})
	}
	return all
}

// Provider implements api.Agent.
func (a *Agent) Provider(id string) (api.Provider, error) {
	e, ok := a.files.known().Entry(id)
	if !ok {
		return api.Provider{}, &tokens.Error{
			Code: api.CodeUnknownProvider, Detail: fmt.Sprintf("There is no provider %q.", id), Hint: "authtray providers",
		}
	}
	return api.Provider{Entry: e, RedirectURI: e.RedirectURI()}, nil
}
