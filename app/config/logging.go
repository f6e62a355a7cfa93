package config

import (
	"io"
	"log/slog"
	"os"
)

// defaultLevel is the log's level where AUTHTRAY_LOG names none.
const defaultLevel = slog.LevelInfo

// NewLog writes text to w. AUTHTRAY_LOG=debug says more; no level says a
// secret.
func NewLog(w io.Writer) *slog.Logger {
	level := defaultLevel
	if err := level.UnmarshalText([]byte(os.Getenv("AUTHTRAY_LOG"))); err != nil {
		level = defaultLevel
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
