package agent

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Harden keeps the memory of this process out of core files and away from
// debuggers of this user: in an agent's, tokens are. Children are not bound by the first, since
// exec resets it.
func Harden() error {
	return errors.Join(
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
	)
}
