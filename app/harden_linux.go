package app

import (
	"errors"

	"golang.org/x/sys/unix"
)

// harden keeps the agent's memory out of core files and away from debuggers
// of this user: tokens are in it. Children are not bound by the first, since
// exec resets it.
func harden() error {
	return errors.Join(
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
	)
}
