package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/zalando/go-keyring"
)

// KeychainOption changes a Keychain.
type KeychainOption func(*goKeyring)

// WithLog sends what goes wrong on the way to the keychain to l. No value and
// no key's value is ever logged.
func WithLog(l *slog.Logger) KeychainOption { return func(k *goKeyring) { k.log = l } }

// Keychain keeps values in the operating system's keychain, under service, by
// github.com/zalando/go-keyring. It never fails to be made: where there is no
// keychain, Check says so, and it is taken up when it comes.
//
// Each item's name ("username" on Linux) is the value's key.
func Keychain(service string, options ...KeychainOption) Store {
	return Split(RawKeychain(service, options...))
}

// RawKeychain is what Keychain splits values over.
func RawKeychain(service string, options ...KeychainOption) Items {
	k := &goKeyring{service: service, log: slog.New(slog.DiscardHandler)}
	for _, set := range options {
		set(k)
	}
	k.door = newDoor(service, k.log)
	return k
}

// door is the system's side of a keychain that go-keyring leaves out.
type door interface {
	// check says whether a call would work now, without asking the user
	// anything: nil, ErrLocked or ErrUnavailable.
	check(ctx context.Context) error
	// ready is check, where a call must not be made without it.
	ready(ctx context.Context) error
	// unlock asks the user, if need be.
	unlock(ctx context.Context) error
	// changed is sent to when check may say something else than before.
	changed() <-chan struct{}
	// interrupt ends go-keyring's waiting for a person.
	interrupt()
	// classify is an error of go-keyring as one of ours.
	classify(error) error
	close() error
}

// goKeyring is the raw keychain.
type goKeyring struct {
	service string
	door    door
	log     *slog.Logger
}

func (k *goKeyring) Check(ctx context.Context) error  { return k.door.check(ctx) }
func (k *goKeyring) Unlock(ctx context.Context) error { return k.door.unlock(ctx) }
func (k *goKeyring) Changed() <-chan struct{}         { return k.door.changed() }
func (k *goKeyring) Close() error                     { return k.door.close() }

func (k *goKeyring) Get(ctx context.Context, name string) (text string, err error) {
	err = k.call(ctx, func() error {
		text, err = keyring.Get(k.service, name)
		return err
	})
	return text, err
}

func (k *goKeyring) Set(ctx context.Context, name, text string) error {
	if err := fits(k.service, name, text); err != nil {
		return err
	}
	return k.call(ctx, func() error { return keyring.Set(k.service, name, text) })
}

func (k *goKeyring) Delete(ctx context.Context, name string) error {
	return k.call(ctx, func() error { return keyring.Delete(k.service, name) })
}

// call looks at the lock first, because go-keyring would ask the user, and
// wait for ever, and it cannot be told to stop.
func (k *goKeyring) call(ctx context.Context, fn func() error) error {
	if err := k.door.ready(ctx); err != nil {
		return err
	}
	defer k.hurry(ctx)()
	err := k.result(fn())
	if err != nil && !errors.Is(err, ErrAbsent) {
		k.log.Debug("keychain call failed", "err", err)
	}
	return err
}

func (k *goKeyring) result(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrAbsent
	default:
		return k.door.classify(err)
	}
}

// hurry interrupts a call that outlives ctx until the returned function is
// called: again and again, for it may not wait for a person yet.
func (k *goKeyring) hurry(ctx context.Context) (done func()) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		for {
			k.door.interrupt()
			select {
			case <-over:
				return
			case <-time.After(time.Second):
			}
		}
	})
	return func() { stop(); close(over) }
}

// locked says why, for people.
func locked(why string) error { return fmt.Errorf("%w: %s", ErrLocked, why) }
