package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// OwnKeychain takes the keychain's items of a service, by owning a name on the
// bus of the Secret Service that keeps them. *TakenError: another process has
// them. Without a bus there is no keychain either: they are not ours then, and
// are taken once there is one. The file is for systems that have no such names.
func OwnKeychain(ctx context.Context, service, _ string, log *slog.Logger) (*Ownership, error) {
	open, shut := context.WithCancel(context.Background())
	n := &busName{name: busNameOf(service), open: open, own: newOwnership(log, nil)}
	ended := make(chan struct{})
	n.own.release = func() { shut(); <-ended }
	first, cancel := context.WithTimeout(ctx, firstTime)
	defer cancel()
	err := n.connect(first)
	if err == nil {
		err = n.takeFromEnding(ctx)
	}
	var taken *TakenError
	if errors.As(err, &taken) || ctx.Err() != nil {
		shut()
		n.disconnect()
		if taken != nil {
			return nil, taken
		}
		return nil, ctx.Err()
	}
	n.own.set(err)
	go func() { n.keep(); close(ended) }()
	return n.own, nil
}

// firstTime is how long a start waits for a bus that does not answer.
const firstTime = 3 * time.Second

// busNameOf is a service's name on the bus, a different one for each service.
// What a bus does not take there, and the sign that stands for it, is its code
// in hexadecimal digits.
func busNameOf(service string) string {
	var name strings.Builder
	name.WriteString("io.github.authtray.keychain.")
	for i, c := range []byte(service) {
		isDigit := c >= '0' && c <= '9'
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || isDigit && i > 0 {
			name.WriteByte(c)
		} else {
			fmt.Fprintf(&name, "_%02x", c)
		}
	}
	return name.String()
}

// busName is a name on the session bus, and the private connection that owns it.
// Only the goroutine of keep uses it, once that runs.
type busName struct {
	name string
	own  *Ownership
	open context.Context // ends with Close

	bus     *dbus.Conn // nil: none
	signals chan *dbus.Signal
}

// keep asks for the name again and again until Close: at once when its owner
// changes, and ever more slowly while there is no bus.
func (n *busName) keep() {
	defer n.disconnect()
	for pause := time.Second; ; {
		var retry <-chan time.Time
		if n.bus == nil {
			retry = time.After(pause)
			pause = min(2*pause, 30*time.Second)
		} else {
			pause = time.Second
		}
		select {
		case <-n.open.Done():
			return
		case <-retry:
		case _, alive := <-n.signals:
			if !alive {
				n.disconnect()
				n.own.set(unavailable(errBusGone))
			}
		}
		ctx, cancel := context.WithTimeout(n.open, callTimeout)
		var err error
		if n.bus == nil {
			err = n.connect(ctx)
		}
		if err == nil {
			err = n.ask(ctx)
		}
		cancel()
		if n.open.Err() == nil {
			n.own.set(err)
		}
	}
}

var errBusGone = errors.New("the session bus went away")

// connect makes the connection, which is told when the name's owner changes.
func (n *busName) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bus, err := privateBus(ctx)
	if err != nil {
		return err
	}
	n.bus, n.signals = bus, make(chan *dbus.Signal, 8)
	bus.Signal(n.signals)
	err = bus.AddMatchSignalContext(ctx, dbus.WithMatchSender("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, n.name))
	if err != nil {
		n.disconnect()
		return unavailable(err)
	}
	return nil
}

// disconnect ends the connection, and with it the ownership of the name.
func (n *busName) disconnect() {
	if n.bus != nil {
		_ = n.bus.Close()
		n.bus, n.signals = nil, nil
	}
}

// ask asks for the name. nil: it is ours. A bus that does not answer is as none.
func (n *busName) ask(ctx context.Context) error {
	var reply uint32
	err := n.bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.RequestName", 0, n.name, uint32(dbus.NameFlagDoNotQueue)).Store(&reply)
	switch {
	case err != nil:
		n.disconnect()
		return unavailable(err)
	case dbus.RequestNameReply(reply) == dbus.RequestNameReplyPrimaryOwner, dbus.RequestNameReply(reply) == dbus.RequestNameReplyAlreadyOwner:
		return nil
	}
	var pid uint32 // 0 where the owner has just gone, or lives where processes are counted differently
	_ = n.bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, n.name).Store(&pid)
	return unavailable(&TakenError{PID: int(pid)})
}

// takeFromEnding is ask, with time for an owner that is just ending.
func (n *busName) takeFromEnding(ctx context.Context) error {
	patience := time.NewTimer(endTime)
	defer patience.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, callTimeout)
		err := n.ask(asking)
		cancel()
		if taken := (*TakenError)(nil); !errors.As(err, &taken) {
			return err
		}
		select {
		case _, alive := <-n.signals:
			if !alive {
				n.disconnect()
				return unavailable(errBusGone)
			}
		case <-patience.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}
