package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// errSwapped: the process that connected has started another program since, which
// reads in its place.
var errSwapped = errors.New("the process runs another program than the one that connected")

// look asks the system about a process. exe is what the socket's listener knew
// of it, "" where it is not to be compared.
func (s *sums) look(pid int, exe string) (Program, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Program{}, err
	}
	p := Program{PID: pid}
	if p.parent, p.Start, err = parseStat(stat); err != nil {
		return Program{}, err
	}
	// What is not dumpable has no readable link; that is no error, but nothing
	// that could be remembered.
	if p.Exe, err = os.Readlink(dir + "/exe"); err == nil {
		p.Sum, _ = s.of(dir + "/exe") // what runs, even where the file at its path is another by now
	}
	if exe != "" && !sameProgram(p.Exe, exe) {
		return Program{}, errSwapped
	}
	return p, nil
}

// sameProgram compares what the links to a running program said at two times. Its
// file may have been removed or replaced in between.
func sameProgram(now, before string) bool {
	const gone = " (deleted)"
	return strings.TrimSuffix(now, gone) == strings.TrimSuffix(before, gone)
}

var errStat = errors.New("/proc tells something else of a process than expected")

// parseStat reads fields 4 (parent) and 22 (start time, in clock ticks since
// boot) of proc(5)'s stat. Field 2 may hold anything, parentheses too.
func parseStat(stat []byte) (parent int, start string, err error) {
	_, rest, ok := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(") "))
	fields := bytes.Fields(rest) // the first is field 3
	if !ok || len(fields) < 20 {
		return 0, "", errStat
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return parent, string(fields[19]), err
}

// stamp changes whenever a file's content may have: its times of change cannot
// be set back by its owner.
func stamp(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprint(st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim)
}

// above is the nearest program above an authtray that is another one. It reads
// no program's file, so it takes microseconds.
func above(pid int) (int, string, bool) {
	for range generations {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return 0, "", false
		}
		if pid, _, err = parseStat(stat); err != nil || pid <= 1 {
			return 0, "", false
		}
		exe, _ := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
		if !own(exe) {
			return pid, exe, true
		}
	}
	return 0, "", false
}
