//go:build unix

package cli

import (
	"os/signal"
	"syscall"
)

func sameVariable(a, b string) bool { return a == b }

// become runs a program in this process's place; it returns only if it cannot.
// Signals are as they were before this process listened for some.
func become(path string, args, env []string) error {
	signal.Reset()
	return syscall.Exec(path, args, env)
}
