package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/autostart"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/app/desktop/clipboard"
	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/app/lang"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// RunOptions are what the command line says about the agent.
type RunOptions struct {
	Paths      config.Paths
	Version    string
	NoTray     bool
	Replace    bool             // take over from an agent that runs
	AtLogin    bool             // the desktop started it: wait for a keychain that comes late, and leave in silence where another runs
	Store      store.Kind       // where grants are kept [store.KindKeychain]
	Passphrase store.Passphrase // of the file store; nil: nobody can be asked
	HasWindow  bool             // this executable carries the window
	Stderr     io.Writer        // the log, and what is said to the user
}

// ErrNoKeychain: there is no keychain, and no other store was chosen. Exit
// code 6.
var ErrNoKeychain = errors.New("there is no keychain here")

// ErrStore: the store that was chosen is not one, or cannot be opened.
var ErrStore = errors.New("the store cannot be used")

// RunAgent is the agent's process. It returns when the agent has ended: nil
// where it was asked to, and where another agent runs already, whose window it
// raised. It must be called on the main goroutine, where macOS wants the tray.
func RunAgent(ctx context.Context, o RunOptions) error {
	log := config.NewLog(o.Stderr)
	debug.SetGCPercent(busyPercent)
	runtime.GOMAXPROCS(1) // an answer goes through several goroutines, and to wake a thread for each takes longer than to wait
	if err := Harden(); err != nil {
		log.Warn("this process cannot be kept out of core files", "err", err)
	}
	hasBus := store.ForbidBusLaunch()
	sealed, err := openEarly(ctx, o)
	if err != nil {
		return err
	}
	unlock, sockets, err := acquire(ctx, o)
	if err != nil || unlock == nil {
		return err
	}
	defer unlock()
	defer sockets.Close()
	kept, own, err := openStore(ctx, o, sealed, hasBus, log)
	if err != nil {
		return startedTwice(err, o.Replace)
	}
	defer kept.Close()
	return runDesktop(ctx, o, kept, own, sockets, log)
}

// acquire makes this process the profile's agent, with the sockets of the one that it
// takes over from. A nil unlock without an error means that another one is, and has
// been asked to show itself.
func acquire(ctx context.Context, o RunOptions) (unlock func() error, sockets api.Sockets, err error) {
	if err := o.Paths.CheckFolders(); err != nil {
		return nil, nil, err
	}
	lock := func() (func() error, error) { return api.LockFor(o.Paths.Lock(), o.Paths.Socket) }
	unlock, err = lock()
	if !errors.Is(err, api.ErrRunning) {
		return unlock, nil, err
	}
	if err := onAnotherComputer(ctx, o.Paths); err != nil {
		return nil, nil, err
	}
	if o.AtLogin {
		return nil, nil, nil
	}
	if !o.Replace {
		raiseOther(ctx, o)
		return nil, nil, nil
	}
	return takeOver(ctx, o, lock)
}

// takeOver asks the agent that runs to end, and waits until it has.
func takeOver(ctx context.Context, o RunOptions, lock func() (func() error, error)) (unlock func() error, sockets api.Sockets, err error) {
	at := holderAt(o.Paths)
	old := client.At(at)
	if lost := lostByReplacing(ctx, old); lost != "" {
		fmt.Fprintln(o.Stderr, lost)
	}
	unmark := func() {}
	if at == o.Paths.Socket { // clients of another address are not to wait there
		unmark = client.MarkReplaced(o.Paths.Socket)
	}
	defer func() {
		if err != nil {
			unmark()
		}
	}()
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if sockets, err = api.TakeOver(asking, old); err != nil {
		return nil, nil, fmt.Errorf("the agent that runs could not be asked to end: %w", sentence(err))
	}
	free, err := awaitEnd(ctx, lock)
	if err != nil {
		sockets.Close()
		return nil, nil, err
	}
	return func() error { unmark(); return free() }, sockets, nil
}

// holderAt is where the agent that holds a profile's lock listens: at the address that it
// named there, whatever AUTHTRAY_SOCKET says of the one that is to take over.
func holderAt(p config.Paths) string {
	holder, _ := api.ReadHolder(p.Lock())
	return cmp.Or(holder.Socket, p.Socket)
}

// lostByReplacing says which grants end with an agent that keeps them in memory; ""
// where it keeps none there, or cannot be asked.
func lostByReplacing(ctx context.Context, old client.Agent) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var h api.Health
	if err := old.Do(ctx, http.MethodGet, "/v1/health", nil, &h); err != nil || h.Store != "memory" {
		return ""
	}
	var all struct{ Connections []api.Connection }
	if err := old.Do(ctx, http.MethodGet, "/v1/connections", nil, &all); err != nil {
		return ""
	}
	var names []string
	for _, c := range all.Connections {
		if c.State != tokens.Disconnected {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "The agent that is replaced kept its grants in memory only, so these have to be connected again: " + strings.Join(names, ", ") + "."
}

// quitTime is how long an agent may take to end: it waits for answers that are
// under way.
const quitTime = tokens.ShutdownTime + 4*shutdownTime

// AwaitEnd waits until the agent that was asked to end has let go of the
// profile's lock, and takes it. Its error wraps api.ErrRunning where the agent
// does not end in time.
func AwaitEnd(ctx context.Context, p config.Paths) (unlock func() error, err error) {
	return awaitEnd(ctx, func() (func() error, error) { return api.Lock(p.Lock()) })
}

func awaitEnd(ctx context.Context, lock func() (func() error, error)) (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, quitTime)
	defer cancel()
	for {
		unlock, err := lock()
		if !errors.Is(err, api.ErrRunning) {
			return unlock, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("the agent that runs was asked to end and did not; end it, then try again: %w", err)
		}
	}
}

// onAnotherComputer is why the agent that has the lock cannot be asked: it runs on another
// computer. A computer that was renamed since is still the one where it answers.
func onAnotherComputer(ctx context.Context, p config.Paths) error {
	away := api.OnAnotherComputer(p.Lock())
	if away == nil {
		return nil
	}
	conn, err := api.AgentOf(p.Socket, p.Lock()).Dial(ctx)
	if err != nil {
		return away
	}
	return conn.Close()
}

func raiseOther(ctx context.Context, o RunOptions) {
	fmt.Fprintln(o.Stderr, "Authtray is running already.")
	if err := postTo(ctx, o.Paths, "/v1/window"); err != nil {
		fmt.Fprintln(o.Stderr, "Its window was not opened: "+err.Error())
	}
}

// askTime is how long an agent that runs may take to do what it is asked.
const askTime = 20 * time.Second

// postTo sends a request without a body to the agent that runs.
func postTo(ctx context.Context, p config.Paths, path string) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return sentence(api.AgentOf(p.Socket, p.Lock()).Do(ctx, http.MethodPost, path, nil, nil))
}

// sentence is an agent's error for people.
func sentence(err error) error {
	var problem *client.Problem
	if errors.As(err, &problem) {
		return errors.New(problem.Sentence())
	}
	return err
}

// openStore opens the store that was chosen, or the keychain, for this process
// alone: before the first item is read. A keychain that is locked will do: it
// opens later.
func openStore(ctx context.Context, o RunOptions, sealed store.Store, hasBus bool, log *slog.Logger) (store.Store, *store.Ownership, error) {
	switch o.Store {
	case "", store.KindKeychain:
		s := store.Keychain(o.Paths.Service(), log)
		if err := awaitKeychain(ctx, s, hasBus, log); err != nil && !o.AtLogin {
			s.Close()
			return nil, nil, err
		}
		return OwnKeychain(ctx, o.Paths, s, log) // at login the keychain may come later still: the icon says so until then
	case store.KindMemory:
		log.Warn("grants are kept in memory only, and are gone when the agent ends")
		return store.Memory(), nil, nil
	case store.KindFile:
		return openFile(ctx, o, sealed)
	}
	return nil, nil, fmt.Errorf("%w: %q is not keychain, memory or file", ErrStore, o.Store)
}

// openEarly opens the file store that is there before the agent that runs is asked to
// end: the passphrase takes a second, in which nobody would answer, and may be wrong.
// It reads only, and its result is nil where there is nothing to open yet.
func openEarly(ctx context.Context, o RunOptions) (store.Store, error) {
	folder := o.fileStore()
	if _, err := os.Stat(filepath.Join(folder, store.IdentityFile)); !o.Replace || o.Store != store.KindFile || o.Passphrase == nil || err != nil {
		return nil, nil
	}
	s := store.File(folder, o.Passphrase)
	if err := s.Unlock(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s, nil
}

// fileStore is the folder of --store=file.
func (o RunOptions) fileStore() string { return filepath.Join(o.Paths.State, "store") }

func openFile(ctx context.Context, o RunOptions, sealed store.Store) (store.Store, *store.Ownership, error) {
	if o.Passphrase == nil {
		return nil, nil, fmt.Errorf("%w: the file store needs a passphrase, and nobody can be asked for it here", ErrStore)
	}
	folder := o.fileStore()
	own, err := store.OwnFile(ctx, folder)
	if taken := (*store.TakenError)(nil); err != nil && !errors.As(err, &taken) {
		err = fmt.Errorf("%w: %w", ErrStore, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if sealed == nil {
		sealed = store.File(folder, o.Passphrase)
	}
	s := store.Owned(sealed, own)
	if err := s.Unlock(ctx); err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	debug.FreeOSMemory() // the passphrase took 256 MB: with as much to grow into, nothing is collected while all is read
	return s, own, nil
}

// loginTime is how long the keychain may take to appear: at login the agent may
// be there first.
const loginTime = 10 * time.Second

// awaitKeychain is ErrNoKeychain where there is none. Without a session bus
// there is nothing to wait for. One that says nothing is there: the agent begins
// without it, says so, and goes on once it answers.
func awaitKeychain(ctx context.Context, s store.Store, hasBus bool, log *slog.Logger) error {
	deadline := time.Now().Add(loginTime)
	for {
		try, cancel := context.WithTimeout(ctx, 3*time.Second)
		err := s.Check(try)
		silent := errors.Is(try.Err(), context.DeadlineExceeded)
		cancel()
		if err == nil || errors.Is(err, store.ErrLocked) {
			return nil
		}
		if silent && ctx.Err() == nil {
			log.Warn("the keychain does not answer; the agent begins without it")
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !hasBus || time.Now().After(deadline) {
			return fmt.Errorf("%w: %s. Start one, or choose another place: --store=file (sealed with a passphrase) or --store=memory (gone when the agent ends)",
				ErrNoKeychain, strings.TrimPrefix(err.Error(), store.ErrUnavailable.Error()+": "))
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runDesktop puts the agent together with this desktop, and runs it.
func runDesktop(ctx context.Context, o RunOptions, kept store.Store, own *store.Ownership, sockets api.Sockets, log *slog.Logger) error {
	settings, err := config.ReadSettings(o.Paths.Settings())
	if err != nil {
		log.Warn("the settings cannot be read, so the defaults are used", "err", err)
	}
	language := lang.OfDesktop()
	note := notify.New(notify.Options{
		Enabled: settings.Notifications, Reminders: settings.Reminders,
		IconFile: filepath.Join(o.Paths.State, "icon.png"), Log: log, Language: language,
	})
	defer note.Close()
	login := autostart.Entry{Profile: o.Paths.Profile}
	if moved, err := login.Follow(); err != nil || moved {
		log.Info("the entry for start at login was looked at", "moved", moved, "err", err)
	}
	reads := audit.Open(o.Paths.State, log)
	defer reads.Close()
	opts := Options{
		Paths: o.Paths, Store: kept, Ownership: own, Sockets: sockets, Log: log, Version: o.Version,
		Open:   func(ctx context.Context, url string) error { return browser.Open(ctx, log, url) },
		Notify: note, Autostart: login, HasWindow: o.HasWindow,
		Audit: auditor{reads}, Gate: gate.New(o.Paths.State, note, log, language), Language: language, memory: ownMemory(),
	}
	if o.NoTray {
		return NewAgent(opts).Run(ctx)
	}
	return runWithTray(ctx, opts)
}

// runWithTray gives this goroutine to the tray.
func runWithTray(ctx context.Context, o Options) error {
	var actions menu // the agent's, which is made with the tray
	var a *Agent
	t := tray.New(tray.Options{
		Actions: &actions, CanCopy: clipboard.Available(), Autostart: loginEntry{autostart: o.Autostart, log: o.Log}.on(),
		Profile: o.Paths.Profile, Log: o.Log, Language: o.Language,
		MCP:       func(name string) *api.MCP { return a.mcp.of(name) }, // asked once there are connections to show
		Questions: func() []tray.Question { return questionsOf(o.Notify) },
	})
	o.Tray = trayFace{t}
	a = NewAgent(o)
	actions = menu{clicks: a.clicks, agent: a, unlock: a.keychain.unlock, open: a.openWindow}
	over := make(chan error, 1)
	go func() { over <- a.Run(ctx); a.end() }()
	if err := t.Run(a.ended); err != nil {
		a.log.Warn("there is no tray", "err", err)
	}
	return <-over
}

// trayFace is a tray.Tray as the agent sees it.
type trayFace struct{ *tray.Tray }

func (t trayFace) Health() (state api.TrayState, detail string) {
	h := t.Tray.Health()
	return h.State, h.Detail
}
