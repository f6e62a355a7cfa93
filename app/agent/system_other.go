//go:build !linux

package agent

import (
	"context"
	"log/slog"
	"runtime/debug"
)

// Harden does nothing: macOS writes no core files unless asked and guards
// processes by entitlement; Windows writes no dumps unless configured.
func Harden() error { return nil }

// settleSoon keeps the heap of an agent that mostly sleeps small.
func settleSoon() { debug.SetGCPercent(50) }

// watchNetwork is there on Linux alone; elsewhere what has to be tried again is
// tried at its time.
func watchNetwork(context.Context, *slog.Logger, func()) {}
