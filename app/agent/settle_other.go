//go:build !linux

package agent

import "runtime/debug"

// settleSoon keeps the heap of an agent that mostly sleeps small.
func settleSoon() { debug.SetGCPercent(50) }
