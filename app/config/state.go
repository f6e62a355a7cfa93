package config

import (
	"errors"
	"slices"
	"sync"

	"github.com/authtray/authtray/providers"
)

// Accounts remembers whose account each connection was connected with, in the
// state folder (accounts/NAME.json): it must outlive the grant, so that
// reconnecting as someone else can be asked about. Each file is read once: nobody
// else writes there. Safe for concurrent use, with one writer for each name.
type Accounts struct {
	records Records[providers.Account]
	known   *sync.Map // providers.Account by name, as on disk
}

// NewAccounts is the memory of a state folder.
func NewAccounts(state string) Accounts {
	return Accounts{NewRecords[providers.Account](state, "accounts"), &sync.Map{}}
}

// Load is the zero Account where none is known.
func (a Accounts) Load(name string) providers.Account {
	if known, ok := a.known.Load(name); ok {
		return known.(providers.Account)
	}
	acc, _, err := a.records.Load(name)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return providers.Account{} // it may be read another time
	}
	known, _ := a.known.LoadOrStore(name, acc) // what was saved meanwhile is newer
	return known.(providers.Account)
}

// Save remembers an account.
func (a Accounts) Save(name string, acc providers.Account) error {
	if err := a.records.Save(name, acc); err != nil {
		return err
	}
	a.known.Store(name, acc)
	return nil
}

// Forget forgets it. An account that is not known is no error.
func (a Accounts) Forget(name string) error {
	if err := a.records.Remove(name); err != nil {
		return err
	}
	a.known.Store(name, providers.Account{})
	return nil
}

// NewAgreed keeps what the user agreed to for each connection, in the state folder
// (agreed/NAME.json). Where it cannot be read nothing was agreed to.
func NewAgreed(state string) Records[providers.Agreed] {
	return NewRecords[providers.Agreed](state, "agreed")
}

// NewWithheld keeps the scopes that the last sign-in of each connection asked for and
// the provider did not grant, in the state folder (withheld/NAME.json).
func NewWithheld(state string) Records[[]string] { return NewRecords[[]string](state, "withheld") }

// Clients remembers the clients that registered themselves, in the state folder
// (clients/NAME.json): they are not the user's configuration, and another machine
// with the same configuration has its own. Safe for concurrent use on different
// names.
type Clients struct{ records Records[Registered] }

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
	// Place is where the connection's MCP server was when the client was registered,
	// as an origin; "" where there is none, or it is not known.
	Place string `json:"place,omitempty"`
	// Others are the connection's clients at other places, with no others of their
	// own: a grant that was made with one is taken up again when its place is back.
	Others []Registered `json:"others,omitempty"`
}

// maxOthers is how many clients a connection keeps for places where it is no longer.
const maxOthers = 4

// Before is what r keeps of the one that it takes the place of. A client with a secret is
// not kept: the keychain has room for one.
func (r Registered) Before(old Registered) Registered {
	r.Others = nil
	all := append([]Registered{old}, old.Others...)
	for _, o := range all {
		o.Others = nil
		if o.ClientID != "" && o.Auth == "none" && o.Place != "" && o.Place != r.Place && len(r.Others) < maxOthers {
			r.Others = append(r.Others, o)
		}
	}
	return r
}

// NewClients is the memory of a state folder.
func NewClients(state string) Clients { return Clients{NewRecords[Registered](state, "clients")} }

// Load is the zero Registered where none is known, or can be read: another one is
// registered then.
func (c Clients) Load(name string) Registered {
	r, _, _ := c.records.Load(name)
	return r
}

// At is Load where the connection's MCP server is at a place. If the client was
// registered for another one, and there is one for this, that takes over.
func (c Clients) At(name, place string) Registered {
	r := c.Load(name)
	i := slices.IndexFunc(r.Others, func(o Registered) bool { return o.Place == place })
	if place == "" || r.Place == place || i < 0 {
		return r
	}
	if r.Auth != "none" { // it has a secret, and would be forgotten
		return r.Others[i]
	}
	back := r.Others[i].Before(r)
	_ = c.Save(name, back) // or it takes over again the next time
	return back
}

// Save remembers a client.
func (c Clients) Save(name string, r Registered) error { return c.records.Save(name, r) }

// Forget forgets it. One that is not known is no error.
func (c Clients) Forget(name string) error { return c.records.Remove(name) }
