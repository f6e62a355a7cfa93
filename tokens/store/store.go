// Package store keeps secret values by key: in the operating system's keychain,
// in a file sealed with age, or in memory.
//
// Keychain goes through go-keyring; what it cannot say of a Secret Service (is the
// collection there, is it locked, unlock it) is spoken on a private D-Bus
// connection. Values over MaxItem bytes are split over two alternating slots
// (Split). Package storetest has the contract as a test, faults, and a real
// gnome-keyring.
//
// A value's key is a connection's NAME, or NAME#secret for its client secret.
// One process at a time uses the items of a store: the agent, or a command while
// no agent runs. OwnKeychain and OwnFile see to it, and Owned keeps to it.
package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
)

// How an operation can fail. Anything else is wrapped in ErrUnavailable, so
// that nothing but a clear word of the keychain counts as "absent".
var (
	ErrAbsent      = errors.New("not in the keychain")
	ErrLocked      = errors.New("the keychain is locked")
	ErrUnavailable = errors.New("the keychain cannot be reached")
	ErrCorrupt     = errors.New("the keychain item is damaged")
	ErrTooLarge    = errors.New("too large for the keychain")
)

// ErrWithheld is ErrLocked of an open keychain that asks the user before it gives
// a program what another one wrote.
var ErrWithheld = fmt.Errorf("%w: KeePassXC asks whether Authtray may read its entries", ErrLocked)

// ErrDenied is ErrLocked of such a keychain once the user has answered: no.
var ErrDenied = fmt.Errorf("%w: KeePassXC does not let Authtray read its entries", ErrLocked)

// ErrNoKeyring is ErrLocked of a keychain that holds no keyring yet: Unlock has the
// desktop make one, and asks for its password.
var ErrNoKeyring = fmt.Errorf("%w: it has no default keyring yet, and unlocking makes one", ErrLocked)

// ErrNextSession is ErrLocked of KWallet, which shows a wallet that this session's
// login has made to other programs from the next session on.
var ErrNextSession = fmt.Errorf("%w: KWallet shows its new wallet from the next session on", ErrLocked)

// MaxValue is the most bytes that a value may have. A keychain takes more, given
// time, but not within the time that a write is given.
const MaxValue = 256 << 10

// Store keeps values. Implementations are safe for concurrent use; operations
// on one key take effect in the order in which they were called by one
// goroutine. Every method but Unlock returns by its context's deadline or after
// Timeout, whichever is first; an operation that ran out of time is ErrUnavailable and
// may still take effect later, but never after a later operation on the same key.
type Store interface {
	// Get returns the value last set. ErrAbsent, ErrLocked, ErrUnavailable, or
	// ErrCorrupt where parts are missing or do not match.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set replaces the value. nil means that a Get after a crash of this
	// process returns the new value; an error means that it returns the new or
	// the old one, whole. ASCII or not; ErrTooLarge above MaxValue.
	Set(ctx context.Context, key string, value []byte) error
	// Delete removes the value and all its parts. An absent key is no error.
	Delete(ctx context.Context, key string) error
	Kind() Kind
	Lock
}

// Lock is what is between a keychain, or a store, and whoever wants to use it.
type Lock interface {
	// Check says, without asking the user anything, whether a write could work now:
	// nil, ErrLocked or ErrUnavailable.
	Check(ctx context.Context) error
	// Unlock opens the store, asking the user if need be; ctx bounds the wait.
	// Only a user's action may call it. ErrLocked when the user dismissed the
	// question, or did not answer it in time.
	Unlock(ctx context.Context) error
	// Changed is sent to (never blocking) when the store may have been locked,
	// unlocked, or come back. A hint: nil where the store cannot tell. An Ownership
	// sends to it too, so that whoever waits for either has one channel.
	Changed() chan struct{}
	Close() error
}

// Kind is where a store keeps what it is given. Its text stands on the wire and
// in --store.
type Kind string

const (
	KindKeychain Kind = "keychain"
	KindFile     Kind = "file"   // sealed with a passphrase
	KindMemory   Kind = "memory" // gone when the process ends
)

// hint sends to a channel that holds one hint, if it holds none.
func hint(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// unavailable wraps err in ErrUnavailable, keeping it for errors.Is.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// outcome is err as one of those that the contract names. What nobody can
// classify is "cannot be reached", never "absent".
func outcome(err error) error {
	for _, known := range []error{nil, ErrAbsent, ErrLocked, ErrUnavailable, ErrCorrupt, ErrTooLarge} {
		if errors.Is(err, known) {
			return err
		}
	}
	return unavailable(err)
}

// outOfTime says that ctx ended before the answer came.
func outOfTime(ctx context.Context) error {
	return fmt.Errorf("%w: no answer in time: %w", ErrUnavailable, context.Cause(ctx))
}

// keyPattern keeps keys to what every keychain takes as a name, and what cannot
// be mistaken for a part of another value or for the end of a line of commands
// (macOS is spoken to line by line).
var keyPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@:/#-]{0,127}$`) })
var partPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`#[ab]\.[0-9]+$`) })

// checkKey refuses keys that no connection has.
func checkKey(key string) error {
	if !keyPattern().MatchString(key) || partPattern().MatchString(key) {
		return fmt.Errorf("%w: %q is no name for a value", ErrUnavailable, key)
	}
	return nil
}
