//go:build !linux && !windows

package store

import (
	"context"
	"log/slog"
)

// OwnKeychain takes the keychain's items of a service, by a lock on a file whose
// place follows from user and service alone. *TakenError: another process has
// them.
func OwnKeychain(ctx context.Context, _, file string, _ *slog.Logger) (*Ownership, error) {
	return ownByFile(ctx, file)
}
