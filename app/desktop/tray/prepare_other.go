//go:build !linux && (!darwin || cgo)

package tray

// prepare: elsewhere nothing can be set before systray runs, and a title would
// be drawn beside the icon on macOS.
func prepare(view) {}
