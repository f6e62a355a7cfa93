package agent

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

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

// settleAfter is when the agent has done what a start needs.
const settleAfter = 5 * time.Second

// settleSoon gives back, once, what only the start needed: reading the
// catalogue and setting up TLS touch most of the program and leave garbage, and
// then the agent sleeps for hours. The kernel would take the code pages back by
// itself, but only when memory is short; until then a person who looks at a
// process list sees a tray program three times its size. Whatever is needed
// again is mapped again from the page cache.
func settleSoon() {
	debug.SetGCPercent(50) // the heap is a megabyte: collecting it more often costs nothing
	time.AfterFunc(settleAfter, func() {
		debug.FreeOSMemory()
		dropCode()
	})
}

// dropCode unmaps this executable's read-only pages. It is a hint: where it
// fails nothing is lost.
func dropCode() {
	exe, err := os.Executable()
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		var perms string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &perms); n != 3 {
			continue
		}
		if perms[1] == '-' && strings.HasSuffix(lines.Text(), " "+exe) {
			unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
