package agent

import (
	"errors"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/hosts"
	"github.com/authtray/authtray/tokens"
)

// Host implements api.Agent.
func (a *Agent) Host(host, path, user string) (api.HostMatch, error) {
	return a.hostAmong(func(*configured) bool { return true }, host, path, user)
}

// hostAmong asks those connections that it may be.
func (a *Agent) hostAmong(may func(*configured) bool, host, path, user string) (api.HostMatch, error) {
	var all []hosts.Connection
	found := map[string]api.HostMatch{}
	for name, c := range a.files.all() {
		if c.client == nil || !may(c) {
			continue
		}
		account := a.accountOf(name)
		all = append(all, hosts.Connection{Name: name, Account: account, Hosts: c.client.Hosts()})
		found[name] = api.HostMatch{Name: name, Provider: c.client.Entry().ID, Account: account}
	}
	name, err := hosts.Match(all, host, path, user)
	return found[name], hostError(err)
}

// accountOf is whose connection it is, also where its grant is gone.
func (a *Agent) accountOf(name string) string {
	if st, err := a.manager.Status(name); err == nil && st.Account != "" {
		return st.Account
	}
	return label(a.memory.Load(name))
}

func hostError(err error) error {
	var r *hosts.Refusal
	switch {
	case !errors.As(err, &r):
		return err
	case r.Reason == hosts.None:
		return &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: r.Detail}
	}
	return &tokens.Error{Code: api.CodeUnclearHost, Reason: tokens.Reason(r.Reason), Detail: r.Detail}
}
