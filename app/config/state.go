package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/authtray/authtray/providers"
)

// Accounts remembers whose account each connection was connected with, in the
// state folder (accounts/NAME.json): it must outlive the grant, so that
// reconnecting as someone else can be asked about. Each file is read once: nobody
// else writes there. No secret is in it. Safe for concurrent use, with one writer
// for each name.
type Accounts struct {
	dir   string
	known *sync.Map // providers.Account by name, as on disk
}

// NewAccounts is the memory of a state folder.
func NewAccounts(state string) Accounts {
	return Accounts{dir: filepath.Join(state, "accounts"), known: &sync.Map{}}
}

func (a Accounts) file(name string) string { return filepath.Join(a.dir, name+".json") }

// Load is the zero Account where none is known.
func (a Accounts) Load(name string) (acc providers.Account) {
	if known, ok := a.known.Load(name); ok {
		return known.(providers.Account)
	}
	data, err := Read(a.file(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return providers.Account{} // it may be read another time
	}
	if err != nil || json.Unmarshal(data, &acc) != nil {
		acc = providers.Account{}
	}
	known, _ := a.known.LoadOrStore(name, acc) // what was saved meanwhile is newer
	return known.(providers.Account)
}

// Save remembers an account.
func (a Accounts) Save(name string, acc providers.Account) error {
	data, err := json.Marshal(acc)
	if err != nil {
		return err
	}
	if err := Write(a.file(name), append(data, '\n')); err != nil {
		return err
	}
	a.known.Store(name, acc)
	return nil
}

// Forget forgets it. An account that is not known is no error.
func (a Accounts) Forget(name string) error {
	if err := Remove(a.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	a.known.Store(name, providers.Account{})
	return nil
}

// Clients remembers the clients that registered themselves, in the state folder
// (clients/NAME.json): they are not the user's configuration, and another machine
// with the same configuration has its own. No secret is in it. Safe for
// concurrent use on different names.
type Clients struct{ dir string }

// Registered is the client of one connection.
type Registered struct {
	providers.Registration
	// Replaces is the client id before this one, which the provider no longer
	// knew; "" for the first.
	Replaces string `json:"replaces,omitempty"`
	// Doubted: a sign-in with it ended without an answer, as it does where the
	// provider shows the person that it does not know the client. The next
	// sign-in registers another one.
	Doubted bool `json:"doubted,omitempty"`
}

// NewClients is the memory of a state folder.
func NewClients(state string) Clients { return Clients{dir: filepath.Join(state, "clients")} }

func (c Clients) file(name string) string { return filepath.Join(c.dir, name+".json") }

// Load is the zero Registered where none is known.
func (c Clients) Load(name string) (r Registered) {
	data, err := Read(c.file(name))
	if err != nil || json.Unmarshal(data, &r) != nil {
		return Registered{}
	}
	return r
}

// Save remembers a client.
func (c Clients) Save(name string, r Registered) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return Write(c.file(name), append(data, '\n'))
}

// Forget forgets it. One that is not known is no error.
func (c Clients) Forget(name string) error {
	err := Remove(c.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
