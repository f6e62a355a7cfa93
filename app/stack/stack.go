// Package stack makes room on a goroutine's stack before it is needed.
package stack

// Grow has the calling goroutine's stack grow at once, while hardly anything is on it, to
// what JSON and HTTP take. Left to itself it grows four times, deep inside them, and each
// time the run-time reads its tables of all functions on the stack: a twelfth of the
// processor time of a call through the bridge, and pages of the program's file that
// nothing else needs in memory.
func Grow() { grow(false) }

//go:noinline
func grow(use bool) (b byte) {
	if use { // never: the room is taken when the function is entered
		var all [room]byte
		for i := range all {
			all[i] = b + byte(i)
		}
		return all[len(all)/2]
	}
	return b
}

// room makes stacks of 16 kB, the largest that the run-time keeps for new goroutines.
const room = 10 << 10
