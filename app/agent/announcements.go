package agent

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
)

// announcements shows each change in the tray, and tells the user what cannot
// wait:
//
//	reconnect_required, not told yet      a notification with Reconnect, once per death
//	connecting                            what is up stays up until the sign-in ends
//	anything else, or removed             a notification that is up is withdrawn
//	connecting, connected, removed        a banner about what went wrong before is taken back
//	retrying, not told yet                a warning, once: a policy has refused for a day
//	unsaved, ends soon, shared account    a warning, once
type announcements struct {
	manager       statusHolder
	tray          Tray
	notify        Notifier
	language      *lang.Language
	reminders     func() bool                   // the user wishes them
	sharedWarning func(st tokens.Status) string // "" for none
	reconnect     func(name string)             // the notification's button
	connected     func(name string)             // is told that a connection is; may be nil
	account       func(tokens.Status) string    // whose a connection is, also where its grant is gone; nil: nobody knows more
	keychain      func([]tokens.Status)         // follows whether it is locked; nil: nobody does

	mu     sync.Mutex
	deaths map[string]announcedDeath // notifications with Reconnect, by connection
	states map[string]tokens.State   // as they were last looked at, by connection
	warned map[string]bool           // warnings that are said once: "NAME unsaved"
}

// statusHolder knows how the connections are: tokens.Manager.
type statusHolder interface {
	List() []tokens.Status
	Status(name string) (tokens.Status, error)
	// Announced marks a death that the user could see.
	Announced(name string)
}

// announcedDeath is a death that the notifier was given.
type announcedDeath struct {
	detail string
	shown  bool // it could be seen; before that the notifier has it
}

func newAnnouncements(m statusHolder, t Tray, n Notifier) *announcements {
	a := &announcements{manager: m, tray: t, notify: n, deaths: map[string]announcedDeath{}, states: map[string]tokens.State{}, warned: map[string]bool{}}
	n.OnShown(a.shown)
	return a
}

// run announces until ctx ends. It looks at everything, not at the changes it
// woke for: what is warned of may concern more than what changed.
func (a *announcements) run(ctx context.Context, changes api.Changes) {
	for {
		a.announceAll()
		if _, err := changes.Wait(ctx); err != nil {
			return
		}
	}
}

func (a *announcements) announceAll() {
	all := a.manager.List()
	if a.account != nil {
		for i, st := range all {
			all[i].Account = a.account(st)
		}
	}
	a.tray.Show(all)
	if a.keychain != nil {
		a.keychain(all)
	}
	there := map[string]bool{}
	for _, st := range all {
		there[st.Name] = true
		a.settle(st)
		a.announce(st)
	}
	if len(all) > 0 {
		a.notify.Settle(aboutWelcome)
	}
	for _, name := range a.announced() {
		if !there[name] {
			a.withdraw(name)
		}
	}
	for name := range a.states {
		if !there[name] {
			delete(a.states, name)
			a.settled(name)
		}
	}
}

// What banners are about: the name of a connection for what went wrong with what
// the user asked for, and with a word for the rest. A name holds no space.
const (
	aboutWelcome = " welcome"
	aboutAccount = " account" // signed in as another one than before
	aboutPolicy  = " policy"  // refused for a day
	aboutFile    = " file"    // cannot be used
	aboutConsent = " consent" // a program wants a sign-in, or more scopes
)

// settle takes back what a banner said of a connection that has become another
// matter: it is connected now, or about to be.
func (a *announcements) settle(st tokens.Status) {
	was := a.states[st.Name]
	a.states[st.Name] = st.State
	if was != st.State && was != "" && (st.State == tokens.Connecting || st.State == tokens.Connected) {
		a.notify.Settle(st.Name)
		a.notify.Settle(st.Name + aboutPolicy)
		a.notify.Settle(st.Name + aboutConsent)
	}
	if was != st.State && st.State == tokens.Connecting {
		a.notify.Settle(st.Name + aboutAccount)
	}
}

func (a *announcements) settled(name string) {
	for _, about := range []string{"", aboutAccount, aboutPolicy, aboutFile, aboutConsent} {
		a.notify.Settle(name + about)
	}
}

// announced are the connections that have a notification with Reconnect.
func (a *announcements) announced() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.deaths))
}

func (a *announcements) announce(st tokens.Status) {
	switch st.State {
	case tokens.ReconnectRequired:
		a.announceDeath(st)
	case tokens.Connecting:
	default:
		if st.State == tokens.Connected && a.connected != nil {
			a.connected(st.Name)
		}
		a.withdraw(st.Name)
		if st.Announce {
			a.notify.Warn(st.Name+aboutPolicy, a.language.Tr("{{.Name}} is refused for now", "Name", notify.Named(st)), a.language.Status(st))
			a.manager.Announced(st.Name)
		}
	}
	named := notify.Named(st)
	a.warnOnce(st, "shared", a.language.Tr("{{.Name}} shares its account", "Name", named), a.sharedWarning(st))
	unsaved := ""
	if st.Unsaved {
		unsaved = a.language.Status(st)
	}
	a.warnOnce(st, "unsaved", a.language.Tr("The token of {{.Name}} is not saved yet", "Name", named), unsaved)
	a.warnOnce(st, "ends", a.language.Tr("The sign-in of {{.Name}} ends soon", "Name", named), endsSoon(st, a.language))
}

// announceDeath hands a death to the notifier, once. The user counts as told when
// it could be seen, and not before: the record says so only then, so that a
// death which nobody was shown is shown by a later agent. What was shown is not
// repeated by one, though ending withdraws it with the button that would lead
// nowhere: the tray says from the start that the connection needs its user, and
// so does every answer to a tool. Only where reminders are wished it is told again.
func (a *announcements) announceDeath(st tokens.Status) {
	reminders := a.reminders()
	a.mu.Lock()
	was, up := a.deaths[st.Name]
	tell := !up && (st.Announce || reminders) || up && st.Announce && a.isOther(st, was)
	if tell {
		a.deaths[st.Name] = announcedDeath{detail: st.Detail}
	}
	a.mu.Unlock()
	if !tell {
		return
	}
	a.notify.ReconnectRequired(st, func() { a.reconnect(st.Name) })
}

// announceAgain announces a death that is not up, told before or not: somebody wants
// the connection now.
func (a *announcements) announceAgain(st tokens.Status) {
	if a.account != nil {
		st.Account = a.account(st)
	}
	a.mu.Lock()
	_, up := a.deaths[st.Name]
	if !up {
		a.deaths[st.Name] = announcedDeath{detail: st.Detail}
	}
	a.mu.Unlock()
	if up {
		return
	}
	a.notify.ReconnectRequired(st, func() { a.reconnect(st.Name) })
}

// isOther tells another death from the one that the notifier has. It is asked
// again whether one that was shown is to be announced: st may be from before that.
func (a *announcements) isOther(st tokens.Status, was announcedDeath) bool {
	if !was.shown {
		return st.Detail != was.detail
	}
	now, err := a.manager.Status(st.Name)
	return err == nil && now.Announce
}

// shown is told by the notifier that the user could see a death. The record is
// marked first: who sees this one as shown must not find it unannounced.
func (a *announcements) shown(st tokens.Status) {
	a.mu.Lock()
	is, up := a.deaths[st.Name]
	a.mu.Unlock()
	if !up || is.detail != st.Detail {
		return // it is well again, or has died of something else since
	}
	a.manager.Announced(st.Name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if now, up := a.deaths[st.Name]; up && now == is {
		a.deaths[st.Name] = announcedDeath{is.detail, true}
	}
}

func (a *announcements) withdraw(name string) {
	a.mu.Lock()
	_, up := a.deaths[name]
	delete(a.deaths, name)
	a.mu.Unlock()
	if up {
		a.notify.Withdraw(name)
	}
}

// warnOnce tells a warning when there begins to be one; text is "" for none.
func (a *announcements) warnOnce(st tokens.Status, about, title, text string) {
	key := st.Name + " " + about
	a.mu.Lock()
	was := a.warned[key]
	a.warned[key] = text != ""
	a.mu.Unlock()
	switch {
	case text != "" && !was:
		a.notify.Warn(key, title, text)
	case text == "" && was:
		a.notify.Settle(key)
	}
}

func endsSoon(st tokens.Status, l *lang.Language) string {
	if !st.EndsSoon || st.EndsAt == nil {
		return ""
	}
	return l.Tr("Your sign-in at {{.Provider}} ends on {{.Date}}. Reconnect before then to go on without a break.",
		"Provider", providerName(st), "Date", st.EndsAt.Local().Format(l.Tr("2 January"))) // a layout is a text too
}
