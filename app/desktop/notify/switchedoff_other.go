//go:build !windows

package notify

// SwitchedOff is "": what a system without a setting of its own shows is known by
// trying.
func SwitchedOff() string { return "" }
