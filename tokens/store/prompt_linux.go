package store

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

// unlock opens the collection, or makes the first one, asking the user where
// the Secret Service wants to. It speaks on a connection of its own, which
// takes a forgotten prompt with it when it is closed.
func (s *secretService) unlock(ctx context.Context) error {
	bus, err := privateBus(ctx)
	if err != nil {
		return err
	}
	defer bus.Close()
	found, path, err := look(ctx, bus, 0)
	if found == opened || found == gone {
		return verdict(found, err)
	}
	prompt, err := askToOpen(ctx, bus, found, path)
	if err == nil && prompt != noPath {
		err = answerTo(ctx, bus, prompt)
	}
	if err != nil {
		return outcome(err)
	}
	return s.check(ctx)
}

// askToOpen returns the prompt that has to be shown, or noPath.
func askToOpen(ctx context.Context, bus *dbus.Conn, found condition, path dbus.ObjectPath) (dbus.ObjectPath, error) {
	service, prompt := bus.Object(secretsName, secretsPath), noPath
	if found == noCollection {
		label := map[string]dbus.Variant{collectionIface + ".Label": dbus.MakeVariant("Default keyring")}
		var made dbus.ObjectPath
		err := service.CallWithContext(ctx, serviceIface+".CreateCollection", 0, label, "default").Store(&made, &prompt)
		return prompt, err
	}
	var unlocked []dbus.ObjectPath
	err := service.CallWithContext(ctx, serviceIface+".Unlock", 0, []dbus.ObjectPath{path}).Store(&unlocked, &prompt)
	return prompt, err
}

// answerTo shows a prompt and waits for the user, who may take as long as ctx.
func answerTo(ctx context.Context, bus *dbus.Conn, prompt dbus.ObjectPath) error {
	signals := make(chan *dbus.Signal, 8)
	bus.Signal(signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchObjectPath(prompt), dbus.WithMatchInterface(promptIface)},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, secretsName)},
	} {
		if err := bus.AddMatchSignalContext(ctx, match...); err != nil {
			return err
		}
	}
	object := bus.Object(secretsName, prompt)
	if err := object.CallWithContext(ctx, promptIface+".Prompt", 0, "").Err; err != nil {
		return err
	}
	err := completed(ctx, signals, prompt)
	if err != nil {
		dismiss(object)
	}
	return err
}

func completed(ctx context.Context, signals <-chan *dbus.Signal, prompt dbus.ObjectPath) error {
	for {
		select {
		case <-ctx.Done():
			return locked("nobody answered the question for its password")
		case signal := <-signals:
			switch {
			case signal == nil:
				return unavailable(errNoBus)
			case signal.Name == "org.freedesktop.DBus.NameOwnerChanged":
				return unavailable(errors.New("the Secret Service went away"))
			case signal.Path == prompt && signal.Name == promptIface+".Completed":
				return accepted(signal)
			}
		}
	}
}

func accepted(signal *dbus.Signal) error {
	if len(signal.Body) > 0 && signal.Body[0] == true {
		return locked("the question for its password was dismissed")
	}
	return nil
}

// dismiss takes the dialog off the screen, though the caller's time is over.
func dismiss(prompt dbus.BusObject) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = prompt.CallWithContext(ctx, promptIface+".Dismiss", dbus.FlagNoAutoStart).Err
}
