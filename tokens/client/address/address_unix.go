//go:build unix && !darwin

package address

import (
	"errors"
	"strconv"
	"syscall"
)

// agent takes the session's own folder, which the system empties at logout;
// without one, a folder of ours.
func agent(world string) (string, error) {
	if dir := getenv("XDG_RUNTIME_DIR"); absolute(dir) {
		return dir + "/" + world + "/agent.sock", nil
	}
	if dir := "/run/user/" + strconv.Itoa(syscall.Getuid()); ours(dir) {
		return dir + "/" + world + "/agent.sock", nil
	}
	state, err := stateDir(world)
	if err != nil {
		return "", err
	}
	return state + "/run/agent.sock", nil
}

// stateDir follows the XDG base directory specification, which says to ignore
// relative paths.
func stateDir(world string) (string, error) {
	if dir := getenv("AUTHTRAY_STATE"); dir != "" {
		return dir, nil
	}
	if dir := getenv("XDG_STATE_HOME"); absolute(dir) {
		return dir + "/" + world, nil
	}
	if home := getenv("HOME"); home != "" {
		return home + "/.local/state/" + world, nil
	}
	return "", errors.New("HOME is not set, so the agent's folders cannot be found: set it, or AUTHTRAY_SOCKET")
}

func absolute(path string) bool { return path != "" && path[0] == '/' }

// ours tells a folder of this user's that nobody else may write.
func ours(dir string) bool {
	var st syscall.Stat_t
	err := syscall.Lstat(dir, &st)
	return err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR && int(st.Uid) == syscall.Getuid() && st.Mode&0o022 == 0
}
