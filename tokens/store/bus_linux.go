package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/godbus/dbus/v5"
)

var errNoBus = errors.New("no D-Bus session bus is running")

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

// privateBus is a connection of our own: what is subscribed to on godbus'
// shared one reaches everyone there, and breaks the tray and go-keyring. It
// never starts a bus. ctx bounds the connecting only.
func privateBus(ctx context.Context) (*dbus.Conn, error) {
	bus, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %w", ErrUnavailable, errNoBus, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = bus.Close() })
	if err = bus.Auth(nil); err == nil {
		err = bus.Hello()
	}
	if !stop() || err != nil {
		_ = bus.Close()
		return nil, unavailable(errors.Join(err, context.Cause(ctx)))
	}
	return bus, nil
}

// stir sends a signal that concerns nobody to the connection that go-keyring
// uses. go-keyring waits for a prompt by taking the next signal of any kind,
// so it returns; a tray that listens there for owners of a name (three
// arguments, the last one empty) takes it for one that went.
func stir(bus *dbus.Conn) {
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
