package store_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

var noLog = slog.New(slog.DiscardHandler)

func own(t *testing.T, service string) *store.Ownership {
	t.Helper()
	o, err := store.OwnKeychain(storetest.Context(t), service, "", noLog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// owned is a store that the test's process owns, with "work" in it.
func owned(t *testing.T) (store.Store, *store.Ownership) {
	t.Helper()
	o := own(t, service)
	s := store.Owned(store.Split(storetest.NewItems()), o)
	t.Cleanup(func() { _ = s.Close() })
	keep(t, s, "v")
	return s, o
}

// await waits, guided by the store's hints.
func await(t *testing.T, s store.Store, what string, is func() bool) {
	t.Helper()
	ctx := storetest.Context(t)
	for !is() {
		select {
		case <-s.Changed():
		case <-ctx.Done():
			t.Fatalf("no hint comes, waiting for %s", what)
		}
	}
}

// grab owns the name of a service as another process does.
func grab(t *testing.T, bus *storetest.Bus, service string) *dbus.Conn {
	t.Helper()
	conn := bus.Connect()
	if reply, err := conn.RequestName(store.BusNameOf(service), dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("the name cannot be had: %v, %v", reply, err)
	}
	return conn
}

// replaceOwner restarts the bus until another process is the faster one.
func replaceOwner(t *testing.T, bus *storetest.Bus, s store.Store, o *store.Ownership) *dbus.Conn {
	t.Helper()
	for {
		bus.Kill()
		await(t, s, "the loss", func() bool { return o.Lost() != nil })
		bus.Start()
		conn := bus.Connect()
		if reply, err := conn.RequestName(store.BusNameOf(service), dbus.NameFlagDoNotQueue); err != nil {
			t.Fatal(err)
		} else if reply == dbus.RequestNameReplyPrimaryOwner {
			return conn
		}
	}
}

func takenBy(err error) (pid int, taken bool) {
	var e *store.TakenError
	if errors.As(err, &e) {
		return e.PID, true
	}
	return 0, false
}

func TestBusNamesOfServicesAreValidAndDistinct(t *testing.T) {
	bus := storetest.StartBus(t).Connect()
	valid := regexp.MustCompile(`^[A-Za-z_-][A-Za-z0-9_-]*(\.[A-Za-z_-][A-Za-z0-9_-]*)+$`)
	of := map[string]string{}
	for _, service := range []string{
		"authtray", "authtray-a", "authtray-a.b", "authtray-a-b", "authtray-a_b", "authtray-a_2eb", "authtray-a..b", "authtray-a.-_b",
		"authtray-1", "authtray-1.2.3", "authtray-git.example.org", "authtray-" + strings.Repeat(".", 64), "authtray-" + strings.Repeat("_", 64),
		"1", ".", "ä", "A", "a",
	} {
		name := store.BusNameOf(service)
		if !valid.MatchString(name) || len(name) > 255 {
			t.Errorf("%q: %q is no bus name", service, name)
		}
		if other, is := of[name]; is {
			t.Errorf("%q and %q share %q", service, other, name)
		}
		of[name] = service
		if _, err := bus.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
			t.Errorf("%q: the bus does not take %q: %v", service, name, err)
		}
	}
}

func TestOwnKeychainIsForOneProcessAndOneService(t *testing.T) {
	storetest.StartBus(t)
	first := own(t, service)
	_, err := store.OwnKeychain(storetest.Context(t), service, "", noLog)
	if pid, taken := takenBy(err); !taken || pid != os.Getpid() || errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("a second one: %v", err)
	}
	own(t, service+"-other")
	first.Close()
	own(t, service)
}

func TestOwnKeychainWaitsForAnOwnerThatIsEnding(t *testing.T) {
	defer store.SetEndTime(storetest.Patience)()
	bus := storetest.StartBus(t)
	ending, watching := grab(t, bus, service), bus.Connect()
	if err := watching.AddMatchSignal(dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		t.Fatal(err)
	}
	connections := make(chan *dbus.Signal, 64)
	watching.Signal(connections)
	go func() {
		<-connections // of who wants to be the owner
		ending.Close()
	}()
	own(t, service)
}

func TestOwnedRefusesEverythingWhileTheBusIsAway(t *testing.T) {
	bus := storetest.StartBus(t)
	s, o := owned(t)
	bus.Kill()
	await(t, s, "the loss", func() bool { return o.Lost() != nil })
	wantAll(t, s, store.ErrUnavailable)
	if err := s.Unlock(storetest.Context(t)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Unlock: %v", err)
	}
	ended, end := context.WithCancel(storetest.Context(t))
	end()
	if err := s.Unlock(ended); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrLocked) {
		t.Errorf("Unlock without time: %v, as if somebody had been asked", err)
	}
	bus.Start()
	await(t, s, "the return", func() bool { return o.Lost() == nil })
	wantValue(t, s, "v")
}

func TestOwnedStaysAwayWhileAnotherHasIt(t *testing.T) {
	bus := storetest.StartBus(t)
	s, o := owned(t)
	other := replaceOwner(t, bus, s, o)
	await(t, s, "word of the other", func() bool { _, taken := takenBy(o.Lost()); return taken })
	if pid, _ := takenBy(o.Lost()); pid != os.Getpid() || !errors.Is(o.Lost(), store.ErrUnavailable) {
		t.Errorf("lost: %v", o.Lost())
	}
	wantAll(t, s, store.ErrUnavailable)
	other.Close()
	await(t, s, "the return", func() bool { return o.Lost() == nil })
	wantValue(t, s, "v")
}

func TestOwnKeychainWithoutABusIsTakenWhenOneComes(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.Kill()
	o := own(t, service)
	s := store.Owned(store.Split(storetest.NewItems()), o)
	t.Cleanup(func() { _ = s.Close() })
	wantAll(t, s, store.ErrUnavailable)
	bus.Start()
	await(t, s, "the bus", func() bool { return o.Lost() == nil })
	keep(t, s, "v")
}

func TestOwnershipClosesWhileTheBusDoesNotAnswer(t *testing.T) {
	bus := storetest.StartBus(t)
	o := own(t, service)
	bus.Kill()
	closed := make(chan struct{})
	go func() { o.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(storetest.Patience):
		t.Fatal("Close does not return")
	}
}

// A bus that is reached and says nothing is away like one that is gone. It must not look
// like a keychain of ours that takes long: the repetition of a refresh goes on without that.
func TestOwnershipOfABusThatDoesNotAnswerIsLostAndNotSlow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	o := own(t, service)
	if err := o.Lost(); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("lost: %v", err)
	}
}
