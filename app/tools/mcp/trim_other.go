//go:build !linux

package mcp

import "runtime/debug"

// trim gives back what is not needed while nothing is asked.
func trim() { debug.FreeOSMemory() }

// Shed is for Linux alone.
func Shed() {}
