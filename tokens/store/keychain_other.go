//go:build !linux

package store

import (
	"context"
	"errors"
	"log/slog"

	"github.com/zalando/go-keyring"
)

// newDoor is the keychain of a system that does its own asking: go-keyring's
// calls are all there is.
func newDoor(service string, _ *slog.Logger) door { return plainDoor{service} }

type plainDoor struct{ service string }

// probe is a name that is never written: asking for it tells whether the
// keychain answers. It does not tell whether a macOS keychain is locked, for
// that cannot be asked without a dialog.
const probe = "authtray#probe"

func (d plainDoor) check(context.Context) error {
	if _, err := keyring.Get(d.service, probe); err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return classify(err)
	}
	return nil
}

func (d plainDoor) ready(context.Context) error { return nil }

// unlock asks for an item, for which macOS opens a dialog of its own.
func (d plainDoor) unlock(ctx context.Context) error { return d.check(ctx) }
func (d plainDoor) changed() <-chan struct{}         { return nil }
func (d plainDoor) interrupt()                       {}
func (d plainDoor) classify(err error) error         { return classify(err) }
func (d plainDoor) close() error                     { return nil }

// ForbidBusLaunch does nothing where there is no D-Bus to start.
func ForbidBusLaunch() bool { return true }
