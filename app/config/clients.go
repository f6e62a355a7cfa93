package config

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/authtray/authtray/providers"
)

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
