package tray

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/systray"
	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/store/sessionbus"
)

// escapeMnemonics: in a dbusmenu label "_x" marks an access key and "__" is an underscore.
func escapeMnemonics(s string) string { return strings.ReplaceAll(s, "_", "__") }

// prepare sets what must be there when systray puts the icon on the bus. The
// title becomes the item's Id, without which some hosts crash.
func prepare(v view) {
	setIcon(v.shape)
	systray.SetTitle("Authtray")
	systray.SetTooltip(v.tooltip)
}

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
	itemPath    = "/StatusNotifierItem"
	menuPath    = "/StatusNotifierItem/menu"
	menuFace    = "com.canonical.dbusmenu"
	callTimeout = 10 * time.Second
)

var (
	noBus    = Health{api.TrayOff, "This session has no D-Bus session bus, so there is no tray icon; `authtray open` and the commands work all the same."}
	noExport = Health{api.TrayOff, "The tray icon could not be put on the session bus; `authtray open` and the commands work all the same."}
	lostBus  = Health{api.TrayOff, "The session bus has gone away, and the tray icon with it; it comes back with the bus. In a new session, run: authtray run --replace"}
	noHost   = Health{api.TrayNoHost, "No tray host is running, so the tray icon cannot be seen: start a panel with a tray, or on GNOME the AppIndicator extension; it is taken up when it comes."}
)

// desktop is the session bus as the tray sees it: own is our private
// connection, for every signal; shared is the one that systray uses, on which
// we only make method calls. systray's own watch for new tray hosts ends for
// good at the first foreign signal on the shared connection that has fewer than
// three arguments, and go-keyring and beeep cause such signals.
type desktop struct {
	own     *dbus.Conn
	shared  atomic.Pointer[dbus.Conn]
	signals chan *dbus.Signal
}

// reach connects to the bus until ctx ends, starting none. Where it cannot be
// reached ok is false, and health says why.
func reach(ctx context.Context) (d *desktop, health Health, ok bool) {
	d = &desktop{}
	health, ok = d.connect(ctx)
	return d, health, ok
}

func (d *desktop) connect(ctx context.Context) (health Health, ok bool) {
	own, err := sessionbus.Connect(ctx)
	if err != nil {
		return noBus, false
	}
	d.own, d.signals = own, make(chan *dbus.Signal, 16)
	if err = d.subscribe(); err == nil {
		var shared *dbus.Conn
		shared, err = dbus.SessionBus()
		d.shared.Store(shared)
	}
	if err != nil {
		own.Close()
		return noBus, false
	}
	context.AfterFunc(ctx, func() { own.Close() })
	return Health{}, true
}

// connected reports whether what systray says reaches the bus.
func (d *desktop) connected() bool { return d.shared.Load().Connected() }

// How long a bus that went is waited for between two looks.
const (
	firstLook = time.Second
	lastLook  = 30 * time.Second
)

// restore waits until there is a bus again, and puts the icon there. False when
// ctx ends.
func (d *desktop) restore(ctx context.Context) bool {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
		if _, ok := d.connect(ctx); !ok {
			continue
		}
		export, _ := systray.RunWithExternalLoop(func() {}, func() {}) // systray's loop itself runs on
		export()
		if _, ok := d.await(ctx); ok {
			return true
		}
		d.own.Close()
	}
}

func (d *desktop) subscribe() error {
	d.own.Signal(d.signals)
	if err := sessionbus.WatchName(d.own, watcherName); err != nil {
		return err
	}
	return d.own.AddMatchSignal(dbus.WithMatchSender(watcherName), dbus.WithMatchInterface(watcherName))
}

// await returns when systray has put everything on the bus, or says why there is no
// icon. The description of the menu is the last thing that it puts there.
func (d *desktop) await(ctx context.Context) (health Health, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause *= 2 {
		if d.exported(ctx) {
			return Health{}, true
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return noExport, false
		}
	}
}

func (d *desktop) exported(ctx context.Context) bool {
	var xml string
	err := d.own.Object(d.shared.Load().Names()[0], menuPath).
		CallWithContext(ctx, "org.freedesktop.DBus.Introspectable.Introspect", 0).Store(&xml)
	return err == nil && strings.Contains(xml, menuFace)
}

// watch registers the icon with the tray host of now and with each that comes.
// It returns when the bus goes. When ctx ends, so do the connections; that is
// nobody's trouble to report.
func (d *desktop) watch(ctx context.Context, report func(Health)) {
	say := func(h Health) {
		if ctx.Err() == nil {
			report(h)
		}
	}
	say(d.register(ctx))
	for {
		select {
		case sig, ok := <-d.signals:
			if !ok {
				say(lostBus)
				return
			}
			if h, changed := d.changed(ctx, sig); changed {
				say(h)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (d *desktop) changed(ctx context.Context, sig *dbus.Signal) (Health, bool) {
	if owner, ok := sessionbus.NewOwner(sig, watcherName); ok {
		if owner == "" {
			return noHost, true
		}
		return d.register(ctx), true
	}
	switch sig.Name {
	case watcherName + ".StatusNotifierHostRegistered", watcherName + ".StatusNotifierHostUnregistered":
		return d.hosted(ctx), true
	}
	return Health{}, false
}

// register tells the watcher of our icon. A watcher that has just taken its
// name may not answer yet, hence the few tries; telling it twice does no harm.
func (d *desktop) register(ctx context.Context) Health {
	for _, pause := range []time.Duration{0, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second} {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return noHost
		}
		err := d.call(ctx, watcherName+".RegisterStatusNotifierItem", itemPath)
		if err == nil {
			return d.hosted(ctx)
		}
		if isAbsent(err) {
			break
		}
	}
	return noHost
}

// hosted asks whether anybody draws what the watcher collects. A watcher that
// cannot say so is taken to.
func (d *desktop) hosted(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var v dbus.Variant
	err := d.own.Object(watcherName, watcherPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get",
		dbus.FlagNoAutoStart, watcherName, "IsStatusNotifierHostRegistered").Store(&v)
	if drawn, ok := v.Value().(bool); isAbsent(err) || err == nil && ok && !drawn {
		return noHost
	}
	return Health{State: api.TrayRegistered}
}

func (d *desktop) call(ctx context.Context, method string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return d.shared.Load().Object(watcherName, watcherPath).CallWithContext(ctx, method, 0, args...).Err
}

// isAbsent says that nobody owns the watcher's name.
func isAbsent(err error) bool {
	var e dbus.Error
	return errors.As(err, &e) && (e.Name == "org.freedesktop.DBus.Error.ServiceUnknown" ||
		e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner")
}
