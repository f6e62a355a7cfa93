package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/authtray/authtray/providers"
)

// Accounts remembers whose account each connection was connected with, in the
// state folder (accounts/NAME.json): it must outlive the grant, so that
// reconnecting as someone else can be asked about. No secret is in it. Safe for
// concurrent use on different names.
type Accounts struct{ dir string }

// NewAccounts is the memory of a state folder.
func NewAccounts(state string) Accounts { return Accounts{dir: filepath.Join(state, "accounts")} }

func (a Accounts) file(name string) string { return filepath.Join(a.dir, name+".json") }

// Load is the zero Account where none is known.
func (a Accounts) Load(name string) (acc providers.Account) {
	data, err := Read(a.file(name))
	if err != nil || json.Unmarshal(data, &acc) != nil {
		return providers.Account{}
	}
	return acc
}

// Save remembers an account.
func (a Accounts) Save(name string, acc providers.Account) error {
	data, err := json.Marshal(acc)
	if err != nil {
		return err
	}
	return Write(a.file(name), append(data, '\n'))
}

// Forget forgets it. An account that is not known is no error.
func (a Accounts) Forget(name string) error {
	err := Remove(a.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
