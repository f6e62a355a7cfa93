package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/doctor"
	"github.com/authtray/authtray/app/tools/mcp"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Agent is the long-lived process's one object: it puts the parts together, and
// answers the socket with them. Safe for concurrent use.
type Agent struct {
	opts    Options
	log     *slog.Logger
	started time.Time
	hasTray bool // Options named one
	ended   context.Context
	end     context.CancelFunc

	manager       *tokens.Manager
	keychain      *keychain
	configuration *configuration
	clients       *registeredClients
	accounts      *accounts
	mcp           *mcpServers
	views         *connectionViews
	history       *history
	signIns       *signIns
	remover       *connectionRemover
	access        *tokenAccess
	login         loginEntry
	clicks        *clicks
	announcements *announcements
	consents      *consents
	window        *windowOpener
	extra         *extraListeners
	background    background // what goes on after a request was answered
}

var _ api.Agent = (*Agent)(nil)

// NewAgent makes an agent that has read nothing yet; Run starts it. This is where
// the parts get to know each other: each knows those above it, and what the
// configuration causes below it is set at the end.
func NewAgent(o Options) *Agent {
	hasTray := o.Tray != nil
	o = o.withDefaults()
	a := &Agent{opts: o, log: o.Log, started: time.Now(), hasTray: hasTray, background: background{log: o.Log}}
	a.ended, a.end = context.WithCancel(context.Background())
	a.manager = tokens.New(tokens.Options{
		Store: o.Store, Notes: config.Notes(o.Paths.State), Clock: o.Clock, Log: o.Log, Jumped: o.jumped, Step: o.Step,
	})
	a.keychain = &keychain{store: o.Store, own: o.Ownership, ended: a.ended, log: o.Log}
	a.window = &windowOpener{socket: o.Paths.Socket, state: o.Paths.State, carried: o.HasWindow}
	a.extra = &extraListeners{paths: o.Paths, log: o.Log}
	a.login = loginEntry{autostart: o.Autostart, tray: o.Tray, log: o.Log}

	a.configuration = newConfiguration(o.Paths, o.Log)
	a.clients = &registeredClients{
		records: a.configuration.registered, keychain: a.keychain, configuration: a.configuration,
		manager: a.manager, now: o.Clock.Now, log: o.Log,
	}
	a.accounts = &accounts{
		manager: a.manager, remember: config.NewAccounts(o.Paths.State), client: a.configuration.client, language: o.Language, log: o.Log,
	}
	a.mcp = &mcpServers{records: mcp.Memory(o.Paths.State), configuration: a.configuration, changed: a.manager.Touch}
	a.history = newHistory(a.manager, o.Paths.State, func(name string) { a.background.start(name, func() { a.remover.check(name) }) }, o.Log)
	a.views = &connectionViews{history: a.history, manager: a.manager, configuration: a.configuration, accounts: a.accounts, mcp: a.mcp, questions: o.Notify.Questions}
	o.Notify.OnAsked(a.manager.Touch)
	a.access = &tokenAccess{manager: a.manager, configuration: a.configuration, gate: o.Gate, audit: o.Audit}
	unlock := &unlockNotice{notify: o.Notify, language: o.Language, unlock: func() { a.keychain.unlock() }, ended: a.ended}
	a.access.refused = unlock.refused
	a.signIns = &signIns{
		manager: a.manager, configuration: a.configuration, clients: a.clients, accounts: a.accounts,
		show: a.views.get, open: o.Open, notify: o.Notify, language: o.Language, unlock: a.keychain.unlock, now: o.Clock.Now, ended: a.ended, background: &a.background, log: o.Log,
		pending: map[string]*signIn{}, held: map[string]heldGrant{},
	}
	a.remover = &connectionRemover{
		manager: a.manager, configuration: a.configuration, accounts: a.accounts, clients: a.clients,
		signIns: a.signIns, mcp: a.mcp, history: a.history, gate: o.Gate, ended: a.ended, background: &a.background, log: o.Log,
	}
	a.clicks = &clicks{signIns: a.signIns, notify: o.Notify, status: a.manager.Status, named: a.accounts.named, language: o.Language, ended: a.ended, log: o.Log}
	a.showFromNotifications()
	a.announcements = newAnnouncements(a.manager, o.Tray, o.Notify)
	a.announcements.language, a.announcements.reminders = o.Language, a.configuration.reminders
	a.announcements.sharedWarning = a.accounts.sharedWarning
	a.announcements.reconnect = a.clicks.reconnect
	a.announcements.account, a.announcements.keychain = a.accounts.name, unlock.follow

	a.consents = &consents{
		manager: a.manager, signIns: a.signIns, notify: o.Notify, language: o.Language, announce: a.announcements.announceAgain, now: o.Clock.Now, ended: a.ended,
		pending: map[string]*consent{}, refused: map[string]time.Time{},
	}
	a.announcements.connected = a.consents.connected

	a.configuration.newClient = clientMaker{
		keychain: a.keychain, registered: a.configuration.registered, agreed: a.configuration.agreed,
		options: providers.ClientOptions{Transport: o.Transport, Now: o.Clock.Now, Version: o.Version, Log: o.Log, Language: o.Language},
	}.make
	a.configuration.manager = a.manager
	a.configuration.notify, a.configuration.language, a.configuration.named = o.Notify, o.Language, a.accounts.named
	a.configuration.changed = a.signIns.stop
	return a
}

// Run serves until ctx ends or Quit is called, then lets answers that are under
// way reach the keychain. The caller holds the profile's lock (api.Lock).
func (a *Agent) Run(ctx context.Context) error {
	defer a.end()
	defer context.AfterFunc(ctx, a.end)()
	a.opts.Gate.Named(a.accounts.named)
	forwarded := a.extra.serveForwarded(a, a.configuration.isRemote, a.opts.Sockets)
	defer forwarded.end()
	listener, err := a.opts.Sockets.Listen(a.opts.Paths.Socket, a.log)
	a.opts.Sockets.Close() // of another address: whoever connects there would wait for nobody
	if err != nil {
		return err
	}
	a.configuration.reload()
	a.remover.eraseRemoved()
	a.extra.checkSettings(a.configuration.currentSettings())
	debug.FreeOSMemory() // what it took to read the catalogue; this process is idle from here on
	var work sync.WaitGroup
	work.Go(func() { a.manager.Run(a.ended) })
	work.Go(func() {
		changes := a.manager.Subscribe()
		defer changes.Stop()
		a.announcements.run(a.ended, changes)
	})
	work.Go(func() {
		changes := a.manager.Subscribe()
		defer changes.Stop()
		a.history.forgetRemoved()
		a.history.follow(a.ended, changes)
	})
	work.Go(func() { a.views.followNotes(a.ended) })
	work.Go(func() { a.configuration.watch(a.ended) })
	work.Go(a.followMemory)
	work.Go(func() { a.clients.replaceRefused(a.ended) })
	work.Go(func() { watchNetwork(a.ended, a.log, a.manager.NetworkBack) })
	work.Go(func() { a.opts.followClock(a.ended) })
	server := api.NewServer(a, a.log)
	server.HandsOver(append(forwarded.listeners(), listener)...)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.log.Info("ready", "socket", a.opts.Paths.Socket, "version", a.opts.Version, "store", a.opts.Store.Kind())
	select {
	case err = <-served: // cannot go on without a socket
	case <-server.HandedOver():
		a.finish(server, listener, forwarded)
		work.Wait() // who waits for a refresh under way is answered first
	case <-a.ended.Done():
	}
	a.end()
	a.signIns.stopAll()
	quick, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	server.Shutdown(quick)
	listener.Close() // where the end came before the server had it: the next agent must not find somebody there
	work.Wait()
	a.background.wait()
	a.history.saveAll() // of the answers that were under way
	a.log.Info("ended")
	return err
}

// finish answers the requests that were taken up before another agent took over: they
// may still bring a refresh about. Then it ends the agent.
func (a *Agent) finish(server *api.Server, listener net.Listener, forwarded forwardedSocket) {
	a.signIns.stopAll()
	quick, cancel := context.WithTimeout(a.ended, shutdownTime)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { server.Finish(quick, listener) })
	both.Go(func() { forwarded.finish(quick) })
	both.Wait()
	a.end()
}

const (
	userTime     = time.Minute     // bounds what a user's click may wait for
	shutdownTime = 2 * time.Second // bounds what a server's last answers may take
)

// The rest implements api.Agent.

func (a *Agent) Quit() { a.end() }

func (a *Agent) Connections() []api.Connection { return a.views.list() }

func (a *Agent) Connection(name string) (api.Connection, error) { return a.views.get(name) }

func (a *Agent) Put(ctx context.Context, name string, conn catalog.Connection) (api.Connection, error) {
	if err := a.access.admitChange(ctx, name); err != nil {
		return api.Connection{}, err
	}
	conn.Name = name
	if err := a.configuration.write(conn); err != nil {
		return api.Connection{}, err
	}
	return a.views.get(name)
}

func (a *Agent) Delete(ctx context.Context, name string) (api.Removed, error) {
	return a.remover.remove(ctx, name)
}

func (a *Agent) Disconnect(ctx context.Context, name string) (api.Removed, error) {
	removed, _, err := a.remover.disconnect(ctx, name)
	return removed, err
}

func (a *Agent) SetSecret(ctx context.Context, name, secret string) error {
	if _, err := a.manager.Status(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	if err := a.keychain.setSecret(ctx, name, secret); err != nil {
		return err
	}
	a.configuration.touch(name) // what was refused for want of it may work now
	return nil
}

func (a *Agent) CopySecret(ctx context.Context, name, from string) error {
	if _, err := a.manager.Status(from); err != nil {
		return err
	}
	secret, err := a.keychain.secret(ctx, secretKey(from))
	if err != nil {
		return keychainError(err)
	}
	if secret == "" {
		return nil
	}
	return a.SetSecret(ctx, name, secret)
}

func (a *Agent) Connect(ctx context.Context, name string, r api.ConnectRequest) (api.Pending, error) {
	if _, err := a.manager.Status(name); err != nil {
		return nil, err
	}
	if r.Mode == api.ModeAsk {
		return a.consents.ask(name, r)
	}
	return a.signIns.connect(ctx, name, r)
}

func (a *Agent) Paste(ctx context.Context, name, url string) (api.Connection, error) {
	if _, err := a.manager.Status(name); err != nil {
		return api.Connection{}, err
	}
	return a.signIns.paste(ctx, name, url)
}

func (a *Agent) CancelConnect(name string, timedOut bool) error {
	if _, err := a.manager.Status(name); err != nil {
		return err
	}
	a.signIns.cancel(name, timedOut)
	return nil
}

func (a *Agent) Token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error) {
	return a.access.token(ctx, name, w)
}

func (a *Agent) Rejected(ctx context.Context, name, accessToken string) (tokens.Token, error) {
	return a.access.rejected(ctx, name, accessToken)
}

func (a *Agent) Refresh(ctx context.Context, name string) (api.Connection, error) {
	if _, err := a.manager.Refresh(ctx, name); err != nil {
		return api.Connection{}, err
	}
	return a.views.get(name)
}

func (a *Agent) Forward(w http.ResponseWriter, r *http.Request, name, path string) error {
	return a.access.forward(w, r, name, path)
}

func (a *Agent) Host(host, path, user string) (api.HostMatch, error) {
	return a.views.forHost(host, path, user)
}

func (a *Agent) Rules(name string) catalog.APIRules { return a.views.rules(name) }

func (a *Agent) Providers() []api.Brief {
	return append([]api.Brief{}, a.configuration.known().Names()...)
}

func (a *Agent) ForHost(host string) ([]catalog.Connection, error) {
	return a.configuration.known().ForHost(host)
}

func (a *Agent) Provider(id string) (api.Provider, error) {
	e, ok := a.configuration.known().Entry(id)
	if !ok {
		return api.Provider{}, &tokens.Error{
			Code: api.CodeUnknownProvider, Detail: fmt.Sprintf("There is no provider %q.", id), Hint: "authtray providers",
		}
	}
	return api.Provider{Entry: e, RedirectURI: e.RedirectURI()}, nil
}

func (a *Agent) AttendMCP(name, client string) (leave func(), err error) {
	return a.mcp.attend(name, client)
}

func (a *Agent) Subscribe() api.Changes { return a.manager.Subscribe() }

func (a *Agent) Reads(ctx context.Context, n int, follow bool, each func(audit.Record) error) error {
	return a.opts.Audit.Follow(ctx, n, follow, each)
}

func (a *Agent) Settings() api.Settings {
	s := a.configuration.currentSettings()
	return api.Settings{Notifications: s.Notifications, Reminders: s.Reminders, Autostart: a.login.on()}
}

func (a *Agent) PatchSettings(p api.SettingsPatch) (api.Settings, error) {
	if err := a.configuration.changeSettings(p, a.login); err != nil {
		return api.Settings{}, err
	}
	return a.Settings(), nil
}

func (a *Agent) OpenWindow(ctx context.Context) error { return a.openWindow(ctx, "") }

// openWindow is OpenWindow for a connection.
func (a *Agent) openWindow(ctx context.Context, connection string) error {
	if err := a.window.openWindow(ctx, connection); err != nil {
		return asError(err, codeFailed, text.Sentence(err.Error()), "authtray status")
	}
	return nil
}

func (a *Agent) Doctor(ctx context.Context) []api.Check {
	self := api.Check{ID: "agent", OK: true, Detail: fmt.Sprintf("Authtray %s runs as process %d.", a.opts.Version, os.Getpid())}
	return slices.Concat([]api.Check{self}, doctor.Run(ctx, a.patient(true)), a.extra.checks())
}

// patient is what there is to look at, for an agent that runs, or for one that
// has only read its files.
func (a *Agent) patient(running bool) doctor.Input {
	p := doctor.Input{Paths: a.opts.Paths, Store: a.opts.Store, Running: running, Tray: a.hasTray || !running, Now: a.opts.Clock.Now}
	for _, st := range a.manager.List() {
		c := doctor.Connection{Name: st.Name, Client: a.configuration.client(st.Name)}
		if running {
			c.State = st
		}
		p.Connections = append(p.Connections, c)
	}
	return p
}

func (a *Agent) Health() api.Health {
	h := api.Health{
		Version: a.opts.Version, Uptime: time.Since(a.started).Round(time.Second).String(), PID: os.Getpid(),
		Profile: a.opts.Paths.Profile, Store: a.opts.Store.Kind(),
	}
	var tray, notifications string
	h.Tray, tray = a.opts.Tray.Health()
	h.Notifications, notifications = a.opts.Notify.Health()
	notes := []string{a.keychain.lostNote(), tray, notifications, a.opts.Audit.Trouble()}
	if h.Store == store.KindMemory {
		notes = append(notes, "Grants are kept in memory only: when the agent ends, every connection has to be connected again.")
	}
	for _, c := range a.extra.checks() {
		if !c.OK {
			notes = append(notes, c.Detail)
		}
	}
	notes = append(notes, a.configuration.notes()...)
	for _, note := range notes {
		if note != "" {
			h.Notes = append(h.Notes, note)
		}
	}
	return h
}
