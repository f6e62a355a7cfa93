//go:build !linux

package app

// harden: macOS writes no core files unless asked and guards processes by
// entitlement; Windows writes no dumps unless configured.
func harden() error { return nil }
