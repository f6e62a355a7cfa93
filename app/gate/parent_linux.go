package gate

import (
	"os"
	"strconv"
)

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
