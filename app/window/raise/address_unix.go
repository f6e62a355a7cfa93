//go:build !windows

package raise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"
)

// Address is where the window of the agent at agentSocket listens.
func Address(agentSocket string) string {
	return filepath.Join(filepath.Dir(agentSocket), "window.sock")
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", address)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, errAbsent
	}
	return conn, err
}

// listen takes the lock before it touches the socket: a socket file whose
// owner died is removed only under the lock, so it is nobody's.
func listen(address string) (net.Listener, func(), error) {
	if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the folder of the window's socket: %w", err)
	}
	lock := flock.New(address+".lock", flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, nil, fmt.Errorf("lock the window of this profile: %w", err)
	}
	if !got {
		return nil, nil, ErrOpen
	}
	l, err := bind(address)
	if err != nil {
		_ = lock.Unlock()
		return nil, nil, err
	}
	return l, func() { _ = lock.Unlock() }, nil
}

func bind(address string) (net.Listener, error) {
	if err := os.Remove(address); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove a stale window socket: %w", err)
	}
	l, err := net.Listen("unix", address)
	if err != nil {
		return nil, fmt.Errorf("listen for other windows: %w", err)
	}
	if err := os.Chmod(address, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("close the window's socket to others: %w", err)
	}
	return l, nil
}
