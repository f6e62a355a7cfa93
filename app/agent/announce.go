package agent

import (
	"context"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
)

// told is what the user has been shown and not been told the end of.
type told struct {
	mu     sync.Mutex
	deaths map[string]telling // notifications with Reconnect, by connection
	warned map[string]bool    // warnings that are said once: "NAME unsaved"
}

// telling is a death on its way to the user.
type telling struct {
	detail string
	shown  bool // it could be seen; before that the notifier has it
}

// announceAll shows each change in the tray, and tells what cannot wait. It
// looks at everything, not at the change it woke for: changes that came in
// between are then not missed.
func (a *Agent) announceAll(ctx context.Context) {
	changes, removed, stop := a.Subscribe()
	defer stop()
	for {
		a.show()
		select {
		case <-ctx.Done():
			return
		case <-changes:
			drain(changes)
		case name := <-removed:
			a.withdraw(name)
		}
	}
}

func drain(c <-chan tokens.Status) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}

func (a *Agent) show() {
	all := a.manager.List()
	if a.opts.Tray != nil {
		a.opts.Tray.Show(all)
	}
	for _, st := range all {
		a.announce(st)
	}
}

// announce tells one connection's state, if it is to be told.
//
//	reconnect_required, not told yet      a notification with Reconnect, once per death
//	connecting                            what is up stays up until the flow ends
//	anything else                         a notification that is up is withdrawn
//	unsaved, ends soon                    a warning, once
func (a *Agent) announce(st tokens.Status) {
	if a.opts.Notify == nil {
		return
	}
	switch {
	case st.State == tokens.ReconnectRequired:
		a.announceDeath(st)
	case st.State != tokens.Connecting:
		a.withdraw(st.Name)
	}
	a.warnShared(st)
	a.warnOnce(st.Name+" unsaved", st.Unsaved, "Authtray: "+st.Name, st.Detail)
	a.warnOnce(st.Name+" ends", st.EndsSoon, "Authtray: "+st.Name, endsSoon(st))
}

// announceDeath hands a death to the notifier, once. The user counts as told when
// it could be seen, and not before: the verdict says so only then, so that a
// death which nobody was shown is shown by a later agent. What was shown is not
// repeated by one, though ending withdraws it with the button that would lead
// nowhere: the tray says from the start that the connection needs its user, and
// so does every answer to a tool. Only where reminders are wished it is told again.
func (a *Agent) announceDeath(st tokens.Status) {
	reminders := a.Settings().Reminders
	a.told.mu.Lock()
	was, up := a.told.deaths[st.Name]
	tell := !up && (st.Announce || reminders) || up && st.Announce && a.isOther(st, was)
	if tell {
		a.told.deaths[st.Name] = telling{detail: st.Detail}
	}
	a.told.mu.Unlock()
	if !tell {
		return
	}
	a.opts.Notify.ReconnectRequired(st, func() { a.Reconnect(st.Name) })
	if !a.confirms {
		a.shown(st)
	}
}

// isOther tells another death from the one that the notifier has. It is asked
// again whether one that was shown is to be announced: st may be from before that.
func (a *Agent) isOther(st tokens.Status, was telling) bool {
	if !was.shown {
		return st.Detail != was.detail
	}
	now, err := a.manager.Status(st.Name)
	return err == nil && now.Announce
}

// shown is told by the notifier that the user could see a death. The verdict is
// marked first: who sees this one as shown must not find it unannounced.
func (a *Agent) shown(st tokens.Status) {
	a.told.mu.Lock()
	is, up := a.told.deaths[st.Name]
	a.told.mu.Unlock()
	if !up || is.detail != st.Detail {
		return // it is well again, or has died of something else since
	}
	a.manager.Announced(st.Name)
	a.told.mu.Lock()
	defer a.told.mu.Unlock()
	if now, up := a.told.deaths[st.Name]; up && now == is {
		a.told.deaths[st.Name] = telling{is.detail, true}
	}
}

func (a *Agent) withdraw(name string) {
	a.told.mu.Lock()
	_, up := a.told.deaths[name]
	delete(a.told.deaths, name)
	a.told.mu.Unlock()
	if up {
		a.opts.Notify.Withdraw(name)
	}
}

// warnOnce tells a warning when it begins to be true.
func (a *Agent) warnOnce(key string, is bool, title, body string) {
	a.told.mu.Lock()
	was := a.told.warned[key]
	a.told.warned[key] = is
	a.told.mu.Unlock()
	if is && !was {
		a.opts.Notify.Warn(title, body)
	}
}

func endsSoon(st tokens.Status) string {
	if st.EndsAt == nil {
		return ""
	}
	return "Your sign-in at " + providerName(st) + " ends on " + st.EndsAt.Local().Format("2 January") + ". Reconnect before then to go on without a break."
}

// Reconnect starts a flow in the browser because the user clicked, and tells
// where that fails: a click has nobody else to answer to.
func (a *Agent) Reconnect(name string) {
	ctx, cancel := context.WithTimeout(a.ended, providers.FlowTimeout+time.Minute)
	defer cancel()
	p, err := a.Connect(ctx, name, api.ConnectRequest{Mode: string(providers.Browser)})
	if err == nil && p.Attempt().BrowserError != "" {
		a.complain(name, p.Attempt().BrowserError+" Run: authtray connect "+name)
	}
	if err == nil {
		_, err = p.Wait(ctx)
	}
	if err != nil && a.ended.Err() == nil {
		a.complain(name, detail(err))
	}
}

// complain tells what went wrong with something that the user clicked.
func (a *Agent) complain(name, text string) {
	a.log.Info("what the user asked for did not work", "connection", name, "why", text)
	if a.opts.Notify != nil {
		a.opts.Notify.Warn("Authtray: "+name, text)
	}
}

// welcome says how to begin, where nothing has been configured yet.
func (a *Agent) welcome() {
	a.log.Info("no connections yet; add the first one with: authtray add NAME --provider ID")
	if a.opts.Notify != nil {
		a.opts.Notify.Info("Authtray is running", "Add your first connection in its window, or with: authtray add NAME --provider ID")
	}
}

// broadcast tells names to whoever listens; who falls behind loses some.
type broadcast struct {
	mu  sync.Mutex
	all map[chan string]bool
}

func (b *broadcast) subscribe() (<-chan string, func()) {
	ch := make(chan string, 16)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[chan string]bool{}
	}
	b.all[ch] = true
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.all, ch)
	}
}

func (b *broadcast) send(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.all {
		select {
		case ch <- name:
		default:
		}
	}
}
