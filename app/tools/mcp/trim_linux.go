package mcp

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// trim gives back what is not needed while nothing is asked: a bridge lives for days,
// and a person may have dozens. The program's file goes first, as collecting garbage
// needs some of it again.
func trim() {
	Shed()
	debug.FreeOSMemory()
	Shed()
}

// Shed gives back the pages of the program's file that are in memory, of which the
// start maps nearly all: they come back from the page cache as they are used, sixteen
// with each.
func Shed() {
	for _, m := range ownFile() {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}

// ownFile is where the program's file is mapped and nobody has written: of a mapping
// with anonymous pages (relocations of a PIE) nothing.
var ownFile = sync.OnceValue(func() (clean []mapping) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer maps.Close()
	ours := false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if written, ok := strings.CutPrefix(line, "Anonymous:"); ok {
			if ours && strings.TrimSpace(written) != "0 kB" {
				clean = clean[:len(clean)-1]
			}
			ours = false
			continue
		}
		m, perms, ok := readMapping(line)
		if !ok {
			continue
		}
		ours = (perms == "r-xp" || perms == "r--p") && strings.HasSuffix(line, " "+self)
		if ours {
			clean = append(clean, m)
		}
	}
	return clean
})

// mapping is a piece of this process's memory.
type mapping struct{ from, to uintptr }

// readMapping reads the first line of a mapping: 00400000-00bca000 r-xp …
func readMapping(line string) (m mapping, perms string, ok bool) {
	from, rest, _ := strings.Cut(line, "-")
	to, rest, _ := strings.Cut(rest, " ")
	first, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	perms, _, _ = strings.Cut(rest, " ")
	return mapping{uintptr(first), uintptr(end)}, perms, err == nil && err2 == nil && end > first
}
