package store

import (
	"context"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// KeePassXC keeps a lock for each item and each connection to the bus: an open
// database gives a program nothing that another one wrote, and each start of the
// agent is another program. It is spoken to on the connection that go-keyring uses,
// since that is what it gives an item to; only calls are made there. It says so in
// the Locked property of the items, and asks the user when they are to be unlocked.
// go-keyring would have it ask for each item by itself, and again after each
// time-out, one dialog over the other; so an item is looked at before it is read,
// and all of ours are asked for at once, each once.

// itemsOf searches our items in a collection: those with this name, all for "".
// The attributes are go-keyring's, and a service finds the items of all collections.
func (s *secretService) itemsOf(ctx context.Context, flags dbus.Flags, in dbus.ObjectPath, name string) (open, withheld []dbus.ObjectPath, err error) {
	shared, err := dbus.SessionBus()
	if err != nil {
		return nil, nil, err
	}
	attributes := map[string]string{"service": s.service}
	if name != "" {
		attributes["username"] = name
	}
	err = shared.Object(secretsName, secretsPath).CallWithContext(ctx, serviceIface+".SearchItems", flags, attributes).Store(&open, &withheld)
	elsewhere := func(item dbus.ObjectPath) bool { return !strings.HasPrefix(string(item), string(in)+"/") }
	return slices.DeleteFunc(open, elsewhere), slices.DeleteFunc(withheld, elsewhere), err
}

// look is look, and knows an open collection that withholds all that is ours.
func (s *secretService) look(ctx context.Context, bus *dbus.Conn, flags dbus.Flags) (condition, dbus.ObjectPath, error) {
	found, path, err := look(ctx, bus, flags)
	if found == opened {
		if open, withheldOnes, err := s.itemsOf(ctx, flags, path, ""); err == nil && len(open) == 0 && len(withheldOnes) > 0 {
			found = withheld
		}
	}
	return found, path, err
}

// ready is Check for one item, which may be withheld beside others that are not.
// What is withheld is asked for once, without waiting for the answer.
func (s *secretService) ready(ctx context.Context, name string) error {
	bus, err := s.connection(ctx)
	if err != nil {
		s.observe(gone)
		return err
	}
	found, path, err := look(ctx, bus, 0)
	if err != nil || found != opened {
		return s.Check(ctx)
	}
	_, kept, err := s.itemsOf(ctx, 0, path, name)
	if err != nil {
		return unavailable(err)
	}
	if len(kept) == 0 {
		return nil
	}
	s.mu.Lock()
	isNew := slices.ContainsFunc(kept, func(item dbus.ObjectPath) bool { return !s.known[item] })
	s.mu.Unlock()
	if isNew {
		s.ask()
	}
	return s.withheldError()
}

// withheldError says whether the user has yet to answer for what is withheld.
func (s *secretService) withheldError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil && s.replied {
		return ErrDenied
	}
	return ErrWithheld
}

// unlockItems asks for everything of ours that is withheld, on the connection of
// go-keyring. It returns the prompt that has to be shown, or noPath.
func (s *secretService) unlockItems(ctx context.Context, shared *dbus.Conn, in dbus.ObjectPath) (dbus.ObjectPath, error) {
	prompt := noPath
	_, items, err := s.itemsOf(ctx, 0, in, "")
	if err != nil || len(items) == 0 {
		return prompt, err
	}
	s.mu.Lock()
	for _, item := range items {
		s.known[item] = true
	}
	s.mu.Unlock()
	var unlocked []dbus.ObjectPath
	err = shared.Object(secretsName, secretsPath).CallWithContext(ctx, serviceIface+".Unlock", 0, items).Store(&unlocked, &prompt)
	return prompt, err
}
