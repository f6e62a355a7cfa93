package crash

import (
	"encoding/json"
	"fmt"

	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// record is what a keychain record says of itself. It is never printed.
type record struct {
	Generation uint64            `json:"gen"`
	Access     string            `json:"access_token"`
	Refresh    string            `json:"refresh_token"`
	Extra      map[string]string `json:"extra"`
	End        *struct {
		State tokens.State `json:"state"`
	} `json:"end"`
}

// dead reports whether a connection's record says that its grant is over, and
// holds no token.
func (a *agent) dead(name string) bool {
	var r record
	b, err := a.items.Get(storetest.Context(a.t), name)
	return err == nil && json.Unmarshal(b, &r) == nil && r.End != nil && r.End.State == tokens.ReconnectRequired && r.Access+r.Refresh == ""
}

// record reads a connection's record out of the keychain, as a new process
// would, and its issue in the provider's book. An error says why it is not
// exactly what the provider gave together.
func (a *agent) record(name string) (record, issue, error) {
	b, err := a.items.Get(storetest.Context(a.t), name)
	if err != nil {
		return record{}, issue{}, err
	}
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, issue{}, fmt.Errorf("the record is no JSON")
	}
	i := a.provider.book.of(r.Access)
	return r, i, r.mixture(i)
}

// mixture says how a record differs from the one answer that it should be of.
func (r record) mixture(i issue) error {
	if i.n == 0 || i.refresh != r.Refresh {
		return fmt.Errorf("a mixture: its tokens were not given together")
	}
	if s, ok := r.Extra["seal"]; ok && s != sealOf(r.Access, r.Refresh) {
		return fmt.Errorf("a mixture: the seal is another answer's")
	}
	if s, ok := r.Extra["long_seal"]; ok && s != longSealOf(r.Access, r.Refresh) {
		return fmt.Errorf("a mixture: the long seal is another answer's")
	}
	return nil
}

// newest says that the record is of the last answer that its grant gave.
func (a *agent) newest(i issue) bool { return a.provider.book.newest(i.grant).n == i.n }
