//go:build !linux

package agent

import (
	"context"
	"log/slog"
)

// Harden does nothing: macOS writes no core files unless asked and guards
// processes by entitlement; Windows writes no dumps unless configured.
func Harden() error { return nil }

// clockJumps is there on Linux alone: nil has the clock looked at each half minute.
func clockJumps(*slog.Logger) (<-chan struct{}, func(context.Context)) {
	return nil, func(context.Context) {}
}

// watchNetwork is there on Linux alone; elsewhere what has to be tried again is
// tried at its time.
func watchNetwork(context.Context, *slog.Logger, func()) {}
