package socket

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrRunning: another agent of this profile runs.
var ErrRunning = errors.New("another agent is running")

// ErrNotRunning: no agent answers.
var ErrNotRunning = errors.New("no agent is running")

// Lock makes this process the profile's one agent, until it is unlocked or the
// process ends, however it ends: the kernel keeps the lock, not the file.
// ErrRunning: there is one already.
func Lock(path string) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the state folder cannot be made: %w", err)
	}
	l := flock.New(path, flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the lock of the state folder cannot be taken: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%w (%s is locked)", ErrRunning, path)
	}
	return l.Unlock, nil
}
