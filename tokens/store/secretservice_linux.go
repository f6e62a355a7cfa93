package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/tokens/store/sessionbus"
)

// The Secret Service API, https://specifications.freedesktop.org/secret-service/latest/
const (
	secretsName     = "org.freedesktop.secrets"
	secretsPath     = dbus.ObjectPath("/org/freedesktop/secrets")
	loginPath       = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	serviceIface    = "org.freedesktop.Secret.Service"
	collectionIface = "org.freedesktop.Secret.Collection"
	promptIface     = "org.freedesktop.Secret.Prompt"
	propertiesIface = "org.freedesktop.DBus.Properties"
)

// noPath is the object path that stands for "none".
const noPath = dbus.ObjectPath("/")

// secretService watches over the collection that go-keyring will use, on a
// private connection that is kept, and made anew when the bus has restarted.
//
// go-keyring itself uses godbus' shared connection, which godbus makes anew
// once it has seen that the old one is dead; a call that was under way then
// fails, and the next one works. A Secret Service that restarts on the same
// bus needs nothing at all: go-keyring opens a session for each call.
type secretService struct {
	service string
	log     *slog.Logger
	hints   chan struct{}
	open    context.Context // ends with Close
	shut    context.CancelFunc

	making chan struct{} // one token: who makes or replaces bus
	mu     sync.Mutex
	bus    *dbus.Conn
	last   condition
	asked  *question                // nil: no dialog is open
	known  map[dbus.ObjectPath]bool // items that were asked for

	replied bool // the last dialog was about what is withheld, and the user answered it
}

// condition is what a look at the Secret Service found.
type condition int

const (
	unseen       condition = iota
	gone                   // no bus, or no Secret Service on it
	noCollection           // a service with nowhere to put things yet
	stateLocked
	withheld // open, but not for this process: see withheld_linux.go
	opened
)

func newLockWatcher(service string, log *slog.Logger) lockWatcher {
	ctx, cancel := context.WithCancel(context.Background())
	s := &secretService{
		service: service, log: log, open: ctx, shut: cancel, known: map[dbus.ObjectPath]bool{},
		hints: make(chan struct{}, 1), making: make(chan struct{}, 1),
	}
	go s.reconnect()
	return s
}

func (s *secretService) Changed() chan struct{} { return s.hints }

func (s *secretService) Close() error {
	s.shut()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bus != nil {
		return s.bus.Close()
	}
	return nil
}

func (s *secretService) Check(ctx context.Context) error {
	bus, err := s.connection(ctx)
	if err != nil {
		s.observe(gone)
		return err
	}
	found, _, err := s.look(ctx, bus, 0)
	if err != nil && startWallet(ctx, bus, err) {
		found, _, err = s.look(ctx, bus, 0)
	}
	if ctx.Err() == nil {
		s.observe(found)
	}
	if found == withheld {
		return s.withheldError()
	}
	return stateError(found, err)
}

func stateError(found condition, err error) error {
	switch found {
	case opened:
		return nil
	case stateLocked:
		return ErrLocked
	case noCollection:
		return ErrNoKeyring
	default:
		return fmt.Errorf("%w: no Secret Service answers on the session bus: %w", ErrUnavailable, err)
	}
}

// look finds the collection that go-keyring will use, and whether it is
// locked. Reading a property never prompts.
func look(ctx context.Context, bus *dbus.Conn, flags dbus.Flags) (condition, dbus.ObjectPath, error) {
	path, err := collection(ctx, bus, flags)
	if err != nil {
		return gone, noPath, err
	}
	if path == noPath {
		return noCollection, noPath, nil
	}
	var isLocked bool
	if err := property(ctx, bus, flags, path, collectionIface, "Locked", &isLocked); err != nil {
		return gone, path, err
	}
	if isLocked {
		return stateLocked, path, nil
	}
	return opened, path, nil
}

// collection chooses as go-keyring does: "login" if it is there, else whatever
// the alias "default" stands for.
func collection(ctx context.Context, bus *dbus.Conn, flags dbus.Flags) (dbus.ObjectPath, error) {
	var all []dbus.ObjectPath
	if err := property(ctx, bus, flags, secretsPath, serviceIface, "Collections", &all); err != nil {
		return noPath, err
	}
	if slices.Contains(all, loginPath) {
		return loginPath, nil
	}
	path := noPath
	err := bus.Object(secretsName, secretsPath).
		CallWithContext(ctx, serviceIface+".ReadAlias", flags, "default").Store(&path)
	return path, err
}

func property(ctx context.Context, bus *dbus.Conn, flags dbus.Flags, path dbus.ObjectPath, iface, name string, into any) error {
	var v dbus.Variant
	err := bus.Object(secretsName, path).CallWithContext(ctx, propertiesIface+".Get", flags, iface, name).Store(&v)
	if err != nil {
		return err
	}
	return v.Store(into)
}

// connection returns the live private connection, or makes one.
func (s *secretService) connection(ctx context.Context) (*dbus.Conn, error) {
	select {
	case s.making <- struct{}{}:
		defer func() { <-s.making }()
	case <-ctx.Done():
		return nil, outOfTime(ctx)
	}
	s.mu.Lock()
	bus := s.bus
	s.mu.Unlock()
	if bus != nil && bus.Connected() {
		return bus, nil
	}
	if s.open.Err() != nil {
		return nil, outOfTime(s.open)
	}
	bus, err := sessionbus.Connect(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	signals := make(chan *dbus.Signal, 32)
	bus.Signal(signals)
	if err := subscribe(ctx, bus); err != nil {
		_ = bus.Close()
		return nil, unavailable(err)
	}
	s.mu.Lock()
	s.bus = bus
	s.mu.Unlock()
	go s.watch(bus, signals)
	return bus, nil
}

// reconnect tries until there is a connection, ever more slowly.
func (s *secretService) reconnect() {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		ctx, cancel := context.WithTimeout(s.open, Timeout)
		_, err := s.connection(ctx)
		cancel()
		if err == nil {
			return
		}
		s.observe(gone)
		select {
		case <-s.open.Done():
			return
		case <-time.After(pause):
		}
	}
}

// ForbidBusLaunch says whether this process has a session bus, and if not, sees
// to it that none of its libraries starts one: godbus runs dbus-launch for its
// shared connection, which leaves a daemon behind. The address is then set to
// where systemd puts the bus of a session that starts later.
//
// It is for main, before anything else speaks D-Bus.
func ForbidBusLaunch() bool {
	bus, err := dbus.SessionBusPrivateNoAutoStartup()
	if err == nil {
		_ = bus.Close()
		return true
	}
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address == "" || address == "autolaunch:" {
		_ = os.Setenv("DBUS_SESSION_BUS_ADDRESS", fmt.Sprintf("unix:path=/run/user/%d/bus", os.Getuid()))
	}
	return false
}

// interrupt sends a signal that concerns nobody to the connection that go-keyring
// uses. go-keyring waits for a prompt by taking the next signal of any kind,
// so it returns; a tray that listens there for owners of a name (three
// arguments, the last one empty) takes it for one that went.
func (s *secretService) interrupt() {
	s.mu.Lock()
	bus := s.bus
	s.mu.Unlock()
	if bus == nil || !bus.Connected() {
		return
	}
	shared, err := dbus.SessionBus()
	if err != nil || len(shared.Names()) == 0 {
		return
	}
	bus.Send(&dbus.Message{
		Type: dbus.TypeSignal,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldDestination: dbus.MakeVariant(shared.Names()[0]),
			dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath("/io/github/authtray")),
			dbus.FieldInterface:   dbus.MakeVariant("io.github.authtray"),
			dbus.FieldMember:      dbus.MakeVariant("WaitedLongEnough"),
			dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf("", "", "")),
		},
		Body: []any{"", "", ""},
	}, nil)
}

// subscribe asks for whatever may mean that a collection was locked, unlocked,
// made or removed, or that the Secret Service came or went.
func subscribe(ctx context.Context, bus *dbus.Conn) error {
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, secretsName)},
		{dbus.WithMatchSender(secretsName), dbus.WithMatchInterface(serviceIface)},
		{dbus.WithMatchSender(secretsName), dbus.WithMatchInterface(promptIface)},
		{dbus.WithMatchSender(secretsName), dbus.WithMatchInterface(propertiesIface),
			dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, collectionIface)},
	} {
		if err := bus.AddMatchSignalContext(ctx, match...); err != nil {
			return err
		}
	}
	return nil
}

// watch looks again after each signal that could matter, until the connection
// dies, and then sees to a new one.
func (s *secretService) watch(bus *dbus.Conn, signals <-chan *dbus.Signal) {
	s.lookAgain(bus)
	for signal := range signals {
		if owner, ok := sessionbus.NewOwner(signal, secretsName); ok && owner != "" { // it has just come, and knows of no answers
			s.mu.Lock()
			clear(s.known)
			s.replied = false
			s.mu.Unlock()
		}
		if matters(signal) {
			s.lookAgain(bus)
		}
	}
	if s.open.Err() == nil {
		s.log.Info("the session bus closed our connection to the keychain")
		s.observe(gone)
		s.reconnect()
	}
}

// matters says whether a signal may tell of a lock: a collection also announces
// each item that is added to it.
func matters(signal *dbus.Signal) bool {
	if signal == nil || signal.Name != propertiesIface+".PropertiesChanged" || len(signal.Body) < 3 {
		return signal != nil
	}
	changed, _ := signal.Body[1].(map[string]dbus.Variant)
	invalidated, _ := signal.Body[2].([]string)
	_, isSet := changed["Locked"]
	return isSet || slices.Contains(invalidated, "Locked")
}

// lookAgain never starts a Secret Service that has just gone.
func (s *secretService) lookAgain(bus *dbus.Conn) condition {
	ctx, cancel := context.WithTimeout(s.open, Timeout)
	defer cancel()
	found, _, _ := s.look(ctx, bus, dbus.FlagNoAutoStart)
	s.observe(found)
	return found
}

// observe sends a hint when something else was found than last time.
func (s *secretService) observe(found condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.last
	s.last = found
	if before != found && before != unseen {
		hint(s.hints)
	}
}
