package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/zalando/go-keyring"
)

// Keychain keeps values in the operating system's keychain, under service, by
// github.com/zalando/go-keyring. It never fails to be made: where there is no
// keychain, Check says so, and it is taken up when it comes. What goes wrong on the
// way is logged, but no value and no key's value.
//
// Each item's name ("username" on Linux) is the value's key.
func Keychain(service string, log *slog.Logger) Store { return Split(RawKeychain(service, log)) }

// EraseKeychain deletes every item of a service, whatever its key. The user is not
// asked to unlock: ErrLocked, ErrUnavailable.
func EraseKeychain(ctx context.Context, service string) error {
	k := RawKeychain(service, slog.New(slog.DiscardHandler)).(*goKeyring)
	defer k.Close()
	if err := k.Check(ctx); err != nil {
		return err
	}
	return k.call(ctx, "", func() error { return keyring.DeleteAll(service) })
}

// RawKeychain is what Keychain splits values over.
func RawKeychain(service string, log *slog.Logger) Items {
	return &goKeyring{lockWatcher: newLockWatcher(service, log), service: service, log: log}
}

// lockWatcher is the system's side of a keychain that go-keyring leaves out.
type lockWatcher interface {
	Lock
	// ready is Check for one item, where a call must not be made without it.
	ready(ctx context.Context, name string) error
	// interrupt ends go-keyring's waiting for a person.
	interrupt()
}

// goKeyring is the raw keychain.
type goKeyring struct {
	lockWatcher
	service string
	log     *slog.Logger
}

func (k *goKeyring) Get(ctx context.Context, name string) (text string, err error) {
	err = k.call(ctx, name, func() error {
		text, err = keyring.Get(k.service, name)
		return err
	})
	return text, err
}

func (k *goKeyring) Set(ctx context.Context, name, text string) error {
	return k.call(ctx, name, func() error { return keyring.Set(k.service, name, text) })
}

func (k *goKeyring) Delete(ctx context.Context, name string) error {
	return k.call(ctx, name, func() error { return keyring.Delete(k.service, name) })
}

// MaxItem is how many bytes an item takes.
func (k *goKeyring) MaxItem() int {
	if runtime.GOOS == "linux" {
		return wholeItem
	}
	return MaxItem
}

// call looks at the lock first, because go-keyring would ask the user, and
// wait for ever, and it cannot be told to stop.
func (k *goKeyring) call(ctx context.Context, name string, fn func() error) error {
	if err := k.ready(ctx, name); err != nil {
		return err
	}
	defer k.interruptAfter(ctx)()
	err := fn()
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrAbsent
	case err != nil:
		err = classify(err)
		k.log.Debug("keychain call failed", "err", err)
	}
	return err
}

// classify is an error of go-keyring as one of ours. Only macOS' says more than
// that it failed: the exit code of /usr/bin/security is the lowest byte of
// Security.framework's status: 36 is errSecInteractionNotAllowed (-25308, locked
// and nobody there to ask), 51 errSecAuthFailed (-25293), 128 errSecUserCanceled
// (-128).
func classify(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && slices.Contains([]int{36, 51, 128}, exit.ExitCode()) {
		return locked("macOS did not open it")
	}
	if code := syscall.Errno(0); runtime.GOOS == "windows" && errors.As(err, &code) && credentialManager[code] != "" {
		return unavailable(errors.New(credentialManager[code]))
	}
	return unavailable(err)
}

// credentialManager is what the errors of Windows' Credential Manager mean.
var credentialManager = map[syscall.Errno]string{
	1058: "the Credential Manager is switched off: start its service (VaultSvc)",                 // ERROR_SERVICE_DISABLED
	1312: "a policy of this computer keeps Windows from storing credentials: ask who manages it", // ERROR_NO_SUCH_LOGON_SESSION
	1450: "the Credential Manager is full: remove entries that you do not need from it",          // ERROR_NO_SYSTEM_RESOURCES
	1816: "the Credential Manager is full: remove entries that you do not need from it",          // ERROR_NOT_ENOUGH_QUOTA
}

// interruptAfter interrupts a call that outlives ctx until the returned function is
// called: again and again, for it may not wait for a person yet.
func (k *goKeyring) interruptAfter(ctx context.Context) (done func()) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		for {
			k.interrupt()
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
