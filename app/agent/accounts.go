package agent

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// accounts knows whose account each connection is, and which connections are the
// same one. That matters where the provider keeps one grant for each user and app
// (tokens.single_grant): connecting one then ends the other, and so does
// disconnecting it.
type accounts struct {
	manager  grantHolder
	remember config.Accounts                     // of grants that are gone
	client   func(name string) *providers.Client // nil: the connection's file was never good
	language *lang.Language
	log      *slog.Logger
}

// grantHolder holds the connections' grants: tokens.Manager.
type grantHolder interface {
	List() []tokens.Status
	Status(name string) (tokens.Status, error)
	Adopt(ctx context.Context, name string, r providers.Result) (tokens.Status, error)
	// Named says whose the adopted grant is, and reports whether it is still there.
	Named(name string, r providers.Result) bool
}

// of is whose account a connection is: of its grant, or the one remembered from
// the grant before.
func (a *accounts) of(name string) providers.Account {
	st, _ := a.manager.Status(name)
	if acc := accountOf(st); acc != (providers.Account{}) {
		return acc
	}
	return a.remember.Load(name)
}

// accountOf is whose grant a connection holds; empty where it holds none.
func accountOf(st tokens.Status) providers.Account {
	return providers.Account{ID: st.AccountID, Label: st.Account}
}

// name is an account in words, also where the grant is gone.
func (a *accounts) name(st tokens.Status) string {
	if st.Account != "" {
		return st.Account
	}
	return label(a.remember.Load(st.Name))
}

// named is what a notification calls a connection.
func (a *accounts) named(name string) string {
	st, err := a.manager.Status(name)
	if err != nil {
		st.Name = name
	}
	st.Account = a.name(st)
	return notify.Named(st)
}

func label(acc providers.Account) string {
	if acc.Label != "" {
		return acc.Label
	}
	return acc.ID
}

// differ reports that two accounts are surely not the same. One that the provider
// could not name is not told from any other.
func differ(was, is providers.Account) bool {
	if was.ID != "" && is.ID != "" {
		return was.ID != is.ID
	}
	return was.Label != "" && is.Label != "" && was.Label != is.Label
}

// adopt hands a grant to the manager, and remembers whose it is.
func (a *accounts) adopt(ctx context.Context, name string, r providers.Result) error {
	if _, err := a.manager.Adopt(ctx, name, r); err != nil {
		return err
	}
	if r.Account == (providers.Account{}) {
		return nil // the provider could not say: what is remembered stays
	}
	a.save(name, r.Account)
	return nil
}

// fillIn takes whose an adopted grant is, which was not known then. It reports
// whether that is still the connection's grant.
func (a *accounts) fillIn(name string, r providers.Result) bool {
	if !a.manager.Named(name, r) {
		return false
	}
	a.save(name, r.Account)
	return true
}

func (a *accounts) save(name string, account providers.Account) {
	if err := a.remember.Save(name, account); err != nil {
		a.log.Warn("whose account it is cannot be remembered", "connection", name, "err", err)
	}
}

func (a *accounts) forget(name string) {
	if err := a.remember.Forget(name); err != nil {
		a.log.Warn("whose account it was cannot be forgotten", "connection", name, "err", err)
	}
}

// sharing are the other connections that hold a grant of the same account, where
// there can be only one, sorted by name.
func (a *accounts) sharing(name string) []string {
	whose, app := a.of(name), a.singleGrantApp(name)
	if app == "" || whose == (providers.Account{}) {
		return nil
	}
	var names []string
	for _, st := range a.manager.List() {
		is := accountOf(st)
		if st.Name != name && is != (providers.Account{}) && !differ(whose, is) && a.singleGrantApp(st.Name) == app {
			names = append(names, st.Name)
		}
	}
	return names
}

// singleGrantApp names the app at a provider that keeps one grant for each user
// of it; "" where a provider keeps more.
func (a *accounts) singleGrantApp(name string) string {
	c := a.client(name)
	if c == nil || !c.Entry().Tokens.SingleGrant {
		return ""
	}
	e := c.Entry()
	return strings.Join([]string{e.ID, e.Issuer, e.Token, c.ClientID()}, "\n")
}

// sharedNote is what a person should know of an account under two names; "" for
// nothing.
func (a *accounts) sharedNote(st tokens.Status) string {
	return sharedSentence(st, a.sharing(st.Name), nil)
}

func sharedSentence(st tokens.Status, names []string, l *lang.Language) string {
	if len(names) == 0 {
		return ""
	}
	return l.Tr("{{.A}} is the same account at {{.B}}, which keeps one grant for each user and app: connecting or disconnecting one ends the other. Keep one of them.",
		"A", strings.Join(names, " "+l.Tr("and")+" "), "B", providerName(st))
}

// sharedWarning is sharedNote for the connection that was connected last, and ""
// for the others.
func (a *accounts) sharedWarning(st tokens.Status) string {
	names := a.sharing(st.Name) // asked once: another may be connecting in this moment
	if st.State != tokens.Connected {
		return ""
	}
	for _, name := range names {
		if them, err := a.manager.Status(name); err == nil && consentTime(them).After(consentTime(st)) {
			return ""
		}
	}
	return sharedSentence(st, names, a.language)
}

func consentTime(st tokens.Status) time.Time {
	if st.ConsentedAt == nil {
		return time.Time{}
	}
	return *st.ConsentedAt
}

func providerName(st tokens.Status) string {
	if st.ProviderName != "" {
		return st.ProviderName
	}
	return st.Provider
}
