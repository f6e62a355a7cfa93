package desktop

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Usage is what a process costs: memory at the end of a time, the rest during it.
type Usage struct {
	RSS, Private int64 // bytes
	CPU          time.Duration
	Switches     int // context switches of all threads, voluntary and not
}

// Measure watches a process for so long.
func Measure(t testing.TB, pid int, during time.Duration) Usage {
	t.Helper()
	before := usage(t, pid)
	time.Sleep(during)
	u := usage(t, pid)
	u.CPU -= before.CPU
	u.Switches -= before.Switches
	return u
}

func usage(t testing.TB, pid int) (u Usage) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", pid)
	status := read(t, proc+"status")
	u.RSS, u.Private = number(status, "VmRSS")<<10, number(status, "RssAnon")<<10
	threads, err := filepath.Glob(proc + "task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		status := read(t, thread)
		u.Switches += int(number(status, "voluntary_ctxt_switches") + number(status, "nonvoluntary_ctxt_switches"))
	}
	u.CPU = processor(t, read(t, proc+"stat"))
	return u
}

// tick is the unit of times in /proc/PID/stat: USER_HZ, which is 100 wherever
// Go runs on Linux.
const tick = time.Second / 100

// processor is utime and stime, the 14th and 15th field. The second is the
// program's name in parentheses, which may hold spaces.
func processor(t testing.TB, stat string) time.Duration {
	t.Helper()
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// number is the number behind a name in a status file.
func number(status, name string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
