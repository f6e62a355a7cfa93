//go:build !linux

package agent

// Harden: macOS writes no core files unless asked and guards processes by
// entitlement; Windows writes no dumps unless configured.
func Harden() error { return nil }
