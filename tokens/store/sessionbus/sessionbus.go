// Package sessionbus opens connections to the desktop's session bus.
//
// Every connection is private. The process-wide one that godbus shares
// (dbus.SessionBus) hands every signal to every reader, and fyne.io/systray,
// beeep and go-keyring each mistake the others' signals for their own; so
// nothing of ours may subscribe there. And no connection starts a bus: godbus
// would otherwise run dbus-launch and leave a stray dbus-daemon behind.
//
// It stands below package store, which may import nothing else of ours and needs it
// for the Secret Service; the tray, notifications and the doctor use the same.
package sessionbus

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// ErrNone means that this session has no bus, or none that answers.
var ErrNone = errors.New("no D-Bus session bus is running")

// Connect opens a private connection, whose signals arrive in order. The caller
// closes it. ctx bounds the connecting only. The error is ErrNone, with why.
func Connect(ctx context.Context) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	if !stop() || err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrNone, errors.Join(err, context.Cause(ctx)))
	}
	return conn, nil
}

// WatchName sends NameOwnerChanged of name, and nothing else that was not
// subscribed to, to the connection's signal channels.
func WatchName(conn *dbus.Conn, name string) error {
	return conn.AddMatchSignal(
		dbus.WithMatchSender("org.freedesktop.DBus"),
		dbus.WithMatchObjectPath("/org/freedesktop/DBus"),
		dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"),
		dbus.WithMatchArg(0, name),
	)
}

// NewOwner reads a NameOwnerChanged signal of name. ok is false for any other
// signal; owner is "" when the name was given up.
func NewOwner(sig *dbus.Signal, name string) (owner string, ok bool) {
	if sig.Name != "org.freedesktop.DBus.NameOwnerChanged" || sig.Sender != "org.freedesktop.DBus" || len(sig.Body) != 3 {
		return "", false
	}
	of, _ := sig.Body[0].(string)
	owner, isString := sig.Body[2].(string)
	return owner, isString && of == name
}
