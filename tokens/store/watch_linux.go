package store

import (
	"context"

	"github.com/godbus/dbus/v5"
)

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
		if matters(signal) {
			drain(signals)
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
	_, told := changed["Locked"]
	for _, name := range invalidated {
		told = told || name == "Locked"
	}
	return told
}

func drain(signals <-chan *dbus.Signal) {
	for {
		select {
		case _, ok := <-signals:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

// lookAgain never starts a Secret Service that has just gone.
func (s *secretService) lookAgain(bus *dbus.Conn) condition {
	ctx, cancel := context.WithTimeout(s.open, callTimeout)
	defer cancel()
	found, _, _ := look(ctx, bus, dbus.FlagNoAutoStart)
	s.observe(found)
	return found
}

// observe sends a hint when something else was found than last time.
func (s *secretService) observe(found condition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.last
	s.last = found
	if before == found || before == unseen {
		return
	}
	select {
	case s.hints <- struct{}{}:
	default:
	}
}
