package store

import (
	"context"
	"errors"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/tokens/store/sessionbus"
)

// question is a dialog of the Secret Service that is on the screen, or will be.
//
// It outlives the Unlock that asked it: Prompt.Dismiss makes
// gnome-keyring-daemon 42.1 fail an assertion and abort, and closing the
// connection leaves the dialog where it is. So an unanswered dialog stays until
// the user answers or cancels it, the next Unlock waits for the same one, and
// an answer that comes late opens the keychain all the same.
type question struct {
	done chan struct{}
	err  error // valid when done is closed
}

// Unlock opens the collection, or makes the first one, asking the user where the Secret
// Service wants to, and then asks for what is withheld in it.
func (s *secretService) Unlock(ctx context.Context) error {
	err := s.Check(ctx)
	if err != nil && !errors.Is(err, ErrLocked) {
		return err
	}
	for range 2 {
		q := s.ask()
		select {
		case <-q.done:
		case <-ctx.Done():
			return locked("nobody answered the question for its password")
		}
		if err = s.Check(ctx); q.err != nil && !errors.Is(err, ErrDenied) {
			return q.err
		}
		if !errors.Is(err, ErrWithheld) {
			break
		}
	}
	return err
}

// ask returns the question that is open, or asks it.
func (s *secretService) ask() *question {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		return s.asked
	}
	q := &question{done: make(chan struct{})}
	s.asked = q
	go func() {
		shown, err := s.put(s.open)
		err = outcome(err)
		s.mu.Lock()
		q.err, s.asked = err, nil
		s.replied = shown == withheld && (err == nil || errors.Is(err, ErrLocked))
		s.mu.Unlock()
		close(q.done)
		hint(s.hints) // that an item is given is not announced
	}()
	return q
}

// put asks the question and waits for its end, however late. shown is what the user was
// asked about; unseen where nothing was to be asked.
func (s *secretService) put(ctx context.Context) (shown condition, err error) {
	bus, err := s.connection(ctx)
	if err != nil {
		return unseen, err
	}
	signals := make(chan *dbus.Signal, 32)
	bus.Signal(signals)
	defer bus.RemoveSignal(signals)
	found, path, err := look(ctx, bus, 0)
	if found == gone {
		return unseen, stateError(found, err)
	}
	asking, prompt := bus, noPath
	if found == opened {
		found = withheld
		if asking, err = dbus.SessionBus(); err == nil {
			prompt, err = s.unlockItems(ctx, asking, path)
		}
	} else {
		prompt, err = askToOpen(ctx, bus, found, path)
	}
	if err != nil || prompt == noPath {
		return unseen, err
	}
	if err := asking.Object(secretsName, prompt).CallWithContext(ctx, promptIface+".Prompt", 0, "").Err; err != nil {
		return unseen, err
	}
	return found, s.answered(bus, signals, prompt)
}

// askToOpen returns the prompt that has to be shown, or noPath.
func askToOpen(ctx context.Context, bus *dbus.Conn, found condition, path dbus.ObjectPath) (dbus.ObjectPath, error) {
	service, prompt := bus.Object(secretsName, secretsPath), noPath
	if found == noCollection {
		label, err := collectionLabel(ctx, bus)
		if err == nil {
			properties := map[string]dbus.Variant{collectionIface + ".Label": dbus.MakeVariant(label)}
			var made dbus.ObjectPath
			err = service.CallWithContext(ctx, serviceIface+".CreateCollection", 0, properties, "default").Store(&made, &prompt)
		}
		return prompt, err
	}
	var unlocked []dbus.ObjectPath
	err := service.CallWithContext(ctx, serviceIface+".Unlock", 0, []dbus.ObjectPath{path}).Store(&unlocked, &prompt)
	return prompt, err
}

// answered waits until the prompt is over, or the collection was opened in
// another way.
func (s *secretService) answered(bus *dbus.Conn, signals <-chan *dbus.Signal, prompt dbus.ObjectPath) error {
	for {
		select {
		case <-s.open.Done():
			return outOfTime(s.open)
		case signal := <-signals:
			switch {
			case signal == nil:
				return unavailable(sessionbus.ErrNone)
			case signal.Name == "org.freedesktop.DBus.NameOwnerChanged":
				return unavailable(errors.New("the Secret Service went away"))
			case signal.Path == prompt && signal.Name == promptIface+".Completed":
				if len(signal.Body) > 0 && signal.Body[0] == true {
					return locked("the question for its password was dismissed")
				}
				return nil
			case matters(signal) && s.lookAgain(bus) == opened:
				return nil
			}
		}
	}
}
