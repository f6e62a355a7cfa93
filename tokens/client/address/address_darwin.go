package address

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
)

// agent: TMPDIR is a folder of the user's own on macOS; without one, the state
// folder.
func agent(world string) (string, error) {
	if tmp := getenv("TMPDIR"); strings.HasPrefix(tmp, "/") {
		return strings.TrimRight(tmp, "/") + "/" + world + "-" + strconv.Itoa(syscall.Getuid()) + "/agent.sock", nil
	}
	if state := getenv("AUTHTRAY_STATE"); state != "" {
		return state + "/run/agent.sock", nil
	}
	if home := getenv("HOME"); home != "" {
		return home + "/Library/Application Support/" + world + "/state/run/agent.sock", nil
	}
	return "", errors.New("HOME is not set, so the agent's folders cannot be found: set it, or AUTHTRAY_SOCKET")
}
