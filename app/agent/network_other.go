//go:build !linux

package agent

import (
	"context"
	"log/slog"
)

// watchNetwork is there on Linux alone; elsewhere what has to be tried again is
// tried at its time.
func watchNetwork(context.Context, *slog.Logger, func()) {}
