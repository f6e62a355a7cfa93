package config

import (
	"io"
	"log/slog"
	"os"
)

// NewLog writes text to w. AUTHTRAY_LOG=debug says more; no level says a
// secret.
func NewLog(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(os.Getenv("AUTHTRAY_LOG"))); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
