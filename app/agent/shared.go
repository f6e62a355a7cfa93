package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// This file is about one account under two names. It matters where the provider
// keeps one grant for each user and app (tokens.single_grant): connecting one
// then ends the other, and so does disconnecting it.

// sharing are the other connections that hold a grant of the same account, where
// there can be only one, sorted by name.
func (a *Agent) sharing(name string) []string {
	whose, key := a.account(name), a.oneGrant(name)
	if key == "" || whose == (providers.Account{}) {
		return nil
	}
	var names []string
	for _, st := range a.manager.List() {
		is := a.manager.Account(st.Name)
		if st.Name != name && is != (providers.Account{}) && !other(whose, is) && a.oneGrant(st.Name) == key {
			names = append(names, st.Name)
		}
	}
	return names
}

// oneGrant names the app at a provider that keeps one grant for each user of it;
// "" where a provider keeps more.
func (a *Agent) oneGrant(name string) string {
	c, ok := a.files.get(name)
	if !ok || c.client == nil || !c.client.Entry().Tokens.SingleGrant {
		return ""
	}
	e := c.client.Entry()
	return strings.Join([]string{e.ID, e.Issuer, e.Token, c.client.ClientID()}, "\n")
}

// noteShared is what a person should know of an account under two names; "" for
// nothing.
func (a *Agent) noteShared(st tokens.Status) string {
	return noteFor(st, a.sharing(st.Name))
}

func noteFor(st tokens.Status, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is the same account at %s, which keeps one grant for each user and app: connecting or disconnecting one ends the other. Keep one of them.",
		strings.Join(names, " and "), providerName(st))
}

// partedFrom is said of the connections that shared the grant which was just
// given back; what became of them is found out at once, and not when a tool
// fails.
func (a *Agent) partedFrom(st tokens.Status, names []string) string {
	if len(names) == 0 {
		return ""
	}
	for _, name := range names {
		go a.look(name)
	}
	return fmt.Sprintf("%s is the same account at %s, which keeps one grant for each user and app, so its access has probably ended too; Authtray is looking.",
		strings.Join(names, " and "), providerName(st))
}

// look renews a connection's token to see whether its grant still lives.
func (a *Agent) look(name string) {
	ctx, cancel := context.WithTimeout(a.ended, userTime)
	defer cancel()
	if _, err := a.manager.Refresh(ctx, name); err != nil {
		a.log.Info("a connection of the same account was looked at", "connection", name, "err", err)
	}
}

// warnShared tells the one that was connected later, once.
func (a *Agent) warnShared(st tokens.Status) {
	note := ""
	// Asked once: another may be connecting in this moment.
	if names := a.sharing(st.Name); st.State == tokens.Connected && a.isLatest(st, names) {
		note = noteFor(st, names)
	}
	a.warnOnce(st.Name+" shared", note != "", "Authtray: "+st.Name, note)
}

func (a *Agent) isLatest(st tokens.Status, sharing []string) bool {
	for _, name := range sharing {
		if them, err := a.manager.Status(name); err == nil && since(them).After(since(st)) {
			return false
		}
	}
	return true
}

func since(st tokens.Status) time.Time {
	if st.ConsentedAt == nil {
		return time.Time{}
	}
	return *st.ConsentedAt
}
