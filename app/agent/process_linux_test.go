package agent

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheAgentLeavesNoCoreFile(t *testing.T) {
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	if on, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); on != 0 || err != nil {
		t.Errorf("dumpable is %d, %v", on, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("the limit of core files is %+v, %v", limit, err)
	}
}
