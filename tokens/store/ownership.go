package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/authtray/authtray/tokens/store/atomicfile"
)

// Ownership is this process's right to use the items of one store. Of all
// processes that ask for it, wherever their folders and sockets are, one has it:
// two that renew the same refresh token make the provider end the grant.
//
// It ends with the process. Before that it can be lost only where it hangs on
// something that ends by itself, the session bus; it is asked for again then,
// until it is ours. A nil Ownership is of a store that nobody else can reach.
type Ownership struct {
	release func() // may be called again

	mu      sync.Mutex
	changed chan<- struct{} // the store's; nil: it has none yet, or one that cannot tell
	lost    error           // nil: it is ours
}

// TakenError is why the items are not ours: another process of this user's has
// them.
type TakenError struct {
	PID int // 0: it cannot be told
}

func (e *TakenError) Error() string {
	if e.PID == 0 {
		return "another Authtray keeps these connections"
	}
	return fmt.Sprintf("another Authtray, process %d, keeps these connections", e.PID)
}

// endTime is how long one that is just ending may have what it owned.
var endTime = time.Second // a variable for tests

// Lost is nil while the items are this process's. Else it says why they are not,
// and wraps ErrUnavailable; a *TakenError where another process has them.
func (o *Ownership) Lost() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// Close gives the ownership up.
func (o *Ownership) Close() {
	if o != nil {
		o.release()
	}
}

// OwnFile takes the file store in that folder. *TakenError: another process has
// it.
func OwnFile(ctx context.Context, folder string) (*Ownership, error) {
	own, err := ownByFile(ctx, filepath.Join(folder, "owner.lock"))
	if err == nil {
		atomicfile.Sweep(folder) // until now somebody else may have been writing
	}
	return own, err
}

// ownByFile is an Ownership by a lock on a file, which the kernel keeps for as
// long as the process lives. The process's id stands in the file where a locked
// file can be read.
func ownByFile(ctx context.Context, path string) (*Ownership, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of %s cannot be made: %w", path, err)
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	waiting, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	switch ok, err := lock.TryLockContext(waiting, 20*time.Millisecond); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !ok && errors.Is(err, context.DeadlineExceeded):
		said, _ := os.ReadFile(path)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(said)))
		return nil, &TakenError{PID: max(pid, 0)}
	case !ok:
		return nil, fmt.Errorf("%s cannot be locked: %w", path, err)
	}
	_ = os.WriteFile(path, fmt.Appendln(nil, os.Getpid()), 0o600) // the lock holds without it
	return &Ownership{release: func() { _ = lock.Close() }}, nil
}

// Owned is s, a store of this package, for the process that owns it. While that is
// another one, or nobody, every operation is ErrUnavailable, so that no item is read
// or written; and since a refresh token is only sent while its successor could be
// written, none is. That it was lost, or is ours again, is a change of the store,
// where s can tell of changes. Close gives the ownership up. An operation that was
// under way when the ownership was lost may still take effect.
func Owned(s Store, own *Ownership) Store {
	if own == nil {
		return s
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	own.changed, s.(*serial).own = s.Changed(), own
	return s
}
