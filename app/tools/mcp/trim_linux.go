package mcp

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// trim gives back what is not needed while nothing is asked: a bridge lives for days,
// and a person may have dozens. Free memory goes to the system; the pages of the
// program's file, of which the start maps nearly all, are unmapped and come back from the page
// cache one by one as they are used. Only pages that nobody has written are: of a
// mapping with anonymous pages (relocations of a PIE) none.
func trim() {
	debug.FreeOSMemory()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var clean []mapping
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if written, ok := strings.CutPrefix(line, "Anonymous:"); ok {
			if n := len(clean); n > 0 && strings.TrimSpace(written) != "0 kB" {
				clean[n-1] = mapping{}
			}
			continue
		}
		var m mapping
		var perms string
		if n, _ := fmt.Sscanf(line, "%x-%x %s ", &m.from, &m.to, &perms); n < 3 {
			continue
		}
		if perms != "r-xp" && perms != "r--p" || !strings.HasSuffix(line, " "+self) {
			m = mapping{}
		}
		clean = append(clean, m)
	}
	for _, m := range clean {
		if m.to > m.from {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
		}
	}
}

// mapping is a piece of this process's memory.
type mapping struct{ from, to uintptr }
