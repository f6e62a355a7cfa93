package api

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// TestHolderThatCannotBeWrittenIsNobody: on a full disk the line of whoever held the lock
// before, and was killed, would send a takeover and clients to another agent. A limit of
// the process's on its files stands for the disk.
func TestHolderThatCannotBeWrittenIsNobody(t *testing.T) {
	const place, room = "AUTHTRAY_TEST_LOCK", "AUTHTRAY_TEST_ROOM"
	if path := os.Getenv(place); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		most, _ := strconv.ParseUint(os.Getenv(room), 10, 64)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			t.Fatal(err)
		}
		unlock, err := LockFor(path, "/run/user/1000/authtray/agent.sock")
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := ReadHolder(path); ok {
			t.Errorf("the lock is said to be held by %+v", h)
		}
		unlock()
		return
	}
	for name, most := range map[string]string{"nothing is written": "1", "some bytes are written": "20"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "agent.lock")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			writeHolder(path, Holder{PID: 7, Socket: "/tmp/another.sock"})
			again := exec.Command(os.Args[0], "-test.run", "^TestHolderThatCannotBeWrittenIsNobody$")
			again.Env = append(os.Environ(), place+"="+path, room+"="+most)
			if out, err := again.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
