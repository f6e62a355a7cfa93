//go:build !linux && !windows && (!darwin || cgo)

package tray

// escapeMnemonics: macOS menus have no access keys.
func escapeMnemonics(s string) string { return s }
