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
