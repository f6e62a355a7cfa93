package address

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// agent takes the user's own folder for temporary files; where the system names
// none, the state folder.
func agent(world string) (string, error) {
	dir, ok := userTempDir(getenv("TMPDIR"))
	if !ok {
		dir, ok = userTempDir(darwinUserTempDir())
	}
	if ok {
		return dir + "/" + world + "-" + strconv.Itoa(syscall.Getuid()) + "/agent.sock", nil
	}
	if state := getenv("AUTHTRAY_STATE"); state != "" {
		return state + "/run/agent.sock", nil
	}
	if home := getenv("HOME"); home != "" {
		return home + "/Library/Application Support/" + world + "/state/run/agent.sock", nil
	}
	return "", errors.New("HOME is not set, so the agent's folders cannot be found: set it, or AUTHTRAY_SOCKET")
}

// darwinUserTempDir asks the system, since a shell may have set TMPDIR to
// anything: confstr(3) needs C.
var darwinUserTempDir = sync.OnceValue(func() string {
	out, err := exec.Command("/usr/bin/getconf", "DARWIN_USER_TEMP_DIR").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})
