//go:build !linux

package store

import (
	"context"
	"errors"
	"log/slog"

	"github.com/zalando/go-keyring"
)

// newLockWatcher is the keychain of a system that does its own asking: go-keyring's
// calls are all there is.
func newLockWatcher(service string, _ *slog.Logger) lockWatcher { return noWatcher{service} }

type noWatcher struct{ service string }

// probe is a name that is never written: asking for it tells whether the
// keychain answers. It does not tell whether a macOS keychain is locked, for
// that cannot be asked without a dialog.
const probe = "authtray#probe"

func (w noWatcher) Check(context.Context) error {
	if _, err := keyring.Get(w.service, probe); err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return classify(err)
	}
	return nil
}

func (w noWatcher) ready(context.Context, string) error { return nil }

// Unlock asks for an item, for which macOS opens a dialog of its own.
func (w noWatcher) Unlock(ctx context.Context) error { return w.Check(ctx) }
func (w noWatcher) Changed() chan struct{}           { return nil }
func (w noWatcher) interrupt()                       {}
func (w noWatcher) Close() error                     { return nil }

// ForbidBusLaunch does nothing where there is no D-Bus to start.
func ForbidBusLaunch() bool { return true }
