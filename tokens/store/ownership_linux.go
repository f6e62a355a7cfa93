package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/tokens/store/sessionbus"
)

// OwnKeychain takes the keychain's items of a service, by owning a name on the
// bus of the Secret Service that keeps them. *TakenError: another process has
// them. Without a bus there is no keychain either: they are not ours then, and
// are taken once there is one. The file is for systems that have no such names.
func OwnKeychain(ctx context.Context, service, _ string, log *slog.Logger) (*Ownership, error) {
	open, shut := context.WithCancel(context.Background())
	ended := make(chan struct{})
	n := &busName{name: busNameOf(service), open: open, own: &Ownership{release: func() { shut(); <-ended }}, log: log}
	first, cancel := context.WithTimeout(ctx, firstTime)
	err := n.request(first)
	cancel()
	ending := time.After(endTime)
	for taken := (*TakenError)(nil); errors.As(err, &taken) || ctx.Err() != nil; {
		select {
		case signal, alive := <-n.signals:
			err = n.after(signal, alive, err)
			continue
		case <-ending:
		case <-ctx.Done():
		}
		shut()
		n.disconnect()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, taken
	}
	n.set(err)
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
	log  *slog.Logger
	open context.Context // ends with Close

	bus     *dbus.Conn // nil: none
	signals chan *dbus.Signal
	had     bool   // it was ours before
	said    string // what the log and those who wait were told last
}

// keep follows whose the name is until Close, and asks for it on a new connection,
// ever more slowly, while there is no bus.
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
			ctx, cancel := context.WithTimeout(n.open, Timeout)
			err := n.request(ctx)
			cancel()
			if n.open.Err() == nil {
				n.set(err)
			}
		case signal, alive := <-n.signals:
			n.set(n.after(signal, alive, n.own.Lost()))
		}
	}
}

// set takes up that the items are ours (nil), or why not, and tells the log and
// whoever waits.
func (n *busName) set(lost error) {
	n.own.mu.Lock()
	defer n.own.mu.Unlock()
	n.own.lost = lost
	say, taken := "ours", (*TakenError)(nil)
	if errors.As(lost, &taken) {
		say = taken.Error()
	} else if lost != nil {
		say = "away" // how a bus that is away fails differs from one try to the next
	}
	if say == n.said {
		return
	}
	n.said = say
	switch {
	case lost != nil:
		n.log.Warn("the keychain's items are not ours, so nothing is sent to providers and nothing written", "err", lost)
	case n.had:
		n.log.Info("the keychain's items are ours again, and what waited goes on")
	}
	n.had = n.had || lost == nil
	hint(n.own.changed)
}

// request asks for the name on a new connection. nil: it is ours. Where it wraps a
// *TakenError, the bus gives us the name once its owner is gone. It wraps no end of
// a context: a keychain of ours that takes long is another thing.
func (n *busName) request(ctx context.Context) error {
	bus, err := sessionbus.Connect(ctx)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	n.bus, n.signals = bus, make(chan *dbus.Signal, 8)
	bus.Signal(n.signals)
	var reply uint32
	if err := bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.RequestName", 0, n.name, uint32(0)).Store(&reply); err != nil {
		n.disconnect()
		return fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	if dbus.RequestNameReply(reply) != dbus.RequestNameReplyInQueue {
		return nil
	}
	var pid uint32 // 0 where the owner has just gone, or lives where processes are counted differently
	_ = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, n.name).Store(&pid)
	return unavailable(&TakenError{PID: int(pid)})
}

// after is what lost becomes after a signal, or the end of the connection.
func (n *busName) after(signal *dbus.Signal, alive bool, lost error) error {
	switch {
	case !alive:
		n.disconnect()
		return unavailable(errors.New("the session bus went away"))
	case signal.Sender == "org.freedesktop.DBus" && signal.Name == "org.freedesktop.DBus.NameAcquired" &&
		len(signal.Body) > 0 && signal.Body[0] == n.name:
		return nil
	}
	return lost
}

// disconnect ends the connection, and with it the ownership of the name.
func (n *busName) disconnect() {
	if n.bus != nil {
		_ = n.bus.Close()
		n.bus, n.signals = nil, nil
	}
}
